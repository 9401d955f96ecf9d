import { useMemo, useSyncExternalStore } from 'react'
import type { ExternalStore, Sheet } from '../index.ts'
import { useSheet } from './use-sheet.ts'

const never = () => () => undefined

/**
 * What a sheet tells by one of its stores, as far as a component cares. Where the sheet is not open, and on a server,
 * `none`.
 *
 * @param of and `select` have to be the same function with every render, and `none` the same object.
 */
export function useSheetStore<Value, Selected>(
  of: (sheet: Sheet) => ExternalStore<Value>,
  select: (value: Value) => Selected,
  none: Selected,
  isEqual: (one: Selected, other: Selected) => boolean = Object.is,
): Selected {
  const sheet = useSheet()
  const read = useMemo(() => {
    const store = sheet && of(sheet)
    let last = none
    return {
      subscribe: store?.subscribe ?? never,
      getSnapshot: () => {
        const next = store === null ? none : select(store.getSnapshot())
        if (!isEqual(last, next)) last = next
        return last
      },
    }
  }, [sheet, of, select, none, isEqual])
  return useSyncExternalStore(read.subscribe, read.getSnapshot, () => none)
}

/** Whether two lists hold the same. */
export function isSameList(one: readonly unknown[], other: readonly unknown[]): boolean {
  return one.length === other.length && one.every((item, index) => item === other[index])
}
