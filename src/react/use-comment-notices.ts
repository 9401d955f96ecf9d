import { useEffect } from 'react'
import { cellKey, type Budget, type Sheet } from '../index.ts'
import { resourcesOf } from './resources.ts'
import type { SheetView } from './sheet-view.ts'

const nothing = () => undefined

/** Reads comments again when the sheet tells that others wrote some: counts and the inbox, and the threads of those cells. */
export function useCommentNotices(view: SheetView, budget: Budget | undefined): void {
  useEffect(() => {
    if (budget === undefined) return undefined
    const resources = resourcesOf(budget)
    const { state } = view.connection
    let sheet: Sheet | null = null
    let stop: () => void = nothing
    const look = (): void => {
      const now = state.getSnapshot().sheet
      if (now === sheet) return
      stop()
      sheet = now
      stop =
        now?.on('comments', ({ cells }) => {
          const keys = cells === 'all' ? undefined : new Set<string>(cells.map((cell) => cellKey(cell)))
          void resources.refresh('comments', (key) => keys === undefined || !isOfCell(key) || keys.has(key))
        }) ?? nothing
    }
    const leave = state.subscribe(look)
    look()
    return () => {
      leave()
      stop()
    }
  }, [view, budget])
}

/** Threads are read under the key of their cell; counts and the inbox are of many. */
function isOfCell(key: string): boolean {
  return key.startsWith('[')
}
