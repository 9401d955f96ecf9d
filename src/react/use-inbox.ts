import { useMemo } from 'react'
import type { InboxFilter, InboxPage, Mention } from '../index.ts'
import { resourcesOf } from './resources.ts'
import { useResource } from './use-resource.ts'
import { useBudget } from './use-sheet.ts'

/** The comments that mention the signed-in user. */
export interface InboxView {
  /** The newest first, as far as they have been read: 50, and as many again with every `loadMore`. */
  readonly mentions: readonly Mention[]
  /** Whether there are older ones; of more than 500 the oldest are not shown. */
  readonly hasMore: boolean
  /** How many are unread in all, not among these alone. */
  readonly unread: number
  readonly isLoading: boolean
  readonly error: Error | null
  /** The user has read a mention, or all of the budget's comments. */
  readonly markRead: (which: Mention | 'all') => Promise<void>
  /** Reads older ones. */
  readonly loadMore: () => Promise<void>
  /** Reads them again. */
  readonly refresh: () => Promise<void>
}

const pageSize = 50
/** What one request brings at most. */
const limit = 500
const none: readonly Mention[] = Object.freeze([])

/**
 * The comments of the provider's budget that mention the signed-in user.
 *
 * @throws {ValidationError} where the provider has no budget.
 * @example
 * ```tsx
 * import { useInbox } from '@efir/cells/react'
 *
 * export function Bell() {
 *   const { unread, markRead } = useInbox()
 *   return <button onClick={() => void markRead('all')}>{unread} unread</button>
 * }
 * ```
 */
export function useInbox({ unread: isUnread = false }: InboxFilter = {}): InboxView {
  const budget = useBudget()
  const { data, isLoading, error, resource } = useResource<InboxPage>(
    'comments',
    isUnread ? 'inbox unread' : 'inbox',
    ({ comments }) =>
      (signal, held) => {
        const shown = Math.ceil((held?.items.length ?? 0) / pageSize) * pageSize
        const options = { pageSize: Math.max(pageSize, shown), signal }
        return comments.inbox({ unread: isUnread }, options).first()
      },
  )
  return useMemo(
    () => ({
      mentions: data?.items ?? none,
      hasMore: data !== undefined && data.next !== null && data.items.length < limit,
      unread: data?.unread ?? 0,
      isLoading,
      error,
      markRead: async (which) => {
        await budget.comments.markRead(which === 'all' ? 'all' : [which.comment])
        await resourcesOf(budget).refresh('comments')
      },
      // All of them in one request: what was read in between is seen as well.
      loadMore: () =>
        resource.extend((signal, held) => {
          const size = Math.min(limit, (held?.items.length ?? 0) + pageSize)
          return budget.comments.inbox({ unread: isUnread }, { pageSize: size, signal }).first()
        }),
      refresh: resource.refresh,
    }),
    [budget, data, isUnread, isLoading, error, resource],
  )
}
