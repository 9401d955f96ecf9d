import type { Cell } from '../model/cell.ts'
import type { CellId, OperationId, SessionId, UserId } from '../model/ids.ts'
import type { ChangeType } from '../transport/port.ts'

/** Undoing or redoing. */
export type Turn = 'undo' | 'redo'

/** A cell of a step, with what became of it. */
export interface CellOutcome<Status extends string> {
  readonly status: Status
  /** Of the row, which outlives the deletion of its cell. */
  readonly id: CellId
  readonly version: number
  /** The cell as it is afterwards; of a preview, as it is now. A deleted one is missing. */
  readonly cell: Cell
}

/**
 * What became of one cell of a step that was undone or redone.
 *
 * - `reverted`: another change shows now, or none any more.
 * - `superseded`: somebody wrote later; their value stays.
 * - `missing`: somebody deleted it later; it stays deleted.
 * - `locked`: it is locked, and stays as it is.
 * - `forbidden`: the user may not write it; it stays as it is.
 */
export type StepOutcome = CellOutcome<'reverted' | 'superseded' | 'missing' | 'locked' | 'forbidden'>

/** There was no step to take: nothing was done. */
export interface NoStep {
  readonly status: 'nothing'
  /** The budget's revision. */
  readonly revision: number
  readonly sessionId: null
  readonly label: null
  readonly outcomes: readonly never[]
}

/** The step that an undo or redo would take, and what would become of each of its cells. */
export interface PreviewedStep {
  readonly status: 'ready'
  /** The budget's revision that the preview shows. */
  readonly revision: number
  readonly sessionId: SessionId
  readonly label: string | null
  /** One outcome a cell of the step, in the order of the cells' ids. */
  readonly outcomes: readonly StepOutcome[]
  /** Whether there are cells of the step beside these: a preview tells of its newest 10,000 changes. */
  readonly more: boolean
}

/** The step that was undone or redone, and what became of each of its cells. */
export interface TurnedStep<Status extends 'undone' | 'redone'> extends Omit<
  PreviewedStep,
  'status' | 'more'
> {
  readonly status: Status
  /** The budget's revision afterwards. */
  readonly revision: number
  readonly operationId: OperationId
  /** The user id of who did it. */
  readonly by: UserId
  /** When, as ISO 8601 by the database's clock. */
  readonly at: string
}

/** What {@link Budget.undo} did. */
export type UndoResult = TurnedStep<'undone'> | NoStep
/** What {@link Budget.redo} did. */
export type RedoResult = TurnedStep<'redone'> | NoStep
/** What an undo or redo would do. */
export type StepPreview = PreviewedStep | NoStep

/** What became of a cell that did not show what it showed then. `unchanged`: meanwhile it did. */
export type RestoreOutcome = CellOutcome<'written' | 'unchanged' | 'locked' | 'forbidden'>

/** What {@link Budget.restore} did: `nothing` where every cell showed already what it showed then. */
export interface RestoreResult {
  readonly status: 'restored' | 'nothing'
  /** The budget's revision afterwards. */
  readonly revision: number
  /** The revision that was gone back to. */
  readonly restoredRevision: number
  readonly operationId: OperationId
  /** The step, for it can be undone; `null` where there was nothing to do. */
  readonly sessionId: SessionId | null
  /** The user id of who did it; `null` for a service. */
  readonly by: UserId | null
  /** When, as ISO 8601 by the database's clock. */
  readonly at: string
  /** One outcome a cell that had to change, in the order of the cells' ids. */
  readonly outcomes: readonly RestoreOutcome[]
}

/** A step of the signed-in user that the next undo or redo would take. */
export interface Step {
  readonly sessionId: SessionId
  readonly label: string | null
  /** The kind of work that began it. */
  readonly changeType: ChangeType
  /** The codes of the modules that it changed cells of. */
  readonly modules: readonly string[]
  /** How many cells it changed. */
  readonly cells: number
  /** The user id of whose step it is: the signed-in user, for nobody undoes another's. */
  readonly by: UserId
  /** When it was last written to, as ISO 8601; `null` where the records of that are no longer kept. */
  readonly at: string | null
  /**
   * What was begun with it and stopped on the way, for a step of more than 10,000 changes is undone and redone in parts. The
   * next call of that kind goes on with it; one of the other kind takes it back. `null`: it is whole.
   */
  readonly unfinished: Turn | null
}

/** What the next undo and the next redo would take; `null` where there is nothing. */
export interface StepState {
  readonly revision: number
  readonly undo: Step | null
  readonly redo: Step | null
}
