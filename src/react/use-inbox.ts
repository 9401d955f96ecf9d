import { useMemo } from 'react'
import type { InboxFilter, Mention } from '../index.ts'
import { resourcesOf } from './resources.ts'
import { useResource } from './use-resource.ts'
import { useBudget } from './use-sheet.ts'

/** The comments that mention the signed-in user. */
export interface InboxView {
  /** The newest first, at most 50. */
  readonly mentions: readonly Mention[]
  /** How many are unread in all, not among these alone. */
  readonly unread: number
  readonly isLoading: boolean
  readonly error: Error | null
  /** The user has read a mention, or all of the budget's comments. */
  readonly markRead: (which: Mention | 'all') => Promise<void>
  /** Reads them again. */
  readonly refresh: () => Promise<void>
}

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
  const { data, isLoading, error, resource } = useResource(
    'comments',
    isUnread ? 'inbox unread' : 'inbox',
    ({ comments }) =>
      (signal) =>
        comments.inbox({ unread: isUnread }, { signal }).first(),
  )
  return useMemo(
    () => ({
      mentions: data?.items ?? none,
      unread: data?.unread ?? 0,
      isLoading,
      error,
      markRead: async (which) => {
        await budget.comments.markRead(which === 'all' ? 'all' : [which.comment])
        await resourcesOf(budget).refresh('comments')
      },
      refresh: resource.refresh,
    }),
    [budget, data, isLoading, error, resource],
  )
}
