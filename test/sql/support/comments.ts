import type postgres from 'postgres'
import { call } from './call.ts'

type Sql = postgres.TransactionSql | postgres.Sql

/** A comment as the wire has it. */
type CommentTuple = [
  id: string,
  thread: string,
  cell: string,
  text: string | null,
  mentions: string[],
  by: string | null,
  at: string,
  editedAt: string | null,
  deletedAt: string | null,
]

/** A comment by the names of its parts. */
export const commentOf = ([id, thread, cell, text, mentions, by, at, editedAt, deletedAt]: CommentTuple) => ({
  id,
  thread,
  cell,
  text,
  mentions,
  by,
  at,
  editedAt,
  deletedAt,
})
export type Comment = ReturnType<typeof commentOf>

interface Resolution {
  readonly isResolved: boolean
  readonly resolvedBy: string | null
  readonly resolvedAt: string | null
  readonly reopenedBy: string | null
  readonly reopenedAt: string | null
}
interface Thread extends Resolution {
  readonly id: string
  readonly cellId: string
  readonly key: unknown[]
  readonly unread: number
  readonly comments: CommentTuple[]
}
interface InboxItem {
  readonly comment: CommentTuple
  readonly budgetVersionId: string
  readonly key: unknown[]
  readonly isResolved: boolean
  readonly mentionedAt: string
  readonly readAt: string | null
}

/** The calls about comments, of one budget. */
export function commentsOf(budget_version_id: string) {
  const about = <T>(as: Sql, name: string, parameters: object) =>
    call<T>(as, name, { budget_version_id, ...parameters })
  return {
    add: (as: Sql, reference: unknown, text: string | null, options: object = {}) =>
      about<{ revision: number; operationId: string | null; comment: CommentTuple }>(as, 'add_comment', {
        reference,
        text,
        ...options,
      }),
    /** Adds, and gives what matters most. */
    async say(as: Sql, reference: unknown, text: string, options: object = {}): Promise<Comment> {
      return commentOf((await this.add(as, reference, text, options)).comment)
    },
    answer(as: Sql, parent_id: string, text: string, options: object = {}): Promise<Comment> {
      return this.say(as, null, text, { parent_id, ...options })
    },
    async edit(as: Sql, comment_id: string, text: string | null, options: object = {}) {
      const { comment } = await about<{ comment: CommentTuple }>(as, 'edit_comment', {
        comment_id,
        text,
        ...options,
      })
      return commentOf(comment)
    },
    async remove(as: Sql, comment_id: string) {
      return commentOf((await about<{ comment: CommentTuple }>(as, 'delete_comment', { comment_id })).comment)
    },
    resolve: (as: Sql, thread_id: string) =>
      about<Resolution & { thread: string }>(as, 'resolve_thread', { thread_id }),
    reopen: (as: Sql, thread_id: string) =>
      about<Resolution & { thread: string }>(as, 'reopen_thread', { thread_id }),
    async list(as: Sql, options: object = {}) {
      const { threads, next } = await about<{ threads: Thread[]; next: string | null }>(
        as,
        'list_comments',
        options,
      )
      return {
        next,
        threads: threads.map((thread) => ({ ...thread, comments: thread.comments.map(commentOf) })),
      }
    },
    counts: (as: Sql, options: object) =>
      about<{ cells: (string | null)[] | null; counts: [string, number, number, number][] }>(
        as,
        'comment_counts',
        options,
      ),
    read: (as: Sql, comment_ids?: readonly string[]) =>
      about<{ threads: number; more: boolean }>(as, 'mark_read', { comment_ids }),
    async inbox(as: Sql, options: object = {}) {
      const { unread, items, next } = await about<{
        unread: number
        items: InboxItem[]
        next: unknown[] | null
      }>(as, 'inbox', options)
      return { unread, next, items: items.map((item) => ({ ...item, comment: commentOf(item.comment) })) }
    },
  }
}
