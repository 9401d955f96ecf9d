import { ValidationError } from '../errors.ts'
import { toUuid } from '../model/address.ts'
import { newUuid } from '../model/identifier.ts'
import { rethrow } from '../refusal.ts'
import { toLabel } from '../session.ts'
import type { CallOptions, CellFilter, Send, WriteMode } from '../transport/port.ts'
import { encodeFilter } from '../transport/wire.ts'
import { toMoment, type Moment } from '../model/moment.ts'
import { decodeRestore, type CellOutcome } from './steps-wire.ts'

/** For {@link Budget.restore}. */
export interface RestoreOptions extends CallOptions {
  /**
   * Which cells, by what they are now.
   * @default all cells of the budget
   */
  readonly filter?: CellFilter | undefined
  /**
   * `atomic`: one locked cell refuses all. `partial`: the others are restored.
   * @default 'atomic'
   */
  readonly mode?: WriteMode | undefined
  /**
   * What the step is called, at most 200 characters.
   * @default `Restore revision …`
   */
  readonly label?: string | undefined
  /**
   * Names this very call: sent again with the same id, it takes effect once and gets the first answer.
   * @default a new one
   */
  readonly operationId?: string | undefined
}

/** What became of a cell that did not show what it showed then. `unchanged`: meanwhile it did. */
export type RestoreOutcome = CellOutcome<'written' | 'unchanged' | 'locked' | 'forbidden'>

/** What {@link Budget.restore} did: `nothing` where every cell showed already what it showed then. */
export interface RestoreResult {
  readonly status: 'restored' | 'nothing'
  /** The budget's revision afterwards. */
  readonly revision: number
  /** The revision that was gone back to. */
  readonly restoredRevision: number
  readonly operationId: string
  /** The step, for it can be undone; `null` where there was nothing to do. */
  readonly sessionId: string | null
  /** The user id of who did it; `null` for a service. */
  readonly by: string | null
  /** When, as ISO 8601 by the database's clock. */
  readonly at: string
  /** One outcome a cell that had to change, in the order of the cells' ids. */
  readonly outcomes: readonly RestoreOutcome[]
}

/** Writes what cells showed at a moment, as one step. */
export async function restoreCells(
  send: Send,
  budgetVersionId: string,
  moment: Moment,
  options: RestoreOptions = {},
): Promise<RestoreResult> {
  const { filter = {}, mode = 'atomic', label, operationId: given } = options
  const when = toMoment(moment)
  if (!['atomic', 'partial'].includes(mode)) throw new ValidationError('mode', mode, 'atomic or partial')
  const operationId = given === undefined ? newUuid() : toUuid(given, 'operationId')
  const p_session_label = label === undefined ? null : toLabel(label, 'label')
  const parameters = {
    p_budget_version_id: budgetVersionId,
    ...when,
    p_filter: encodeFilter(filter),
    p_mode: mode,
    p_operation_id: operationId,
    p_session_label,
  }
  const operation = 'restore_cells'
  const call = { operation, budgetVersionId, items: 1, operationId, parameters, decode: decodeRestore }
  const { actor, restored, ...reply } = await send(call, options).catch(rethrow)
  const status = reply.sessionId === null ? 'nothing' : 'restored'
  return { ...reply, status, restoredRevision: restored, by: actor }
}
