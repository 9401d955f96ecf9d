import type { CallOptions } from '../transport/port.ts'

/** How cells are unlocked. */
export interface UnlockOptions extends CallOptions {
  /**
   * Names this very operation: sent again with the same id, it takes effect once and gets the first answer.
   * @default a new one
   */
  readonly operationId?: string | undefined
}

/** How cells are locked. */
export interface LockOptions extends UnlockOptions {
  /** Why, for whoever wants to write: at most 200 characters. */
  readonly reason?: string | undefined
}

/** What became of one cell that was to be locked or unlocked. None holds the others up. */
export type LockOutcome =
  /** `unchanged`: it was so already, and for the same reason. */
  | {
      readonly status: 'locked' | 'unlocked' | 'unchanged'
      readonly index: number
      readonly id: string
      readonly version: number
    }
  /** Nobody has written the cell, or it is deleted. */
  | { readonly status: 'not_found'; readonly index: number; readonly message: string }
  | { readonly status: 'invalid'; readonly index: number; readonly field: string; readonly message: string }

/** What became of a call that locks or unlocks. */
export interface LockResult {
  /** The budget's revision after it. */
  readonly revision: number
  readonly operationId: string
  /** The step on record; `null` where nothing changed. */
  readonly sessionId: string | null
  /** ISO 8601, by the database's clock. */
  readonly at: string
  /** How many cells changed. */
  readonly changed: number
  /** One outcome a cell, in the order of the cells; none where a filter was given. */
  readonly outcomes: readonly LockOutcome[]
}

/** A cell that is locked. */
export interface LockedCell {
  readonly id: string
  readonly reason: string | null
}

/** Locked cells, as one round trip brought them. */
export interface LockedPage {
  /** The budget's revision that this page shows. */
  readonly revision: number
  readonly cells: readonly LockedCell[]
  readonly next: string | null
}
