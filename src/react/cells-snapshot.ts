import { cellKey, type CellKey, type CellsSnapshot, type SheetFilter, type VisibleCell } from '../index.ts'
import type { CellPlace } from './cell-place.ts'
import { matchesFilter } from './sheet-filter.ts'
import { missingCell, shownCell } from './shown-cell.ts'

/** What is known about cells besides the sheet that shows them. */
export interface KnownCells {
  /** `undefined` where nothing is known about it. */
  cell(place: CellPlace): VisibleCell | undefined
  /** In no order. */
  range(filter: SheetFilter): readonly VisibleCell[]
}

/** The cells of a snapshot as a sheet would show them; each the same object whenever it is asked for. */
export function snapshotCells({ cells }: Pick<CellsSnapshot, 'cells'>): KnownCells {
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
