declare const kind: unique symbol
/**
 * A string of one kind. A plain `string` fits wherever one is asked for, so that ids out of your own tables need no
 * cast; one of another kind does not compile.
 */
export type Kind<Name extends string> = string & { readonly [kind]?: Name }

/** A cell's row, for as long as its budget version lives. A UUID. */
export type CellId = Kind<'cell'>
/** A budget version of the host application. A UUID. */
export type BudgetVersionId = Kind<'budget version'>
/** What a value is about (a school, a post, a cost centre), in the host application. A UUID. */
export type EntityId = Kind<'entity'>
/** A user, as Supabase Auth knows them. A UUID. */
export type UserId = Kind<'user'>
/** The changes that are one step for undo. A UUID. */
export type SessionId = Kind<'session'>
/** One call that writes, however often it is sent. A UUID. */
export type OperationId = Kind<'operation'>
/** A thread of comments on a cell. A UUID. */
export type ThreadId = Kind<'thread'>
/** One comment. A UUID. Where a thread begins, it is the thread's id too. */
export type CommentId = Kind<'comment' | 'thread'>

declare const cellKeyBrand: unique symbol
/**
 * A cell's address as one stable string: equal for equal addresses, fit for a `Map`, a URL or local storage. Only
 * `cellKey()` makes one.
 */
export type CellKey = string & { readonly [cellKeyBrand]: true }
