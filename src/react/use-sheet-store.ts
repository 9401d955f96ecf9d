import { useMemo, useState, useSyncExternalStore } from 'react'
import type { ExternalStore, Sheet } from '../index.ts'
import { Selection, type IsEqual } from './selection.ts'
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
  isEqual: IsEqual<Selected> = Object.is,
): Selected {
  const sheet = useSheet()
  const store = useMemo(() => sheet && of(sheet), [sheet, of])
  const [selection] = useState(() => new Selection<Value, Selected>())
  return useSyncExternalStore(
    store?.subscribe ?? never,
    () => (store === null ? none : selection.of(store.getSnapshot(), select, isEqual)),
    () => none,
  )
}
