import type { ResolvedAddress } from '../model/address.ts'
import type { CallOptions } from '../transport/port.ts'

/** A comment on a cell. The one that began a thread has the thread's id. Times are ISO 8601, by the database's clock. */
export interface CellComment {
  readonly id: string
  readonly threadId: string
  readonly cellId: string
  /** `null` where its author has deleted it; its place in the thread stays. */
  readonly text: string | null
  /** The user ids of whom it calls on. */
  readonly mentions: readonly string[]
  /** The author's user id; `null` where his account is gone. */
  readonly createdBy: string | null
  readonly createdAt: string
  readonly editedAt: string | null
  readonly deletedAt: string | null
}

/** Whether a thread is settled, and who said so, or the contrary, last. */
export interface ThreadState {
  /** The id of the comment that began it. */
  readonly id: string
  readonly isResolved: boolean
  readonly resolvedBy: string | null
  readonly resolvedAt: string | null
  readonly reopenedBy: string | null
  readonly reopenedAt: string | null
}

/** What was said about a cell, from one comment on. */
export interface CommentThread extends ThreadState {
  readonly cellId: string
  readonly address: ResolvedAddress
  /** How many of its comments the caller has not read: others' only. */
  readonly unread: number
  /** In the order they were written in, deleted ones included. */
  readonly comments: readonly CellComment[]
}

/** Threads, as one round trip brought them. */
export interface ThreadPage {
  readonly threads: readonly CommentThread[]
  readonly next: string | null
}

/** How many comments a cell has. */
export interface CommentCount {
  readonly comments: number
  readonly unresolvedThreads: number
  /** Others' comments that the caller has not read. */
  readonly unread: number
}

/** A comment that mentions the caller. */
export interface Mention {
  readonly comment: CellComment
  readonly budgetVersionId: string
  readonly address: ResolvedAddress
  /** Of the thread that the comment is in. */
  readonly isResolved: boolean
  readonly mentionedAt: string
  readonly readAt: string | null
}

/** Mentions, as one round trip brought them. */
export interface InboxPage {
  /** How many mentions are unread in all, not on this page alone. */
  readonly unread: number
  readonly items: readonly Mention[]
  readonly next: readonly [mentionedAt: string, commentId: string] | null
}

/** Which mentions an inbox shows. */
export interface InboxFilter {
  /**
   * `true` for unread ones only.
   * @default false
   */
  readonly unread?: boolean | undefined
}

/** How a comment is edited. */
export interface EditCommentOptions extends CallOptions {
  /**
   * User ids of members of the organisation whom the comment calls on, at most 100.
   * @default none; when a comment is edited, those that it has
   */
  readonly mentions?: readonly string[] | undefined
}

/** How a comment is written. */
export interface CommentOptions extends EditCommentOptions {
  /**
   * Names this very operation: sent again with the same id, it takes effect once and gets the first answer.
   * @default a new one
   */
  readonly operationId?: string | undefined
}

/** A comment, or its id. */
export type CommentReference = CellComment | string
/** A thread, any comment of it, or the thread's id. */
export type ThreadReference = CommentThread | ThreadState | CellComment | string
