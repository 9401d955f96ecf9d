import type { ResolvedAddress } from '../model/address.ts'
import type { Cell, StoredCell } from '../model/cell.ts'
import type { StoredValue } from '../model/value.ts'

/** A cell that was deleted, at the version that its deletion gave it. */
export interface GoneCell extends ResolvedAddress {
  readonly id: string
  readonly version: number
}

/** What the database said: a reply, a broadcast commit, a commit of `changes_since`, a page are all the same. */
export interface Facts {
  /**
   * The budget's revision at which this was so: of the commit that a row comes from, or of the page or reply that shows
   * it. `null` where it is not known: then only cells that the store knows already are brought up to date.
   */
  readonly revision: number | null
  readonly cells?: readonly StoredCell[] | undefined
  readonly deleted?: readonly GoneCell[] | undefined
}

/** What the user wants a cell to be, until the database has said what became of it. */
export type PendingValue = StoredValue | 'deleted'

/** A cell as it is to be shown: the newest pending write over the confirmed cell. Frozen. */
export interface VisibleCell extends ResolvedAddress {
  /** Whether there is a cell to be seen; false also while a deletion is pending. */
  readonly exists: boolean
  readonly kind: Cell['kind']
  /** The decimal as exact text, or the text, or `null` for an empty cell or none. */
  readonly value: string | null
  /** Whether `value` is a write that the database has not confirmed yet. */
  readonly isPending: boolean
  /** The cell as the database confirmed it: what a write is based on. */
  readonly base: Cell
}

/** Which cells; every member is optional, members are ANDed. `null` is "has none". */
export interface CellSelection {
  readonly module?: string | readonly string[] | undefined
  readonly entity?: string | null | readonly (string | null)[] | undefined
  readonly field?: string | readonly string[] | undefined
  readonly period?: string | null | readonly (string | null)[] | undefined
}

/** What UI frameworks subscribe to (React's `useSyncExternalStore`). Its functions need no `this`. */
export interface ExternalStore<Snapshot> {
  /** Calls `listener` once after every commit that changed the snapshot, until the returned function is called. */
  readonly subscribe: (listener: () => void) => () => void
  /** The same frozen object until its content changes. */
  readonly getSnapshot: () => Snapshot
  /** The same as `getSnapshot`: a store that was filled on a server renders there as it does in a browser. */
  readonly getServerSnapshot: () => Snapshot
}
