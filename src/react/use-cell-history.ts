import { useEffect, useMemo, useRef } from 'react'
import {
  cellKey,
  parseCellKey,
  type Cell,
  type CellAddress,
  type CellInput,
  type CellKey,
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
/** How often what is on record is looked for again, after so many milliseconds and then twice as many. */
const mostTurns = 5
const firstPause = 20

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
  const shown = useRef<Cell | null>(null)
  const { data, isLoading, error, resource } = useResource<Records>(
    'history',
    `${pageSize} ${key}`,
    ({ history }) =>
      async (signal, held) => {
        for (let turn = 0; ; turn++) {
          const list = history.list({ cell: parseCellKey(key) }, { pageSize, signal })
          const { value: page } = await list.pages().next()
          if (page === undefined) return { changes: none, next: null }
          if (turn === mostTurns || !isBehind(page, key, shown.current)) return inFront(page, held)
          await new Promise((resolve) => setTimeout(resolve, firstPause * 2 ** turn))
          signal.throwIfAborted()
        }
      },
  )
  const { base } = cell
  const version = isReady ? base.version : null
  const read = useRef(version)
  useEffect(() => {
    shown.current = isReady ? base : null
    if (read.current !== null && read.current !== version) void resource.refresh()
    read.current = version
  }, [resource, version, base, isReady])
  const actions = useMemo(
    () => ({
      loadMore: async () => {
        await resource.extend(async (signal, held) => {
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

/**
 * Whether the page lacks what the sheet shows already: the message of a change can be faster than its commit is seen by a
 * read. Records that are older than the library may have no versions, and say nothing.
 */
function isBehind({ changes }: ChangePage, key: CellKey, cell: Cell | null): boolean {
  // Who reads for all that look at one cell may look at another by now.
  if (cell === null || cellKey(cell) !== key) return false
  if (!cell.exists) return changes.length > 0 && changes[0]?.action !== 'delete'
  const versions = changes.flatMap(({ after }) => after.version ?? [])
  return versions.length === changes.length && Math.max(0, ...versions) < cell.version
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
