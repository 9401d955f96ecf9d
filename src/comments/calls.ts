import { toOperationId } from '../asking.ts'
import type { Call } from '../call.ts'
import { toReference } from '../change.ts'
import { ValidationError } from '../errors.ts'
import { toText, toUuid, type CellAddress } from '../model/address.ts'
import type { Cell } from '../model/cell.ts'
import { checkCount, selectCells, type CellSelection, type SelectedCells } from '../selection.ts'
import type { CallOptions } from '../transport/port.ts'
import { encodeReference } from '../transport/wire.ts'
import { CommentCounts } from './comment-counts.ts'
import {
  readCounts,
  readCountsOf,
  readInbox,
  readMarked,
  readState,
  readThreads,
  readWritten,
} from './comment-wire.ts'
import type {
  CellComment,
  CommentOptions,
  CommentReference,
  EditCommentOptions,
  InboxPage,
  ThreadPage,
  ThreadReference,
  ThreadState,
} from './comment.ts'

// What {@link Comments} does; loaded by the first call of it.

export async function begin(
  call: Call,
  cell: Cell | CellAddress,
  text: string,
  options: CommentOptions,
): Promise<CellComment> {
  const p_reference = encodeReference(toReference(cell, 'cell'))
  return await add(call, { p_reference, ...toWords(text, options) }, options)
}

export async function reply(
  call: Call,
  to: ThreadReference,
  text: string,
  options: CommentOptions,
): Promise<CellComment> {
  return await add(call, { p_parent_id: toThreadId(to), ...toWords(text, options) }, options)
}

export async function edit(
  call: Call,
  comment: CommentReference,
  text: string,
  options: EditCommentOptions,
): Promise<CellComment> {
  const parameters = { p_comment_id: toCommentId(comment, 'comment'), ...toWords(text, options) }
  return (await call('edit_comment', parameters, readWritten, options)).comment
}

export async function remove(
  call: Call,
  comment: CommentReference,
  options: CallOptions,
): Promise<CellComment> {
  const parameters = { p_comment_id: toCommentId(comment, 'comment') }
  return (await call('delete_comment', parameters, readWritten, options)).comment
}

export async function settle(
  call: Call,
  operation: 'resolve_thread' | 'reopen_thread',
  thread: ThreadReference,
  options: CallOptions,
): Promise<ThreadState> {
  return await call(operation, { p_thread_id: toThreadId(thread) }, readState, options)
}

export async function threadPage(
  call: Call,
  { parameters }: SelectedCells,
  page: { readonly p_resolved: boolean | null; readonly p_after: unknown; readonly p_limit: number },
  options: CallOptions,
): Promise<ThreadPage> {
  const { p_limit: items } = page
  return await call('list_comments', { ...parameters, ...page }, readThreads, options, { items })
}

export async function counts(call: Call, which: CellSelection, options: CallOptions): Promise<CommentCounts> {
  const { items, parameters } = selectCells(which)
  const reader = which.cells === undefined ? readCounts : readCountsOf(items)
  const answer = await call('comment_counts', parameters, reader, options, { items })
  return new CommentCounts(answer, which.cells)
}

export async function markRead(
  call: Call,
  comments: readonly CommentReference[] | 'all',
  options: CallOptions,
): Promise<number> {
  if (comments !== 'all') checkCount(comments, 'comments')
  const ids =
    comments === 'all' ? null : comments.map((comment, index) => toCommentId(comment, `comments[${index}]`))
  if (ids?.length === 0) return 0
  const items = ids?.length ?? 1
  let threads = 0
  for (;;) {
    const page = await call('mark_read', { p_comment_ids: ids }, readMarked, options, { items })
    threads += page.threads
    if (!page.more) return threads
  }
}

export async function inboxPage(
  call: Call,
  page: { readonly p_unread: boolean; readonly p_after: unknown; readonly p_limit: number },
  options: CallOptions,
): Promise<InboxPage> {
  return await call('inbox', page, readInbox, options, { items: page.p_limit })
}

async function add(call: Call, parameters: object, options: CommentOptions): Promise<CellComment> {
  const operationId = toOperationId(options.operationId)
  return (await call('add_comment', { ...parameters }, readWritten, options, { operationId })).comment
}

function toWords(text: string, { mentions }: EditCommentOptions) {
  const p_text = toText(text, 'text', 10_000)
  if (p_text.trim() === '') throw new ValidationError('text', text, 'more than blanks')
  if (mentions !== undefined) checkCount(mentions, 'mentions', 100)
  return { p_text, p_mentions: mentions?.map((user, index) => toUuid(user, `mentions[${index}]`)) ?? null }
}

function toCommentId(comment: CommentReference | null, field: string): string {
  return toUuid(typeof comment === 'object' ? comment?.id : comment, field)
}

/** Of a comment, the id of its thread; else its own. */
function toThreadId(thread: ThreadReference | null): string {
  if (typeof thread !== 'object' || thread === null) return toUuid(thread, 'thread')
  return toUuid('threadId' in thread ? thread.threadId : thread.id, 'thread')
}
