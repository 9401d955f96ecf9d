import { useCallback, useMemo, useSyncExternalStore } from 'react'
import {
  cellKey,
  parseCellKey,
  type CellAddress,
  type CellInput,
  type ExternalStore,
  type Sheet,
} from '@efir/cells'

/** What any store of a sheet shows: `sheet.range(…)`, `sheet.status`, `sheet.pending`. */
export function useStore<Shown>(store: ExternalStore<Shown>): Shown {
  return useSyncExternalStore(store.subscribe, store.getSnapshot, store.getServerSnapshot)
}

/** One cell, and what writes to it. The component is rendered again when this cell changes, and not otherwise. */
export function useCell(sheet: Sheet, address: CellAddress) {
  const key = cellKey(address) // the same for the same address, though the object is another one with every render
  const store = useMemo(() => sheet.cell(parseCellKey(key)), [sheet, key])
  const set = useCallback((value: CellInput) => sheet.set(parseCellKey(key), value), [sheet, key])
  return [useStore(store), set] as const
}
