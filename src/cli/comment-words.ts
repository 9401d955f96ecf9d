import type { CellComment, CommentThread, Mention } from '../index.ts'
import { cellWords, timeWords } from './cell-words.ts'

/** A thread: its cell, its id, and what was said in it. */
export function threadWords(thread: CommentThread): string[] {
  const { id, address, isResolved, unread, comments } = thread
  const news = unread === 0 ? '' : `  (${unread} unread)`
  return [
    `${isResolved ? 'resolved' : 'open'} ${cellWords(address)}${news}`,
    `  thread  ${id}`,
    ...comments.flatMap(commentWords),
    '',
  ]
}

/** A mention, and where it is. */
export function mentionWords(
  { comment, address, readAt, budgetVersionId }: Mention,
  withBudget: boolean,
): string[] {
  return [
    `${readAt === null ? 'unread' : 'read'} ${cellWords(address)}`,
    ...(withBudget ? [`  budget  ${budgetVersionId}`] : []),
    `  thread  ${comment.threadId}`,
    ...commentWords(comment),
    '',
  ]
}

function commentWords({ text, createdBy, createdAt, editedAt }: CellComment): string[] {
  const edited = editedAt === null ? '' : ' (edited)'
  return [
    `  ${timeWords(createdAt)}  ${createdBy ?? 'nobody any more'}${edited}`,
    ...(text ?? '(deleted)').split('\n').map((line) => `    ${line}`),
  ]
}
