import { ask, toOperationId } from '../asking.ts'
import type { OperationId } from '../model/ids.ts'
import { toMoment, type Moment } from '../model/moment.ts'
import { toLabel } from '../session.ts'
import type { CallOptions, CellFilter, Send, WriteMode } from '../transport/port.ts'
import { encodeFilter } from '../transport/wire.ts'
import type { RestoreResult } from './step.ts'
import { decodeRestore } from './steps-wire.ts'

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
  readonly operationId?: OperationId | undefined
}

/** Writes what cells showed at a moment, as one step. */
export async function restoreCells(
  send: Send,
  budgetVersionId: string,
  moment: Moment,
  options: RestoreOptions = {},
): Promise<RestoreResult> {
  const { filter = {}, mode = 'atomic', label } = options
  const operationId = toOperationId(options.operationId)
  const parameters = {
    ...toMoment(moment),
    p_filter: encodeFilter(filter),
    p_mode: mode,
    p_operation_id: operationId,
    p_session_label: label === undefined ? null : toLabel(label, 'label'),
  }
  const call = { operation: 'restore_cells', operationId, parameters, decode: decodeRestore }
  return await ask(send, budgetVersionId, call, options)
}
