import { useMemo, useSyncExternalStore } from 'react'
import { isCellsError, type Sheet, type SheetStatus, type StorageStatus } from '../index.ts'
import { useView } from './contexts.ts'
import { useSheetStore } from './use-sheet-store.ts'

/** How the provider's sheet is doing, and how its writes are kept. */
export interface SyncStatusView extends SheetStatus {
  /** Whether writes outlive the page. */
  readonly storage: StorageStatus
}

const connecting: SheetStatus = Object.freeze({
  state: 'connecting',
  pendingWrites: 0,
  refusedWrites: 0,
  error: null,
})
const inMemory: StorageStatus = Object.freeze({ kind: 'memory', error: null, unreadable: Object.freeze([]) })
const statusOf = (sheet: Sheet) => sheet.status
const storageOf = (sheet: Sheet) => sheet.storage
const same = <Value>(value: Value): Value => value

/**
 * How the provider's sheet is doing: live, catching up, offline, closed; how many writes are on their way or were refused;
 * and why the server cannot be reached. A budget that is not there, or not the user's to see, is told here: `closed`, with
 * the error; only hooks that suspend throw it.
 */
export function useSyncStatus(): SyncStatusView {
  const { state } = useView().connection
  const error = useSyncExternalStore(
    state.subscribe,
    () => state.getSnapshot().error,
    () => null,
  )
  const status = useSheetStore(statusOf, same, connecting)
  const storage = useSheetStore(storageOf, same, inMemory)
  return useMemo(() => {
    if (error === null) return { ...status, storage }
    return {
      ...status,
      state: 'closed',
      error: status.error ?? (isCellsError(error) ? error : null),
      storage,
    }
  }, [error, status, storage])
}
