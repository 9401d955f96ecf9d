import type { StoredCell } from './model/cell.ts'
import type { BudgetVersionId } from './model/ids.ts'
import { rethrow } from './refusal.ts'
import type { AddressFilter, CallOptions, CellsTransport, LimitedPage } from './transport/port.ts'

/**
 * The cells that a filter names, to hand on: a server reads it, JSON carries it, and a browser goes on from it without
 * reading them again. Made by `Budget.snapshot`; a sheet takes it as `initial`.
 */
export interface CellsSnapshot {
  readonly budgetVersionId: BudgetVersionId
  readonly filter: AddressFilter
  /** Every change up to this revision of the budget is in it, and perhaps some later ones: what comes after it leads on. */
  readonly revision: number
  /** In the form that is stored, whatever the modules are: decimals as exact text. */
  readonly cells: readonly StoredCell[]
}

const cellsPerPage = 10_000

/** Reads all that the filter names. Of several pages, the oldest tells from where on changes may be missing. */
export async function readSnapshot(
  transport: Pick<CellsTransport, 'listCells'>,
  budgetVersionId: BudgetVersionId,
  filter: AddressFilter,
  options: CallOptions,
): Promise<CellsSnapshot> {
  const cells: StoredCell[] = []
  let revision = Infinity
  let after: string | null = null
  let limit = cellsPerPage
  do {
    const page: LimitedPage = await transport.listCells(budgetVersionId, filter, after, limit, options).catch(rethrow)
    for (const cell of page.cells) cells.push(cell)
    revision = Math.min(revision, page.revision)
    after = page.next
    limit = page.limit
  } while (after !== null)
  return { budgetVersionId, filter, revision, cells }
}
