import { useCallback, useMemo, useRef, useSyncExternalStore } from 'react'
import type { SheetFilter, VisibleCell } from '../index.ts'
import { useView } from './contexts.ts'

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
  selector: (cells: readonly VisibleCell[]) => unknown = (cells) => cells,
  isEqual: (one: unknown, other: unknown) => boolean = Object.is,
): unknown {
  const view = useView()
  const key = JSON.stringify(filter)
  const range = useMemo(() => view.range(JSON.parse(key) as SheetFilter), [view, key])
  const select = useSelection(selector, isEqual)
  return useSyncExternalStore(
    range.subscribe,
    () => select(range.getSnapshot()),
    () => select(range.getServerSnapshot()),
  )
}

/** The selector, made to answer the same object for the same content. */
function useSelection<Given, Selected>(
  selector: (given: Given) => Selected,
  isEqual: (one: Selected, other: Selected) => boolean,
): (given: Given) => Selected {
  const last = useRef<{ readonly value: Selected } | undefined>(undefined)
  const select = useMemo(() => {
    let made: { readonly of: Given; readonly value: Selected } | undefined
    return (given: Given): Selected => {
      if (made === undefined || !Object.is(made.of, given)) {
        const value = selector(given)
        const before = made ?? last.current
        made = {
          of: given,
          value: before !== undefined && isEqual(before.value, value) ? before.value : value,
        }
      }
      last.current = made
      return made.value
    }
  }, [selector, isEqual])
  return useCallback((given) => select(given), [select])
}
