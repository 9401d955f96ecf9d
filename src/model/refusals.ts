import { CellsError, type CellsErrorOptions } from '../errors.ts'
import type { AnyCell, Cell, Existing, StoredCell } from './cell.ts'
import type { UserId } from './ids.ts'
import type { CellInput } from './value.ts'

/** One change of a call that the database refused, and why. */
export type RefusedChange<Read extends AnyCell = Cell, Input = CellInput> =
  | {
      readonly status: 'conflict'
      readonly index: number
      /** The cell that the change was based on, where the caller passed one. */
      readonly base: Read | null
      readonly baseVersion: number | null
      /** What was to be written; `null` too where the caller named no value, as in a restore. */
      readonly mine: Input
      /** The cell as it is now; `null` where it does not exist any more. */
      readonly theirs: Existing<Read> | null
    }
  | { readonly status: 'locked'; readonly index: number; readonly cell: Existing<Read> }
  | {
      readonly status: 'lease_lost'
      readonly index: number
      /** The cell as it is now; `null` where it does not exist. */
      readonly cell: Existing<Read> | null
      /** The user id of who holds a lease of the cell now, and until when; `null` where nobody does. */
      readonly heldBy: UserId | null
      readonly heldUntil: string | null
    }
  | { readonly status: 'forbidden' | 'not_found'; readonly index: number; readonly message: string }
  | { readonly status: 'invalid'; readonly index: number; readonly field: string; readonly message: string }

/**
 * The database refused the call and changed nothing. Its cells and values have the types of a budget without modules,
 * for what is caught cannot tell the compiler of which field it was; {@link Budget.refusalOf} gives them those of a field.
 */
export abstract class RefusedError extends CellsError {
  /** Every change that was not acceptable, in the order of the changes; empty where the call was refused as a whole. */
  readonly refused: readonly RefusedChange[]

  constructor(message: string, refused: readonly RefusedChange[], options: CellsErrorOptions = {}) {
    super(message, options)
    this.refused = refused
  }
}

/**
 * Somebody changed the cell since it was read. `base` is what you read, `mine` what you wanted to write, `theirs`
 * what is there now: write `mine` again on top of `theirs`, or let theirs stand.
 *
 * @example
 * ```ts
 * import { isCellsError, VersionConflictError, type Budget, type Cell } from '@efir/cells'
 *
 * async function writeOverTheirs(budget: Budget, cell: Cell, value: string) {
 *   try {
 *     return await budget.write(cell, value)
 *   } catch (error) {
 *     if (!(error instanceof VersionConflictError) || error.theirs === null) throw error
 *     return await budget.write(error.theirs, error.mine)
 *   }
 * }
 * void writeOverTheirs
 * ```
 */
export class VersionConflictError extends RefusedError {
  override readonly name = 'VersionConflictError'
  override readonly code = 'version_conflict'
  /** The cell that the write was based on, where the caller passed one. */
  readonly base: Cell | null
  /** The version that the write was based on; `null` where it was to land on any. */
  readonly baseVersion: number | null
  /** What you wanted to write; `null` where the cell was to be deleted or emptied. */
  readonly mine: CellInput
  /** The cell as it is now; `null` where it does not exist any more. */
  readonly theirs: StoredCell | null

  constructor(
    message: string,
    conflict: Extract<RefusedChange, { status: 'conflict' }>,
    refused: readonly RefusedChange[],
    options: CellsErrorOptions = {},
  ) {
    super(message, refused, options)
    this.base = conflict.base
    this.baseVersion = conflict.baseVersion
    this.mine = conflict.mine
    this.theirs = conflict.theirs
  }
}

/** The cell is locked, for everybody, until somebody unlocks it ({@link Locks.unlock}). `cell.lockReason` says why. */
export class CellLockedError extends RefusedError {
  override readonly name = 'CellLockedError'
  override readonly code = 'locked'
  readonly cell: StoredCell

  constructor(
    message: string,
    cell: StoredCell,
    refused: readonly RefusedChange[],
    options: CellsErrorOptions = {},
  ) {
    super(message, refused, options)
    this.cell = cell
  }
}

/**
 * The lease is not held any more: it has expired, was released, or somebody took it. A write under it has not landed.
 * Also the reason that {@link Lease.signal} is aborted with.
 */
export class LeaseLostError extends RefusedError {
  override readonly name = 'LeaseLostError'
  override readonly code = 'lease_lost'
  /** Where a write was refused, the cell as it is now; `null` where it does not exist. */
  readonly cell: StoredCell | null
  /** The user id of who holds a lease of the cell now, or took this one; `null` where nobody is known to. */
  readonly heldBy: UserId | null
  /** Until when, in ISO 8601 by the database's clock, where that is known. */
  readonly heldUntil: string | null

  constructor(
    message: string,
    lost: Pick<LeaseLostError, 'cell' | 'heldBy' | 'heldUntil'>,
    refused: readonly RefusedChange[] = [],
    options: CellsErrorOptions = {},
  ) {
    super(message, refused, {
      hint: 'Acquire it again, and look at the cell before you write.',
      ...options,
    })
    this.cell = lost.cell
    this.heldBy = lost.heldBy
    this.heldUntil = lost.heldUntil
  }
}

/**
 * The caller may see it, and may not do this: it is another's comment, a service key has no steps, a rule of your own
 * database (a constraint, a trigger's exception) refused it. The message has the database's own words.
 */
export class ForbiddenError extends RefusedError {
  override readonly name = 'ForbiddenError'
  override readonly code = 'forbidden'
}

/** The budget or cell does not exist, or is not the caller's to see: the two are not told apart. */
export class NotFoundError extends RefusedError {
  override readonly name = 'NotFoundError'
  override readonly code = 'not_found'
}
