import { useEffect } from 'react'
import { cellKey, type Budget, type Sheet } from '../index.ts'
import { resourcesOf } from './resources.ts'
import type { SheetView } from './sheet-view.ts'

const nothing = () => undefined

/** A notice can be faster than a read sees what it is about: the database tells it before the commit has quite ended. */
const secondLookAfter = 1_000

/**
 * Reads comments again when the sheet tells that others wrote some: counts and the inbox, and the threads of those cells. At once,
 * and once more a moment later.
 */
export function useCommentNotices(view: SheetView, budget: Budget | undefined): void {
  useEffect(() => {
    if (budget === undefined) return undefined
    const resources = resourcesOf(budget)
    const { state } = view.connection
    let sheet: Sheet | null = null
    let stop: () => void = nothing
    let later: ReturnType<typeof setTimeout> | undefined
    /** What to look at a second time; `undefined` is all. */
    let again: Set<string> | undefined = new Set()
    const read = (keys: ReadonlySet<string> | undefined): void =>
      void resources.refresh('comments', (key) => keys === undefined || !isOfCell(key) || keys.has(key))
    const readAgain = (): void => {
      read(again)
      again = new Set()
    }
    const look = (): void => {
      const now = state.getSnapshot().sheet
      if (now === sheet) return
      stop()
      sheet = now
      stop =
        now?.on('comments', ({ cells }) => {
          const keys = cells === 'all' ? undefined : new Set<string>(cells.map((cell) => cellKey(cell)))
          read(keys)
          again = keys && again && new Set([...again, ...keys])
          clearTimeout(later)
          later = setTimeout(readAgain, secondLookAfter)
        }) ?? nothing
    }
    const leave = state.subscribe(look)
    look()
    return () => {
      leave()
      stop()
      clearTimeout(later)
    }
  }, [view, budget])
}

/** Threads are read under the key of their cell; counts and the inbox are of many. */
function isOfCell(key: string): boolean {
  return key.startsWith('[')
}
