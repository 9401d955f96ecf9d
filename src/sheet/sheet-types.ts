import type { CellsError } from '../errors.ts'
import type { CellAddress, ResolvedAddress } from '../model/address.ts'
import type { Cell } from '../model/cell.ts'
import type { CellInput } from '../model/value.ts'
import type { PersistentStorage } from '../outbox/persistent-storage.ts'
import type { PresenceOptions } from '../presence/presence.ts'
import type { VisibleCell } from '../store/facts.ts'
import type { SyncStatus } from '../sync/sync-status.ts'
import type { WriteState } from '../outbox/outbox-state.ts'

/** What a conflict policy is told: what the write was based on, what it wanted, and what is there now. */
export interface Conflict {
  /** Where the cell is. */
  readonly cell: ResolvedAddress
  /** The cell as the user saw it below his own writes. */
  readonly base: Cell
  /** What he wanted to write; `null` empties the cell, or deletes it where `isDeletion`. */
  readonly mine: CellInput
  readonly isDeletion: boolean
  /** The cell as somebody else left it; `exists: false` where they deleted it. */
  readonly theirs: Cell
}

/**
 * What becomes of a write that somebody else was faster than.
 *
 * - `reject`: theirs stays and is shown; the event `conflict` asks what to do, and the write stays listed until told.
 * - `lastWrite`: mine is written on top of theirs.
 * - `increment`: of numbers, what I added or took away is added to or taken from theirs, exactly.
 * - a function: a value to write on top of theirs, `'theirs'`, or `'reject'`. It must not change anything itself.
 */
export type ConflictPolicy =
  'reject' | 'lastWrite' | 'increment' | ((conflict: Conflict) => Choice<'theirs' | 'reject'>)

/** One of the words, or a value to write: no decimal is a word, and text is `{ text }`. */
export type Choice<Word extends string> = Word | CellInput

/** Settings of {@link Budget.open}. */
export interface OpenOptions {
  /** @default 'reject' */
  readonly onConflict?: ConflictPolicy | undefined
  /** Called with the number of cells that have been loaded, page by page. */
  readonly onProgress?: ((cells: number) => void) | undefined
  /**
   * Lets the user be seen by the others who have the budget open, under this name; `{}` without one. Others are seen
   * without it. See {@link Sheet.presence}.
   */
  readonly presence?: PresenceOptions | undefined
  /**
   * Keeps writes that are not confirmed where they outlive the page, and takes up those that were kept before: `true` in the
   * browser's IndexedDB, or a storage of your own. Other windows of the same user do not send them twice, and other
   * users never see them. What cannot be kept is told by {@link Sheet.storage}. The first sheet of a budget decides for all.
   */
  readonly persist?: boolean | PersistentStorage | undefined
  /** Closes the sheet, and drops what has not been sent. */
  readonly signal?: AbortSignal | undefined
}

/** A write that was made: shown already, and on its way. */
export interface WriteHandle {
  readonly id: number
  /** The cell as it is shown from now on. */
  readonly local: VisibleCell
  /**
   * The cell as the database confirmed it. Rejects with the typed error of a refusal, and with an `AbortError` where the
   * write is discarded. Nobody has to listen.
   */
  readonly result: Promise<Cell>
}

/** Writes that were made together, as one step for undo. */
export interface BatchHandle {
  readonly writes: readonly WriteHandle[]
  /** The cells as they were confirmed, in the order of the changes. Rejects once all are answered, with the first error. */
  readonly result: Promise<readonly Cell[]>
}

/** One change of {@link Sheet.setMany}. */
export type SheetChange = { readonly cell: CellAddress } & (
  { readonly value: CellInput; readonly delete?: never } | { readonly delete: true; readonly value?: never }
)

/** A write that the database has not confirmed. Frozen. */
export interface PendingWrite {
  readonly id: number
  readonly cell: ResolvedAddress
  readonly value: CellInput
  readonly isDeletion: boolean
  /**
   * `waiting` to be sent; `sending`; `retrying`: not answered, and sent again by itself; `conflict` and `rejected`: refused,
   * and kept until it is retried or discarded.
   */
  readonly state: WriteState
  readonly base: Cell
  /** In a conflict, what is there instead. */
  readonly theirs: Cell | null
  readonly error: CellsError | null
  /** Writes it again, on top of what is there now. */
  readonly retry: () => WriteHandle
  /** Gives it up. One that is being sent cannot be called back: it stays listed until it is answered. */
  readonly discard: () => void
}

/** How a sheet is doing. Frozen, and replaced when something in it changes. */
export interface SheetStatus {
  readonly state: SyncStatus
  /** Writes of this sheet that are on their way. */
  readonly pendingWrites: number
  /** Writes of this sheet that were refused, and wait for a decision. */
  readonly refusedWrites: number
  /** Why the server cannot be reached, or why the sheet is closed; `null` where there is nothing to say. */
  readonly error: CellsError | null
}

/** How {@link Sheet.close} treats what is under way. */
export interface CloseOptions {
  /**
   * `flush`: waits until every write is answered or given up for now. `discard`: does not wait.
   * @default 'flush'
   */
  readonly pending?: 'flush' | 'discard' | undefined
  /** Ends the waiting, as `discard` would have. */
  readonly signal?: AbortSignal | undefined
}

/** What {@link Sheet.close} left behind. */
export interface CloseResult {
  /** Writes that are not confirmed: refused ones, and such as may have landed without an answer. */
  readonly unsettled: readonly PendingWrite[]
}
