import { CellsError, type CellsErrorOptions } from '../errors.ts'
import type { Cell, StoredCell } from './cell.ts'
import type { CellInput } from './value.ts'

/** One change of a batch that the database refused, and why. */
export type RefusedChange =
  | {
      readonly status: 'conflict'
      readonly index: number
      /** The cell that the change was based on, where the caller passed one. */
      readonly base: Cell | null
      readonly baseVersion: number | null
      /** What was to be written; `null` too where the caller named no value, as in a restore. */
      readonly mine: CellInput
      /** The cell as it is now; `null` where it does not exist any more. */
      readonly theirs: StoredCell | null
    }
  | { readonly status: 'locked'; readonly index: number; readonly cell: StoredCell }
  | { readonly status: 'forbidden' | 'not_found'; readonly index: number; readonly message: string }
  | { readonly status: 'invalid'; readonly index: number; readonly field: string; readonly message: string }

/** The database refused the call and changed nothing. `refused` holds every change that was not acceptable. */
export abstract class RefusedError extends CellsError {
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
  readonly baseVersion: number | null
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

/** The cell is locked. `cell.lockReason` says why. */
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

/** The caller may see it, and may not do this. */
export class ForbiddenError extends RefusedError {
  override readonly name = 'ForbiddenError'
  override readonly code = 'forbidden'
}

/** The budget or cell does not exist, or is not the caller's to see: the two are not told apart. */
export class NotFoundError extends RefusedError {
  override readonly name = 'NotFoundError'
  override readonly code = 'not_found'
}
