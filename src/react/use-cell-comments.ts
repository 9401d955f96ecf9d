import { useMemo } from 'react'
import {
  cellKey,
  parseCellKey,
  type CellAddress,
  type CellComment,
  type CommentOptions,
  type CommentReference,
  type CommentThread,
  type EditCommentOptions,
  type ThreadReference,
  type ThreadState,
} from '../index.ts'
import { resourcesOf } from './resources.ts'
import { useResource } from './use-resource.ts'
import { useBudget } from './use-sheet.ts'

/** What people said about one cell. */
export interface CellCommentsView {
  /** The newest first, each with all of its comments. */
  readonly threads: readonly CommentThread[]
  readonly isLoading: boolean
  /** Why they could not be read. What an action is refused with, it rejects with. */
  readonly error: Error | null
  /** Begins a thread: see `Comments.add`. */
  readonly add: (text: string, options?: CommentOptions) => Promise<CellComment>
  /** Answers in a thread: see `Comments.reply`. */
  readonly reply: (thread: ThreadReference, text: string, options?: CommentOptions) => Promise<CellComment>
  /** Changes a comment of one's own: see `Comments.edit`. */
  readonly edit: (
    comment: CommentReference,
    text: string,
    options?: EditCommentOptions,
  ) => Promise<CellComment>
  /** Takes away a comment of one's own: see `Comments.delete`. */
  readonly remove: (comment: CommentReference) => Promise<CellComment>
  /** Says that a thread is settled: see `Comments.resolve`. */
  readonly resolve: (thread: ThreadReference) => Promise<ThreadState>
  /** Says that it is not, after all: see `Comments.reopen`. */
  readonly reopen: (thread: ThreadReference) => Promise<ThreadState>
  /** The user has read a thread, or all that is listed. Does nothing where he had. */
  readonly markRead: (thread?: CommentThread) => Promise<void>
  /** Reads them again. */
  readonly refresh: () => Promise<void>
}

const none: readonly CommentThread[] = Object.freeze([])

/**
 * What people said about one cell, and the answers to it. Read again when somebody writes some, and when
 * the user comes back to the window.
 *
 * @throws {ValidationError} where it is not an address, or the provider has no budget.
 * @example
 * ```tsx
 * import type { CellAddress } from '@efir/cells'
 * import { useCellComments } from '@efir/cells/react'
 *
 * export function Talk({ cell }: { cell: CellAddress }) {
 *   const { threads, add } = useCellComments(cell)
 *   const lines = threads.flatMap(({ comments }) => comments)
 *   return (
 *     <>
 *       {lines.map(({ id, text }) => (
 *         <p key={id}>{text}</p>
 *       ))}
 *       <button onClick={() => void add('Check with HR')}>Ask</button>
 *     </>
 *   )
 * }
 * ```
 */
export function useCellComments(address: CellAddress): CellCommentsView {
  const budget = useBudget()
  const key = cellKey(address)
  const { data, isLoading, error, resource } = useResource(
    'comments',
    key,
    ({ comments }) =>
      async (signal) => {
        const threads: CommentThread[] = []
        for await (const thread of comments.list({ cells: [parseCellKey(key)] }, { signal }))
          threads.push(thread)
        return Object.freeze(threads)
      },
  )
  const actions = useMemo(() => {
    const { comments } = budget
    const cell = parseCellKey(key)
    const after = async <Answer>(action: Promise<Answer>): Promise<Answer> => {
      const answer = await action
      await resourcesOf(budget).refresh('comments')
      return answer
    }
    return {
      add: (text: string, options?: CommentOptions) => after(comments.add(cell, text, options)),
      reply: (thread: ThreadReference, text: string, options?: CommentOptions) =>
        after(comments.reply(thread, text, options)),
      edit: (comment: CommentReference, text: string, options?: EditCommentOptions) =>
        after(comments.edit(comment, text, options)),
      remove: (comment: CommentReference) => after(comments.delete(comment)),
      resolve: (thread: ThreadReference) => after(comments.resolve(thread)),
      reopen: (thread: ThreadReference) => after(comments.reopen(thread)),
      markRead: async (thread?: CommentThread) => {
        const listed = thread === undefined ? (resource.getSnapshot().data ?? none) : [thread]
        const unread = listed.filter((one) => one.unread > 0)
        const last = unread.flatMap((thread) => thread.comments.at(-1) ?? [])
        if (last.length > 0) await after(comments.markRead(last))
      },
      refresh: resource.refresh,
    }
  }, [budget, key, resource])
  return useMemo(
    () => ({ threads: data ?? none, isLoading, error, ...actions }),
    [data, isLoading, error, actions],
  )
}
