import { ask } from '../asking.ts'
import { ValidationError } from '../errors.ts'
import type { CallOptions, Send } from '../transport/port.ts'
import { encodeChangeFilter, type ChangeFilter } from './change-filter.ts'
import { ChangeList } from './change-list.ts'
import { historyCalls } from './load-calls.ts'
import type { ChangeCursor } from './changes-wire.ts'
import type { StepState } from './step.ts'
import type { StepOptions } from './steps.ts'

/** For {@link History.list}. */
export interface ChangeListOptions extends CallOptions {
  /**
   * Changes per round trip, 1 to 1,000.
   * @default 100
   */
  readonly pageSize?: number | undefined
  /**
   * The `next` of a page of an earlier list with the same filter: goes on behind it.
   * @default the newest change
   */
  readonly before?: ChangeCursor | null | undefined
}

/** The records of one budget version. Made by {@link Budget.history}. */
export class History {
  readonly #send: Send
  readonly #budgetVersionId: string

  /** @internal */
  constructor(send: Send, budgetVersionId: string) {
    this.#send = send
    this.#budgetVersionId = budgetVersionId
  }

  /**
   * What the signed-in user's next undo and redo would take: enough for the two buttons of a menu.
   *
   * @throws {ForbiddenError} for a service key, which has no steps.
   * @throws {NotFoundError} where the budget is not the caller's to see.
   * @example
   * ```ts
   * import type { Budget } from '@efir/cells'
   *
   * async function undoLabel(budget: Budget) {
   *   const { undo } = await budget.history.state({ module: 'revenue' })
   *   return undo === null ? null : `Undo ${undo.label ?? 'edit'} (${undo.cells} cells)`
   * }
   * void undoLabel
   * ```
   */
  async state(options: StepOptions = {}): Promise<StepState> {
    const { readStepState } = await historyCalls()
    return await readStepState(this.#send, this.#budgetVersionId, options)
  }

  /**
   * The changes that the filter names, newest first: of a cell, an entity, a session, a user, a module, a field, a period or
   * a kind of work, or of all of the budget. Fetched page by page while they are consumed.
   *
   * @throws {ValidationError} where the filter, the page size or the cursor is not acceptable.
   * @throws {NotFoundError} where the budget is not the caller's to see; thrown while it is iterated.
   * @example
   * ```ts
   * import type { Budget, Cell } from '@efir/cells'
   *
   * async function valuesOf(budget: Budget, cell: Cell) {
   *   const values: (string | null)[] = []
   *   for await (const change of budget.history.list({ cell })) values.push(change.after.value)
   *   return values
   * }
   * void valuesOf
   * ```
   */
  list(filter: ChangeFilter = {}, options: ChangeListOptions = {}): ChangeList {
    const { pageSize = 100, before = null } = options
    if (!Number.isInteger(pageSize) || pageSize < 1 || pageSize > 1000) {
      throw new ValidationError('pageSize', pageSize, 'a whole number from 1 to 1000')
    }
    const p_filter = encodeChangeFilter(filter)
    return new ChangeList(async (p_before) => {
      const { decodeChangePage } = await historyCalls()
      const parameters = { p_filter, p_before, p_limit: pageSize }
      const call = { operation: 'list_changes', parameters, decode: decodeChangePage }
      return await ask(this.#send, this.#budgetVersionId, call, options)
    }, before)
  }
}
