import { cellKey, type CellKey, type SheetFilter, type StoredCell, type VisibleCell } from '../index.ts'
import type { CellPlace } from './cell-place.ts'
import { matchesFilter } from './sheet-filter.ts'
import { missingCell, shownCell } from './shown-cell.ts'

/** The cells of a sheet as a server read them, to render before the browser has its own. JSON can carry it. */
export interface CellsSnapshot {
  /** The budget's revision that the cells show. */
  readonly revision: number
  /** Every cell that the sheet's filter names. */
  readonly cells: readonly StoredCell[]
}

/** What is known about cells besides the sheet that shows them. */
export interface KnownCells {
  /** `undefined` where nothing is known about it. */
  cell(place: CellPlace): VisibleCell | undefined
  /** In no order. */
  range(filter: SheetFilter): readonly VisibleCell[]
}

/** The cells of a snapshot as a sheet would show them; each the same object whenever it is asked for. */
export function snapshotCells({ cells }: CellsSnapshot): KnownCells {
  const byKey = new Map<CellKey, VisibleCell>(cells.map((cell) => [cellKey(cell), shownCell(cell)]))
  return {
    cell(place) {
      let cell = byKey.get(place.key)
      if (cell === undefined) {
        cell = missingCell(place.address)
        byKey.set(place.key, cell)
      }
      return cell
    },
    range: (filter) => [...byKey.values()].filter((cell) => cell.exists && matchesFilter(cell, filter)),
  }
}
