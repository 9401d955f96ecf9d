import type { StoredCell } from './model/cell.ts'
import type { BudgetVersionId } from './model/ids.ts'
import type { AddressFilter } from './transport/port.ts'

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
