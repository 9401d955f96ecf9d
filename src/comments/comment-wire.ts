import {
  fits,
  isInteger,
  isText,
  isTextOrNull,
  parse,
  unexpected,
  type Check,
  type Where,
} from '../transport/shape.ts'
import { toAddress } from '../transport/wire.ts'
import type {
  CellComment,
  CommentCount,
  CommentThread,
  InboxPage,
  ThreadPage,
  ThreadState,
} from './comment.ts'

const isFlag: Check = (value) => typeof value === 'boolean'
const isTextOrNullArray: Check = (value) => Array.isArray(value) && value.every(isTextOrNull)
const isTextArray: Check = (value) => Array.isArray(value) && value.every(isText)

type CommentTuple = readonly [
  id: string,
  threadId: string,
  cellId: string,
  text: string | null,
  mentions: readonly string[],
  createdBy: string | null,
  createdAt: string,
  editedAt: string | null,
  deletedAt: string | null,
]
const commentShape: readonly Check[] = [
  isText,
  isText,
  isText,
  isTextOrNull,
  isTextArray,
  isTextOrNull,
  isText,
  isTextOrNull,
  isTextOrNull,
]

/** The answer of a function that writes one comment. */
export function decodeComment(from: string) {
  return (json: unknown): CellComment => {
    const { comment } = parse<{ comment: unknown }>(json, from, { comment: Array.isArray })
    return toComment(comment, () => from)
  }
}

function toComment(tuple: unknown, where: Where): CellComment {
  if (!fits(tuple, commentShape)) throw unexpected(`${where()}: not a comment`, tuple)
  const [id, threadId, cellId, text, mentions, createdBy, createdAt, editedAt, deletedAt] =
    tuple as CommentTuple
  return { id, threadId, cellId, text, mentions, createdBy, createdAt, editedAt, deletedAt }
}

const stateShape = {
  isResolved: isFlag,
  resolvedBy: isTextOrNull,
  resolvedAt: isTextOrNull,
  reopenedBy: isTextOrNull,
  reopenedAt: isTextOrNull,
}

/** The answer of `resolve_thread` or `reopen_thread`. */
export function decodeThreadState(from: string) {
  return (json: unknown): ThreadState => {
    const state = parse<Omit<ThreadState, 'id'> & { thread: string }>(json, from, {
      thread: isText,
      ...stateShape,
    })
    return toState(state.thread, state)
  }
}

function toState(id: string, state: Omit<ThreadState, 'id'>): ThreadState {
  const { isResolved, resolvedBy, resolvedAt, reopenedBy, reopenedAt } = state
  return { id, isResolved, resolvedBy, resolvedAt, reopenedBy, reopenedAt }
}

/** The answer of `list_comments`. */
export function decodeThreadPage(json: unknown): ThreadPage {
  const { threads, next } = parse<{ threads: unknown[]; next: string | null }>(json, 'list_comments', {
    threads: Array.isArray,
    next: isTextOrNull,
  })
  return {
    threads: threads.map((thread, index) => toThread(thread, `list_comments, threads.${index}`)),
    next,
  }
}

type ThreadObject = Omit<CommentThread, 'address' | 'comments'> & { key: unknown; comments: unknown[] }

function toThread(json: unknown, from: string): CommentThread {
  const thread = parse<ThreadObject>(json, from, {
    id: isText,
    cellId: isText,
    key: Array.isArray,
    ...stateShape,
    unread: isInteger,
    comments: Array.isArray,
  })
  const { id, cellId, unread } = thread
  return {
    ...toState(id, thread),
    cellId,
    address: toAddress(thread.key, () => from),
    unread,
    comments: thread.comments.map((comment, index) => toComment(comment, () => `${from}, comments.${index}`)),
  }
}

/** What `comment_counts` answers: the ids of the cells asked for, and the counts by cell id. */
export interface CountsReply {
  readonly ids: readonly (string | null)[] | null
  readonly counts: ReadonlyMap<string, CommentCount>
}

/** The answer of `comment_counts` about so many references; `null` for a filter. */
export function decodeCounts(references: number | null) {
  return (json: unknown): CountsReply => {
    const { cells, counts } = parse<{ cells: (string | null)[] | null; counts: unknown[] }>(
      json,
      'comment_counts',
      {
        cells: (given) =>
          references === null
            ? given === null
            : isTextOrNullArray(given) && (given as unknown[]).length === references,
        counts: Array.isArray,
      },
    )
    return { ids: cells, counts: new Map(counts.map(toCount)) }
  }
}

function toCount(tuple: unknown, index: number): [string, CommentCount] {
  if (!fits(tuple, [isText, isInteger, isInteger, isInteger])) {
    throw unexpected(`comment_counts, counts.${index}: not a count`, tuple)
  }
  const [id, comments, unresolvedThreads, unread] = tuple as [string, number, number, number]
  return [id, { comments, unresolvedThreads, unread }]
}

/** The answer of `mark_read`. */
export function decodeRead(json: unknown): { readonly threads: number; readonly more: boolean } {
  return parse<{ threads: number; more: boolean }>(json, 'mark_read', { threads: isInteger, more: isFlag })
}

/** The answer of `inbox`. */
export function decodeInboxPage(json: unknown): InboxPage {
  const { unread, items, next } = parse<{ unread: number; items: unknown[]; next: InboxPage['next'] }>(
    json,
    'inbox',
    {
      unread: isInteger,
      items: Array.isArray,
      next: (given) => given === null || fits(given, [isText, isText]),
    },
  )
  return { unread, items: items.map((item, index) => toMention(item, `inbox, items.${index}`)), next }
}

function toMention(json: unknown, from: string): InboxPage['items'][number] {
  const { comment, budgetVersionId, key, isResolved, mentionedAt, readAt } = parse<{
    comment: unknown
    budgetVersionId: string
    key: unknown
    isResolved: boolean
    mentionedAt: string
    readAt: string | null
  }>(json, from, {
    comment: Array.isArray,
    budgetVersionId: isText,
    key: Array.isArray,
    isResolved: isFlag,
    mentionedAt: isText,
    readAt: isTextOrNull,
  })
  const where = () => from
  const address = toAddress(key, where)
  return { comment: toComment(comment, where), budgetVersionId, address, isResolved, mentionedAt, readAt }
}
