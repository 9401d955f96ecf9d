import { useMemo, useState, useSyncExternalStore } from 'react'
import type { SheetFilter, VisibleCell } from '../index.ts'
import { useView } from './contexts.ts'
import { Selection } from './selection.ts'

const all = (cells: readonly VisibleCell[]) => cells

/**
 * The cells of the provider's sheet that the filter names, in the order of their addresses: those that exist. The same
 * array until one of them changes.
 *
 * @param filter compared by content; `{}` for the whole sheet.
 * @throws {ValidationError} where the filter names anything but modules, entities, fields and periods.
 * @example
 * ```tsx
 * import { useCells } from '@efir/cells/react'
 *
 * export function Filled() {
 *   const filled = useCells({ module: 'staff' }, (cells) => cells.filter(({ value }) => value !== null).length)
 *   return <p>{filled} cells are filled in.</p>
 * }
 * ```
 */
export function useCells(filter: SheetFilter): readonly VisibleCell[]
/**
 * What a selector makes of the cells that the filter names. The component is rendered again only when that is another
 * value.
 *
 * @param selector may be another function with every render; it has to be pure.
 * @param isEqual whether two selected values are the same to the component; `Object.is` where none is given.
 */
export function useCells<Selected>(
  filter: SheetFilter,
  selector: (cells: readonly VisibleCell[]) => Selected,
  isEqual?: (one: Selected, other: Selected) => boolean,
): Selected
export function useCells(
  filter: SheetFilter,
  selector: (cells: readonly VisibleCell[]) => unknown = all,
  isEqual: (one: unknown, other: unknown) => boolean = Object.is,
): unknown {
  const view = useView()
  const key = JSON.stringify(filter)
  const range = useMemo(() => view.range(JSON.parse(key) as SheetFilter), [view, key])
  const [selection] = useState(() => new Selection<readonly VisibleCell[], unknown>())
  return useSyncExternalStore(
    range.subscribe,
    () => selection.of(range.getSnapshot(), selector, isEqual),
    () => selection.of(range.getServerSnapshot(), selector, isEqual),
  )
}
