import { useCallback, useMemo } from 'react'
import type { Choice, Conflict, PendingWrite, Sheet, WriteHandle } from '../index.ts'
import { useSheet } from './use-sheet.ts'
import { isSameList } from './selection.ts'
import { useSheetStore } from './use-sheet-store.ts'

/** A write that somebody else was faster than, and that waits for the user's word. */
export interface CellConflict extends Conflict {
  /** The write as the sheet lists it. */
  readonly write: PendingWrite
}

/** The conflicts that wait, and how to settle them. */
export interface ConflictsView {
  /** The oldest first. */
  readonly conflicts: readonly CellConflict[]
  /**
   * Writes `mine`, or another value, on top of theirs; or lets `theirs` stand.
   *
   * @throws {ValidationError} where the value is not acceptable.
   */
  readonly resolve: (conflict: CellConflict, choice: Choice<'mine' | 'theirs'>) => WriteHandle | undefined
}

const none: readonly PendingWrite[] = Object.freeze([])
const pendingOf = (sheet: Sheet) => sheet.pending
const inConflict = (writes: readonly PendingWrite[]) =>
  writes.filter((write) => write.state === 'conflict' && write.theirs !== null)
const rejected = (writes: readonly PendingWrite[]) => writes.filter(({ state }) => state === 'rejected')

/** The writes that somebody else was faster than, and that wait for the user: those too that came before the component. */
export function useConflicts(): ConflictsView {
  const sheet = useSheet()
  const writes = useSheetStore(pendingOf, inConflict, none, isSameList)
  const conflicts = useMemo(() => writes.flatMap(toConflict), [writes])
  const resolve = useCallback<ConflictsView['resolve']>(
    ({ write }, choice) => {
      if (choice === 'mine') return write.retry()
      if (choice !== 'theirs') return sheet?.set(write.cell, choice)
      write.discard()
      return undefined
    },
    [sheet],
  )
  return useMemo(() => ({ conflicts, resolve }), [conflicts, resolve])
}

/**
 * The writes that were refused for another reason than a conflict: locked, forbidden, not acceptable. They wait to be
 * retried or discarded.
 */
export function useRejectedWrites(): readonly PendingWrite[] {
  return useSheetStore(pendingOf, rejected, none, isSameList)
}

function toConflict(write: PendingWrite): CellConflict[] {
  const { cell, base, value: mine, isDeletion, theirs } = write
  return theirs === null ? [] : [{ cell, base, mine, isDeletion, theirs, write }]
}
