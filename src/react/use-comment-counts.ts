import { useMemo } from 'react'
import { cellKey, type CellAddress, type CommentCount, type SheetFilter } from '../index.ts'
import { useView } from './contexts.ts'
import { CellPlace } from './cell-place.ts'
import { useResource } from './use-resource.ts'

/** How many comments many cells have. */
export interface CommentCountsView {
  /** Those of one cell; all zero where it has none, was not asked for, or nothing is known yet. */
  readonly of: (cell: CellAddress) => CommentCount
  readonly isLoading: boolean
  readonly error: Error | null
  /** Reads them again. */
  readonly refresh: () => Promise<void>
}

const none: CommentCount = Object.freeze({ comments: 0, unresolvedThreads: 0, unread: 0 })

/**
 * How many comments, unresolved threads and unread comments many cells have, in one request: for the marks of a grid.
 *
 * @param which some cells (at most 10,000), or a filter; compared by content.
 * @throws {ValidationError} where an address is not acceptable, or the provider has no budget.
 * @example
 * ```tsx
 * import { useCommentCounts } from '@efir/cells/react'
 *
 * export function Mark({ field }: { field: string }) {
 *   const counts = useCommentCounts({ module: 'staff' })
 *   const { unread } = counts.of({ module: 'staff', field })
 *   return unread > 0 ? <b>{unread}</b> : null
 * }
 * ```
 */
export function useCommentCounts(which: SheetFilter | readonly CellAddress[]): CommentCountsView {
  const view = useView()
  const key = isAddresses(which) ? `[${which.map((cell) => cellKey(cell)).join()}]` : JSON.stringify(which)
  const { data, isLoading, error, resource } = useResource('comments', `counts ${key}`, ({ comments }) => {
    const selection = isAddresses(which) ? { cells: which } : { filter: which }
    return (signal) => comments.counts(selection, { signal })
  })
  return useMemo(() => {
    const asked = askedCells(key)
    const of = (cell: CellAddress): CommentCount => {
      if (data === undefined) return none
      const place = new CellPlace(cellKey(cell))
      if (asked !== undefined) return asked.has(place.key) ? data.of(place.address) : none
      const { base } = view.cell(place.key).getSnapshot().cell
      return base.exists ? data.of(base) : none
    }
    return { of, isLoading, error, refresh: resource.refresh }
  }, [view, key, data, isLoading, error, resource])
}

/** The keys of the cells that were asked for; `undefined` where a filter was. */
function askedCells(key: string): ReadonlySet<string> | undefined {
  const asked: unknown = JSON.parse(key)
  return Array.isArray(asked) ? new Set(asked.map((address) => JSON.stringify(address))) : undefined
}

function isAddresses(which: SheetFilter | readonly CellAddress[]): which is readonly CellAddress[] {
  return Array.isArray(which)
}
