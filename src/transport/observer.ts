import type { CellsError } from '../errors.ts'
import type { CellsEvents, CellsLogger, OnRequest, RequestEnd } from '../events.ts'
import type { Clock } from './clock.ts'
import type { Refusal } from './port.ts'
import type { RpcCall } from './port.ts'

/** Who is told what happens to requests. Nothing that they throw reaches a call. */
export interface Observer {
  request(call: RpcCall<unknown>, attempt: number): (status: number, error: unknown) => void
  retry(call: RpcCall<unknown>, attempt: number, delay: number, error: CellsError | Refusal): void
  gaveUp(call: RpcCall<unknown>, attempt: number, error: CellsError | Refusal): void
}

export interface Watchers {
  readonly onRequest?: OnRequest | undefined
  readonly logger?: CellsLogger | undefined
  readonly logValues?: boolean | undefined
  readonly emit: <Name extends keyof CellsEvents>(name: Name, event: Parameters<CellsEvents[Name]>[0]) => void
}

export function createObserver({ onRequest, logger, logValues, emit }: Watchers, clock: Clock): Observer {
  const guard = <T>(tell: () => T): T | undefined => {
    try {
      return tell()
    } catch (error) {
      try {
        logger?.error('@efir/cells: a hook, listener or logger of yours threw', { error })
      } catch {
        // The logger itself: there is nobody left to tell.
      }
      return undefined
    }
  }
  const log = (
    level: keyof CellsLogger,
    call: RpcCall<unknown>,
    attempt: number,
    what: string,
    details: object,
    values: object,
  ): void => {
    if (logger === undefined) return
    const { operation, budgetVersionId, items, operationId } = call
    guard(() => {
      logger[level](`@efir/cells: ${operation} #${attempt} ${what}`, {
        operation,
        budgetVersionId,
        operationId,
        attempt,
        items,
        ...details,
        ...(logValues === true && values),
      })
    })
  }

  return {
    request(call, attempt) {
      const { operation, budgetVersionId, items, operationId, parameters } = call
      const began = clock.now()
      log('debug', call, attempt, `with ${items} items`, {}, { parameters })
      const onEnd = guard(() => onRequest?.({ operation, budgetVersionId, attempt, items, operationId }))
      return (status, error) => {
        const durationMs = clock.now() - began
        const end: RequestEnd = { status, durationMs, ...(error !== undefined && { error }) }
        guard(() => onEnd?.(end))
        const code = codeOf(error)
        log(
          'debug',
          call,
          attempt,
          `${code ?? 'done'}, status ${status}`,
          { status, durationMs, code },
          { error },
        )
      }
    },
    retry(call, attempt, delay, error) {
      const { operation, budgetVersionId } = call
      const { code } = error
      log(
        'warn',
        call,
        attempt,
        `failed: ${code}; again in ${Math.round(delay)} ms`,
        { code, delay },
        { error },
      )
      // Refusals are never retried.
      guard(() => emit('retry', { operation, budgetVersionId, attempt, delay, error: error as CellsError }))
    },
    gaveUp(call, attempt, error) {
      const { operation, budgetVersionId } = call
      const { code } = error
      log(isRefusal(code) ? 'info' : 'error', call, attempt, `ended: ${code}`, { code }, { error })
      if (code === 'unauthorized') {
        guard(() => emit('unauthorized', { operation, budgetVersionId, error: error }))
      }
    },
  }
}

function codeOf(error: unknown): string | undefined {
  if (error === undefined) return undefined
  return typeof error === 'object' && error !== null && 'code' in error ? String(error.code) : 'aborted'
}

/** What a database refuses as a matter of course: no failure of anything. */
function isRefusal(code: CellsError['code']): boolean {
  return ['version_conflict', 'locked', 'lease_lost', 'forbidden', 'not_found', 'invalid'].includes(code)
}
