import type { CellsError } from '../errors.ts'
import type { LeaseLostError } from '../model/refusals.ts'
import type { StorageStatus } from '../outbox/persistent-storage.ts'
import type { CellEdit } from './cell-edit.ts'
import type { CommentedCells } from './comment-news.ts'
import type { Choice, Conflict, PendingWrite, SheetStatus, WriteHandle } from './sheet-types.ts'

/** A conflict that the user has to settle. */
export interface ConflictEvent extends Conflict {
  readonly write: PendingWrite
  readonly error: CellsError
  /** Writes `mine`, or another value, on top of theirs; or lets `theirs` stand. */
  readonly resolve: (choice: Choice<'mine' | 'theirs'>) => WriteHandle | undefined
}

/** A write that was refused for another reason: locked, forbidden, not acceptable. */
export interface RejectedEvent {
  readonly write: PendingWrite
  readonly error: CellsError
}

/** An edit whose lease was lost: stolen, lapsed, or the user is no member any more. */
export interface EditLostEvent {
  readonly edit: CellEdit
  /** Says who holds it now, where that is known. */
  readonly error: LeaseLostError
}

/** What a sheet tells. */
export interface SheetEvents {
  /** Somebody else was faster, and the policy leaves it to the user. */
  conflict: (event: ConflictEvent) => void
  /** A write was refused for another reason than a conflict. */
  rejected: (event: RejectedEvent) => void
  /** The lease of an edit was lost: what was not sent under it yet will be refused. */
  'edit-lost': (event: EditLostEvent) => void
  /**
   * Comments were written, edited, deleted, resolved or reopened on these cells of the budget, whatever the sheet's filter;
   * `'all'` where it is not known which, or whether: after every join and whatever may have been missed. Read them again.
   * Where the client's stream is `none`, nobody tells.
   */
  comments: (event: { readonly cells: CommentedCells }) => void
  /** Commits that were missed have been read: those after revision `from`, up to `to`. */
  'gap-healed': (event: { readonly from: number; readonly to: number }) => void
  /** Something in {@link Sheet.status} changed. */
  status: (status: SheetStatus) => void
  /** Writes cannot be kept as they should be, or can again. */
  storage: (status: StorageStatus) => void
}
