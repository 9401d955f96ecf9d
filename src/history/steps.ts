import { ValidationError } from '../errors.ts'
import { toUuid } from '../model/address.ts'
import { newUuid } from '../model/identifier.ts'
import { rethrow } from '../refusal.ts'
import type { CallOptions, Send } from '../transport/port.ts'
import { toModules } from './scope.ts'
import {
  decodePreview,
  decodeStepState,
  decodeTurn,
  type CellOutcome,
  type PreviewReply,
  type StepState,
} from './steps-wire.ts'

/** Which steps are meant. */
export interface StepOptions extends CallOptions {
  /**
   * Only steps with a change in this module, or one of these. Such a step is taken whole, its cells of other modules
   * too.
   * @default every step of the budget
   */
  readonly module?: string | readonly string[] | undefined
}

/** For {@link Budget.undo} and {@link Budget.redo}. */
export interface TurnOptions extends StepOptions {
  /**
   * Names this very call: sent again with the same id, it takes effect once and gets the first answer.
   * @default a new one
   */
  readonly operationId?: string | undefined
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
  readonly sessionId: string
  readonly label: string | null
  /** One outcome a cell of the step, in the order of the cells' ids. */
  readonly outcomes: readonly StepOutcome[]
}

/** The step that was undone or redone, and what became of each of its cells. */
export interface TurnedStep<Status extends 'undone' | 'redone'> extends Omit<PreviewedStep, 'status'> {
  readonly status: Status
  /** The budget's revision afterwards. */
  readonly revision: number
  readonly operationId: string
  /** The user id of who did it. */
  readonly by: string | null
  /** When, as ISO 8601 by the database's clock. */
  readonly at: string
}

/** What {@link Budget.undo} did. */
export type UndoResult = TurnedStep<'undone'> | NoStep
/** What {@link Budget.redo} did. */
export type RedoResult = TurnedStep<'redone'> | NoStep
/** What an undo or redo would do. */
export type StepPreview = PreviewedStep | NoStep

const done = { undo: 'undone', redo: 'redone' } as const
/** Undoing or redoing. */
export type Turn = 'undo' | 'redo'

/** Undoes or redoes the newest step of the signed-in user. */
export async function turnStep<Kind extends Turn>(
  send: Send,
  budgetVersionId: string,
  kind: Kind,
  options: TurnOptions = {},
): Promise<TurnedStep<(typeof done)[Kind]> | NoStep> {
  const { module, operationId: given } = options
  // Made once, before the first request: every repeat of it carries the same.
  const operationId = given === undefined ? newUuid() : toUuid(given, 'operationId')
  const parameters = {
    p_budget_version_id: budgetVersionId,
    p_operation_id: operationId,
    p_scope: toModules(module),
  }
  const call = { operation: kind, budgetVersionId, items: 1, operationId, parameters, decode: decodeTurn }
  const { actor, at, ...reply } = await send(call, options).catch(rethrow)
  const { sessionId } = reply
  if (sessionId === null) return noStep(reply)
  return { ...reply, status: done[kind], sessionId, by: actor, at }
}

/** What {@link turnStep} would do now. */
export async function previewStep(
  send: Send,
  budgetVersionId: string,
  kind: Turn,
  options: StepOptions = {},
): Promise<StepPreview> {
  if (!Object.hasOwn(done, kind)) throw new ValidationError('turn', kind, 'undo or redo')
  const operation = `preview_${kind}`
  const parameters = { p_budget_version_id: budgetVersionId, p_scope: toModules(options.module) }
  const call = { operation, budgetVersionId, items: 1, parameters, decode: decodePreview }
  const reply = await send(call, options).catch(rethrow)
  const { sessionId } = reply
  return sessionId === null ? noStep(reply) : { ...reply, status: 'ready', sessionId }
}

/** The steps that the next undo and redo would take. */
export async function readStepState(
  send: Send,
  budgetVersionId: string,
  options: StepOptions = {},
): Promise<StepState> {
  const parameters = { p_budget_version_id: budgetVersionId, p_scope: toModules(options.module) }
  const call = { operation: 'undo_state', budgetVersionId, items: 1, parameters, decode: decodeStepState }
  return await send(call, options).catch(rethrow)
}

function noStep({ revision }: PreviewReply): NoStep {
  return { status: 'nothing', revision, sessionId: null, label: null, outcomes: [] }
}
