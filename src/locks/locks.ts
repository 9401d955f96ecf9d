import { toOperationId } from '../asking.ts'
import type { Call } from '../call.ts'
import { ValidationError } from '../errors.ts'
import { toText } from '../model/address.ts'
import { PagedList, toPageSize, type PageOptions } from '../paged-list.ts'
import { selectCells, type CellSelection } from '../selection.ts'
import type { CellFilter } from '../transport/port.ts'
import { readLocked, readLockedPage } from './lock-wire.ts'
import type { LockedCell, LockedPage, LockOptions, LockResult, UnlockOptions } from './lock.ts'

/** The hard locks of one budget's cells: {@link Budget.locks}. A locked cell takes no value from anybody. */
export class Locks {
  readonly #call: Call

  /** @internal */
  constructor(call: Call) {
    this.#call = call
  }

  /**
   * Locks cells, up to 10,000 by name or any number by filter, in one round trip and one transaction. A cell that
   * nobody has written yet cannot be locked; it is reported, and does not hold the others up.
   *
   * @throws {ForbiddenError} where a cell is not the caller's to lock; nothing was done.
   * @throws {NotFoundError} where the budget is not the caller's to see.
   * @throws {ValidationError} naming the cell, the reason or the part of the filter that is not acceptable.
   * @example
   * ```ts
   * import type { Budget } from '@efir/cells'
   *
   * async function approve(budget: Budget) {
   *   const { changed } = await budget.locks.lock({ filter: { module: 'revenue' } }, { reason: 'Approved' })
   *   return changed // cells that were not locked so before
   * }
   * void approve
   * ```
   */
  async lock(cells: CellSelection, options: LockOptions = {}): Promise<LockResult> {
    const { reason } = options
    const p_reason = reason === undefined ? null : toText(reason, 'reason', 200, 0)
    return await this.#set('lock_cells', 'locked', cells, options, { p_reason })
  }

  /**
   * Unlocks cells, up to 10,000 by name or any number by filter, in one round trip and one transaction.
   *
   * @throws {ForbiddenError} where a cell is not the caller's to unlock; nothing was done.
   * @throws {NotFoundError} where the budget is not the caller's to see.
   * @throws {ValidationError} naming the cell or the part of the filter that is not acceptable.
   */
  async unlock(cells: CellSelection, options: UnlockOptions = {}): Promise<LockResult> {
    return await this.#set('unlock_cells', 'unlocked', cells, options, {})
  }

  /**
   * The cells that are locked, with the reasons, in id order: ids only, 10,000 in a round trip (`pageSize`: up to
   * 100,000). For whole cells, {@link Budget.list} with `locked: true`.
   *
   * @throws {ValidationError} where the page size is not acceptable.
   */
  list(
    { filter = {} }: { readonly filter?: CellFilter | undefined } = {},
    options: PageOptions = {},
  ): PagedList<LockedCell, LockedPage> {
    const p_limit = toPageSize(options.pageSize, 10_000, 100_000)
    return new PagedList(
      (p_after) =>
        this.#call('locked_cells', { p_filter: filter, p_after, p_limit }, readLockedPage, options, {
          items: p_limit,
        }),
      (page) => page.cells,
    )
  }

  async #set(
    operation: string,
    done: 'locked' | 'unlocked',
    cells: CellSelection,
    options: UnlockOptions,
    more: object,
  ): Promise<LockResult> {
    const { items, parameters } = selectCells(cells)
    if (items === 0) throw new ValidationError('cells', cells.cells, 'at least one cell')
    const reader = readLocked(done, cells.cells?.length ?? 0)
    const operationId = toOperationId(options.operationId)
    return await this.#call(operation, { ...parameters, ...more }, reader, options, { items, operationId })
  }
}
