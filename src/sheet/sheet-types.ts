import type { CellsError } from '../errors.ts'
import type { CellAddress, ResolvedAddress } from '../model/address.ts'
import type { AnyCell, Cell, NamedAddress } from '../model/cell.ts'
import type { CellInput } from '../model/value.ts'
import type { Modules } from '../modules/modules.ts'
import type {
  CellAt,
  CellOf,
  CheckedReference,
  InputOfReference,
  NamesIn,
  Untyped,
} from '../modules/types.ts'
import type { PersistentStorage } from '../outbox/persistent-storage.ts'
import type { PresenceOptions } from '../presence/presence.ts'
import type { CellsSnapshot } from '../snapshot.ts'
import type { VisibleCell } from '../store/facts.ts'
import type { SyncStatus } from '../sync/sync-status.ts'
import type { WriteState } from '../outbox/outbox-state.ts'
import type { CellFilter } from '../transport/port.ts'
import type { AnyVisibleCell, VisibleAt } from './typed-cells.ts'

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
   * The cells as `budget.snapshot()` read them, with the same filter, perhaps elsewhere and some time ago: shown at once, and
   * only what changed since is read. Where the log does not reach back so far, all is read as usual.
   */
  readonly initial?: CellsSnapshot | undefined
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
export interface WriteHandle<Shown = VisibleCell, Confirmed = Cell> {
  readonly id: number
  /** The cell as it is shown from now on. */
  readonly local: Shown
  /**
   * The cell as the database confirmed it. Rejects with the typed error of a refusal, and with an `AbortError` where the
   * write is discarded. Nobody has to listen.
   */
  readonly result: Promise<Confirmed>
}

/** The filter as a sheet takes it. */
export type SheetFilter<Module extends string = string, Field extends string = string> = Pick<
  CellFilter<Module, Field>,
  'module' | 'entity' | 'field' | 'period'
>

/** A cell as it was read, or as a sheet showed it: it is of its own field whatever its address looks like. */
export interface SeenCell<Module extends string = string, Field extends string = string> extends NamedAddress<
  Module,
  Field
> {
  readonly exists: boolean
}

/** What a write to a field gives. */
export type HandleAt<M extends Modules, Module extends string, Field extends string> = WriteHandle<
  VisibleAt<M, Module, Field>,
  CellAt<M, Module, Field>
>

/** Writes that were made together, as one step for undo. */
export interface BatchHandle<Writes = readonly WriteHandle[], Confirmed = readonly Cell[]> {
  readonly writes: Writes
  /** The cells as they were confirmed, in the order of the changes. Rejects once all are answered, with the first error. */
  readonly result: Promise<Confirmed>
}

/** What a write can say besides the value. */
export interface SetOptions {
  /**
   * The cell as the sheet showed it when the user began: what an editor keeps that stays open for a while. What somebody else
   * did to the cell since then is a conflict, and not written over unseen.
   *
   * @default the cell as the sheet shows it now
   */
  readonly seen?: AnyVisibleCell | undefined
}

/** One change of {@link Sheet.setMany}. */
export type SheetChange<Address = CellAddress, Input = CellInput> = { readonly cell: Address } & (
  { readonly value: Input; readonly delete?: never } | { readonly delete: true; readonly value?: never }
)

/** A change as it comes in, whatever the compiler knew about it. */
export interface LooseSheetChange {
  readonly cell: CellAddress
  readonly value?: unknown
  readonly delete?: true
}

/** The same with what it is based on. */
export interface BasedSheetChange extends LooseSheetChange, SetOptions {}

/** Changes as they must be: each with a value of its own field. */
export type CheckedSheetChanges<M extends Modules, Changes> = {
  readonly [Index in keyof Changes]: CheckedSheetChange<M, Changes[Index]>
}
/** A change as it must be. */
export type CheckedSheetChange<M extends Modules, Change> = Change extends { readonly cell: infer Reference }
  ? SheetChange<CheckedReference<M, Reference>, InputOfReference<M, Reference>>
  : SheetChange
/** What a batch gives, each of its own type where the compiler sees each. */
export type BatchAt<M extends Modules, Changes extends readonly unknown[]> =
  Untyped<M> extends true
    ? BatchHandle
    : BatchHandle<
        { readonly [Index in keyof Changes]: HandleOf<M, Changes[Index]> },
        { readonly [Index in keyof Changes]: ConfirmedOf<M, Changes[Index]> }
      >
/** What one change of a batch gives. */
export type HandleOf<M extends Modules, Change> = Change extends { readonly cell: infer Reference }
  ? NamesIn<Reference> extends [infer Module extends string, infer Field extends string]
    ? HandleAt<M, Module, Field>
    : WriteHandle<AnyVisibleCell, AnyCell>
  : never
/** The cell of one change of a batch, as it was confirmed. */
export type ConfirmedOf<M extends Modules, Change> = Change extends { readonly cell: infer Reference }
  ? CellOf<M, Reference>
  : never

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
