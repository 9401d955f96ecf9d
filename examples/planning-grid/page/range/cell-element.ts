import type { GridView } from '../grid-view.ts'
import type { Position } from './range.ts'

/** Which of the displayed cells an element is in: the grid says so on its elements. `null` for what is no such cell. */
export function positionIn(view: GridView, element: Element): Position | null {
  const cell = element.closest('.ag-cell')
  const row = Number(cell?.closest('[row-index]')?.getAttribute('row-index') ?? NaN)
  // A row that is pinned has a letter before its number.
  if (cell === null || !Number.isInteger(row)) return null
  const column = view.getSnapshot().periods.indexOf(cell.getAttribute('col-id') ?? '')
  return column < 0 ? null : { row, column }
}
