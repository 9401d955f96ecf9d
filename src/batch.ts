import { toOperationId } from './asking.ts'
import type { PreparedChange } from './change.ts'
import { ProtocolError, type CellsError } from './errors.ts'
import { missingCell, writtenCell, type AnyCell, type Cell, type ValueType } from './model/cell.ts'
import type { OperationId, SessionId } from './model/ids.ts'
import type { RefusedChange } from './model/refusals.ts'
import type { CellInput } from './model/value.ts'
import { rethrow, toPublicError, toRefusedChange } from './refusal.ts'
import { nameSession, Session, type SessionName } from './session.ts'
import type { CallOptions, CellsTransport, ChangeType, WriteMode, WriteResult } from './transport/port.ts'

const valueTypeOf: Record<ChangeType, ValueType> = {
  manual: 'input',
  spread: 'input',
  import: 'imported',
  calculation: 'calculated',
}

/** How a write is sent and recorded. */
export interface WriteOptions extends CallOptions {
  /** The step that the change belongs to: a label for a step of its own, a {@link Session}, or the id of one that goes on. */
  readonly session?: string | SessionName | Session | undefined
  /**
   * What the log says it was.
   * @default 'manual'
   */
  readonly changeType?: ChangeType | undefined
  /**
   * Names this very operation: sent again with the same id, it takes effect once and gets the first answer.
   * @default a new one
   */
  readonly operationId?: OperationId | undefined
  /** The change lands only while this lease of the cell is held. */
  readonly lease?: { readonly token: number } | undefined
}

/** How a batch is sent and recorded. Leases are given change by change. */
export interface WriteManyOptions extends Omit<WriteOptions, 'lease'> {
  /**
   * `atomic`: one bad change refuses all. `partial`: good changes land, bad ones are reported in the result.
   * @default 'atomic'
   */
  readonly mode?: WriteMode | undefined
  /**
   * `false`: a `partial` batch that is too much for the server at once is refused whole, as {@link TransportError} of code
   * `too_large`, instead of being sent in parts: for whoever keeps a record of the parts. Nothing of it has landed then.
   * @default true
   */
  readonly divide?: boolean | undefined
}

/** What became of one change of a batch. A deleted cell comes back as a missing one. */
export type WriteOutcome<Read extends AnyCell = Cell, Input = CellInput> =
  | { readonly status: 'written' | 'unchanged'; readonly index: number; readonly cell: Read }
  | RefusedChange<Read, Input>
  /**
   * The batch was too much for the server at once; other parts of it have landed, and the part with this change failed.
   * Where `error.retryable`, even this one may have landed: read the cell before writing it again.
   */
  | { readonly status: 'failed'; readonly index: number; readonly error: CellsError }

/** What became of a batch. */
export interface WriteManyResult<Outcomes = readonly WriteOutcome[]> {
  /** The budget's revision after the batch. */
  readonly revision: number
  readonly operationId: OperationId
  readonly sessionId: SessionId
  /** One outcome a change, in the order of the changes. */
  readonly outcomes: Outcomes
}

/** An outcome, whatever its field is. */
export type LooseOutcome = WriteOutcome<AnyCell, unknown>

/** Sends changes as one call and tells what became of each. */
export async function sendBatch(
  transport: CellsTransport,
  budgetVersionId: string,
  changes: readonly PreparedChange[],
  options: WriteManyOptions,
): Promise<WriteManyResult<LooseOutcome[]>> {
  const { mode = 'atomic', changeType = 'manual', session } = options
  const operationId = toOperationId(options.operationId)
  const reply = await transport
    .writeCells(
      {
        budgetVersionId,
        items: changes.map((change) => change.item),
        mode,
        changeType,
        operationId,
        // A new session is named after its operation, for a repeat of that by its caller has to name the same one.
        session: session === undefined ? null : nameSession(session, operationId),
        divide: options.divide,
      },
      options,
    )
    .catch((error: unknown) => rethrow(error, changes))
  if (session instanceof Session) session.follow(reply.sessionId)
  return {
    revision: reply.revision,
    operationId: reply.operationId,
    sessionId: reply.sessionId,
    outcomes: changes.map((change, index) => {
      const result = reply.results[index]
      if (result === undefined) throw new ProtocolError(`write_cells gave no result for change ${index}.`)
      return toOutcome(change, index, result, valueTypeOf[changeType])
    }),
  }
}

function toOutcome(
  change: PreparedChange,
  index: number,
  result: WriteResult,
  valueType: ValueType,
): LooseOutcome {
  if (result.status === 'unchanged') {
    const cell = result.cell === null ? missingCell(change.address) : change.rules.toTyped(result.cell)
    return { status: 'unchanged', index, cell }
  }
  if (result.status === 'failed') return { status: 'failed', index, error: toPublicError(result.error) }
  if (result.status !== 'written') return toRefusedChange(result, index, change)
  const { value } = change.item
  if (value === null) return { status: 'written', index, cell: missingCell(change.address) }
  const cell = change.rules.toTyped(writtenCell(change.address, value, result, valueType))
  return { status: 'written', index, cell }
}
