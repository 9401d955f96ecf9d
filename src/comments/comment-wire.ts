import {
  address,
  exactly,
  flag,
  integer,
  list,
  object,
  text,
  textOrNull,
  tuple,
  type Reader,
} from '../transport/reader.ts'
import type {
  CellComment,
  CommentCount,
  CommentThread,
  InboxPage,
  Mention,
  ThreadPage,
  ThreadState,
} from './comment.ts'

const comment = tuple<CellComment>({
  id: text,
  threadId: text,
  cellId: text,
  text: textOrNull,
  mentions: list(text),
  createdBy: textOrNull,
  createdAt: text,
  editedAt: textOrNull,
  deletedAt: textOrNull,
})
const state = {
  isResolved: flag,
  resolvedBy: textOrNull,
  resolvedAt: textOrNull,
  reopenedBy: textOrNull,
  reopenedAt: textOrNull,
}

/** The answer of a function that writes one comment. */
export const readWritten = object({ comment })

/** The answer of `resolve_thread` or `reopen_thread`. */
export const readState = object<ThreadState>({ id: text, ...state }, { id: 'thread' })

/** The answer of `list_comments`. */
export const readThreads = object<ThreadPage>({
  threads: list(
    object<CommentThread>(
      { id: text, cellId: text, address, ...state, unread: integer, comments: list(comment) },
      { address: 'key' },
    ),
  ),
  next: textOrNull,
})

/** The answer of `comment_counts`: counts by cell id, and the ids of the cells that were asked for by reference. */
export interface CountsReply {
  readonly cells?: readonly (string | null)[]
  readonly counts: readonly (CommentCount & { readonly id: string })[]
}

const counts = list(tuple({ id: text, comments: integer, unresolvedThreads: integer, unread: integer }))

export const readCounts: Reader<CountsReply> = object({ counts })

/** The same about so many references. */
export const readCountsOf = (references: number): Reader<CountsReply> =>
  object({ counts, cells: exactly(references, list(textOrNull)) })

/** The answer of `mark_read`. */
export const readMarked = object({ threads: integer, more: flag })

/** The answer of `inbox`. */
export const readInbox = object<InboxPage>({
  unread: integer,
  items: list(
    object<Mention>(
      { comment, budgetVersionId: text, address, isResolved: flag, mentionedAt: text, readAt: textOrNull },
      { address: 'key' },
    ),
  ),
  next: (json, where) => (json === null ? null : (exactly(2, list(text))(json, where) as [string, string])),
})
