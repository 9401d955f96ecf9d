import { expectTypeOf } from 'vitest'
import { cellKey, type Budget, type CellId, type CellKey, type CommentId, type ThreadId } from '@efir/cells'

declare const budget: Budget
declare const cellId: CellId
declare const commentId: CommentId
declare const threadId: ThreadId
declare const fromMyOwnTable: string
declare function resolveThread(thread: ThreadId): void
declare function mark(comment: CommentId): void
declare function open(key: CellKey): void

// Ids of the application's own need no cast.
resolveThread(fromMyOwnTable)
mark(fromMyOwnTable)
// A thread's id is that of the comment that began it, and not the other way round.
mark(threadId)
// @ts-expect-error -- a comment is no thread
resolveThread(commentId)
// @ts-expect-error -- a cell is no comment
mark(cellId)
// @ts-expect-error -- a cell is no operation
void budget.write({ module: 'm', field: 'f' }, 1, { ifVersion: 'any', operationId: cellId })
// @ts-expect-error -- a comment is no entity
void budget.read({ module: 'm', field: 'f', entity: commentId })
void budget.read({ module: 'm', field: 'f', entity: fromMyOwnTable })

open(cellKey({ module: 'm', field: 'f' }))
// @ts-expect-error -- a key is made by cellKey() only
open(fromMyOwnTable)
// @ts-expect-error -- an id is no key
open(cellId)
expectTypeOf<CellId>().toExtend<string>()
