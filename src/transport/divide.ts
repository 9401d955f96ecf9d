import { isCellsError, ProtocolError, TransportError, type CellsError } from '../errors.ts'
import { partUuid } from '../model/identifier.ts'
import type { Clock } from './clock.ts'
import type {
  CallOptions,
  CellsReply,
  CellsTransport,
  WriteReply,
  WriteRequest,
  WriteResult,
} from './port.ts'
import { Refusal } from './port.ts'
import { isDivisible } from './retry.ts'
import { isTooMuch } from './retry-policy.ts'

/** For whoever divides a batch himself. */
export function tooMuchAtOnce(cause: unknown): TransportError {
  return new TransportError('too_large', 'The batch is too much for the server at once.', 413, {
    cause,
    hint: 'Nothing of it has landed. Send it in parts.',
  })
}

/**
 * Sends in halves, one after the other, what is too much for the server at once: reads, pages of a list and `partial`
 * batches, down to one item. An `atomic` batch stays whole. The call's timeout is for all parts together.
 */
export function dividing(transport: CellsTransport, defaultTimeout: number, clock: Clock): CellsTransport {
  const sharedTimeout = (options: CallOptions): (() => CallOptions) => {
    const until = clock.now() + (options.timeout ?? defaultTimeout)
    return () => ({ ...options, timeout: until - clock.now() })
  }

  return {
    ...transport,

    asOf: (moment) => dividing(transport.asOf(moment), defaultTimeout, clock),

    readCells(budgetVersionId, references, options) {
      const remaining = sharedTimeout(options)
      const read = async (part: typeof references): Promise<CellsReply> => {
        try {
          return await transport.readCells(budgetVersionId, part, remaining())
        } catch (error) {
          if (part.length < 2 || !isDivisible(error)) throw error
          const half = Math.ceil(part.length / 2)
          const first = await read(part.slice(0, half))
          const second = await read(part.slice(half))
          // The parts show two moments; what came after the earlier one is news to whoever goes on from here.
          const revision = Math.min(first.revision, second.revision)
          return { revision, cells: [...first.cells, ...second.cells] }
        }
      }
      return read(references)
    },

    listCells(budgetVersionId, filter, after, limit, options) {
      const remaining = sharedTimeout(options)
      const list: (limit: number) => ReturnType<CellsTransport['listCells']> = async (some) => {
        try {
          return await transport.listCells(budgetVersionId, filter, after, some, remaining())
        } catch (error) {
          if (some < 2 || !isDivisible(error)) throw error
          return await list(Math.ceil(some / 2))
        }
      }
      return list(limit)
    },

    async writeCells(request, options) {
      const remaining = sharedTimeout(options)
      try {
        return await transport.writeCells(request, remaining())
      } catch (error) {
        if (request.mode === 'atomic' || request.items.length < 2 || !isDivisible(error)) throw error
        if (request.divide === false) {
          throw tooMuchAtOnce(error)
        }
        return await writeParts(transport, request, remaining)
      }
    },
  }
}

/**
 * The halves of a batch that was too large as a whole. What lands stays: where some parts land and others get no
 * answer, the results say which. Where none lands, rejects with the first failure.
 */
async function writeParts(
  transport: CellsTransport,
  request: WriteRequest,
  remaining: () => CallOptions,
): Promise<WriteReply> {
  // One step for undo, whatever it takes to write it.
  const session = request.session ?? { id: request.operationId }
  const results: WriteResult[] = []
  let last: WriteReply | undefined
  let failure: CellsError | Refusal | undefined
  let stop: CellsError | Refusal | undefined

  const write = async (start: number, end: number): Promise<void> => {
    const items = request.items.slice(start, end)
    const fail = (error: CellsError | Refusal): void => {
      failure ??= error
      // One cell that somebody holds for long says nothing about the others; a dead network does.
      if (!isTooMuch(error)) stop ??= error
      results.push(...items.map(() => ({ status: 'failed', error }) as const))
    }
    if (stop !== undefined) {
      fail(stop)
      return
    }
    const operationId = partUuid(request.operationId, start, items.length)
    try {
      const reply = await transport.writeCells({ ...request, items, session, operationId }, remaining())
      last = reply
      results.push(...reply.results)
    } catch (error) {
      if (items.length > 1 && isDivisible(error)) await halves(start, end)
      else if (isCellsError(error) || error instanceof Refusal) fail(error)
      else throw error
    }
  }
  const halves = async (start: number, end: number): Promise<void> => {
    const middle = Math.ceil((start + end) / 2)
    await write(start, middle)
    await write(middle, end)
  }
  await halves(0, request.items.length)

  if (last === undefined) throw failure ?? new ProtocolError('No part of the batch was answered.')
  const { revision, sessionId } = last
  return { revision, operationId: request.operationId, sessionId, results }
}
