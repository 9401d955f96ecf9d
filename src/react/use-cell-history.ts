import { useEffect, useMemo, useRef } from 'react'
import {
  cellKey,
  parseCellKey,
  type CellAddress,
  type CellInput,
  type ChangePage,
  type ChangeRecord,
  type WriteHandle,
} from '../index.ts'
import { useResource } from './use-resource.ts'
import { useBudget } from './use-sheet.ts'
import { usePlanningCell } from './use-planning-cell.ts'

/** How a history is read. */
export interface CellHistoryOptions {
  /**
   * Changes per request, 1 to 1,000.
   * @default 20
   */
  readonly pageSize?: number | undefined
}

/** The changes of one cell. */
export interface CellHistoryView {
  /** The newest first, as far as they have been read. */
  readonly records: readonly ChangeRecord[]
  /** Whether there are older ones. */
  readonly hasMore: boolean
  readonly isLoading: boolean
  readonly error: Error | null
  /** Reads older ones. */
  readonly loadMore: () => Promise<void>
  /** Reads the newest ones again. */
  readonly refresh: () => Promise<void>
  /**
   * Writes what the cell held after a change, as a step that can be undone.
   *
   * @throws {ValidationError} where the sheet is not open yet or has not loaded the cell.
   */
  readonly restore: (record: ChangeRecord) => WriteHandle
}

type Records = Pick<ChangePage, 'changes' | 'next'>
const none: readonly ChangeRecord[] = Object.freeze([])

/**
 * The changes of one cell that are on record. Read again when the cell changes.
 *
 * @throws {ValidationError} where the address or the page size is not acceptable, or the provider has no budget.
 * @example
 * ```tsx
 * import type { CellAddress } from '@efir/cells'
 * import { useCellHistory } from '@efir/cells/react'
 *
 * export function Past({ cell }: { cell: CellAddress }) {
 *   const { records, restore } = useCellHistory(cell)
 *   return records.map((record) => (
 *     <button key={record.id} onClick={() => restore(record)}>
 *       {record.at}: {record.after.value}
 *     </button>
 *   ))
 * }
 * ```
 */
export function useCellHistory(
  address: CellAddress,
  { pageSize = 20 }: CellHistoryOptions = {},
): CellHistoryView {
  const budget = useBudget()
  const key = cellKey(address)
  const { cell, isReady, set, delete: remove } = usePlanningCell(address)
  const { data, isLoading, error, resource } = useResource<Records>(
    'history',
    `${pageSize} ${key}`,
    ({ history }) =>
      async (signal, held) => {
        const list = history.list({ cell: parseCellKey(key) }, { pageSize, signal })
        const { value: page } = await list.pages().next()
        return page === undefined ? { changes: none, next: null } : inFront(page, held)
      },
  )
  const version = isReady ? cell.base.version : null
  const read = useRef(version)
  useEffect(() => {
    if (read.current !== null && read.current !== version) void resource.refresh()
    read.current = version
  }, [resource, version])
  const actions = useMemo(
    () => ({
      loadMore: async () => {
        await resource.update(async (signal, held) => {
          if (held === undefined || held.next === null) return held ?? { changes: none, next: null }
          const options = { pageSize, before: held.next, signal }
          const { value: page } = await budget.history
            .list({ cell: parseCellKey(key) }, options)
            .pages()
            .next()
          if (page === undefined) return { ...held, next: null }
          return { changes: [...held.changes, ...page.changes], next: page.next }
        })
      },
      refresh: resource.refresh,
      restore: ({ action, after }: ChangeRecord) => (action === 'delete' ? remove() : set(toInput(after))),
    }),
    [budget, key, pageSize, resource, set, remove],
  )
  return useMemo(() => {
    const hasMore = data !== undefined && data.next !== null
    return { records: data?.changes ?? none, hasMore, isLoading, error, ...actions }
  }, [data, isLoading, error, actions])
}

/** The newest page in front of those that are held, where nothing is missing between them. */
function inFront(page: ChangePage, held: Records | undefined): Records {
  const last = page.changes.at(-1)
  const place = held?.changes.findIndex(({ id }) => id === last?.id) ?? -1
  if (held === undefined || place < 0) return page
  return { changes: [...page.changes, ...held.changes.slice(place + 1)], next: held.next }
}

function toInput({ kind, value }: ChangeRecord['after']): CellInput {
  return kind === 'text' && value !== null ? { text: value } : value
}
