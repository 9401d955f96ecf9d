import type { Call } from '../call.ts'
import { load } from '../load.ts'
import { PagedList, toPageSize, type PageOptions } from '../paged-list.ts'
import type { CellSelection } from '../selection.ts'
import type { CellFilter } from '../transport/port.ts'
import type { LockedCell, LockedPage, LockOptions, LockResult, UnlockOptions } from './lock.ts'

const lockCalls = () => load(() => import('./calls.ts'))

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
    return await (await lockCalls()).lockCells(this.#call, cells, options)
  }

  /**
   * Unlocks cells, up to 10,000 by name or any number by filter, in one round trip and one transaction.
   *
   * @throws {ForbiddenError} where a cell is not the caller's to unlock; nothing was done.
   * @throws {NotFoundError} where the budget is not the caller's to see.
   * @throws {ValidationError} naming the cell or the part of the filter that is not acceptable.
   * @example
   * ```ts
   * import type { Budget, Cell } from '@efir/cells'
   *
   * async function reopen(budget: Budget, cells: Cell[]) {
   *   const { outcomes } = await budget.locks.unlock({ cells })
   *   return outcomes.filter(({ status }) => status === 'not_found') // nobody has written these
   * }
   * void reopen
   * ```
   */
  async unlock(cells: CellSelection, options: UnlockOptions = {}): Promise<LockResult> {
    return await (await lockCalls()).unlockCells(this.#call, cells, options)
  }

  /**
   * The cells that are locked, with the reasons, in id order: ids only, 10,000 in a round trip (`pageSize`: up to
   * 100,000). For whole cells, {@link Budget.list} with `locked: true`.
   *
   * @throws {ValidationError} where the page size is not acceptable; while it is iterated, where the filter is not.
   * @throws {NotFoundError} while it is iterated, where the budget is not the caller's to see.
   * @example
   * ```ts
   * import type { Budget } from '@efir/cells'
   *
   * async function reasons(budget: Budget) {
   *   const reasons = new Map<string, string | null>()
   *   for await (const { id, reason } of budget.locks.list()) reasons.set(id, reason)
   *   return reasons
   * }
   * void reasons
   * ```
   */
  list(
    { filter = {} }: { readonly filter?: CellFilter | undefined } = {},
    options: PageOptions = {},
  ): PagedList<LockedCell, LockedPage> {
    const p_limit = toPageSize(options.pageSize, 10_000, 100_000)
    return new PagedList(
      async (p_after) => {
        const { lockedPage } = await lockCalls()
        return await lockedPage(this.#call, { p_filter: filter, p_after, p_limit }, options)
      },
      (page) => page.cells,
    )
  }
}
