import { ask, toOperationId } from '../asking.ts'
import { ValidationError } from '../errors.ts'
import type { OperationId } from '../model/ids.ts'
import type { CallOptions, Send } from '../transport/port.ts'
import type { NoStep, StepPreview, StepState, Turn, TurnedStep } from './step.ts'
import { decodePreview, decodeStepState, decodeTurn } from './steps-wire.ts'

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
  readonly operationId?: OperationId | undefined
}

const done = { undo: 'undone', redo: 'redone' } as const

/** Undoes or redoes the newest step of the signed-in user. */
export async function turnStep<Kind extends Turn>(
  send: Send,
  budgetVersionId: string,
  operation: Kind,
  options: TurnOptions = {},
): Promise<TurnedStep<(typeof done)[Kind]> | NoStep> {
  const operationId = toOperationId(options.operationId)
  const parameters = { p_operation_id: operationId, ...toScope(options) }
  const decode = (json: unknown) => decodeTurn(json, done[operation])
  return await ask(send, budgetVersionId, { operation, operationId, parameters, decode }, options)
}

/** What {@link turnStep} would do now. */
export async function previewStep(
  send: Send,
  budgetVersionId: string,
  turn: Turn,
  options: StepOptions = {},
): Promise<StepPreview> {
  if (!Object.hasOwn(done, turn)) throw new ValidationError('turn', turn, 'undo or redo')
  const call = { operation: `preview_${turn}`, parameters: toScope(options), decode: decodePreview }
  return await ask(send, budgetVersionId, call, options)
}

/** The steps that the next undo and redo would take. */
export async function readStepState(
  send: Send,
  budgetVersionId: string,
  options: StepOptions = {},
): Promise<StepState> {
  const call = { operation: 'undo_state', parameters: toScope(options), decode: decodeStepState }
  return await ask(send, budgetVersionId, call, options)
}

function toScope({ module }: StepOptions) {
  return { p_scope: module === undefined ? null : { module } }
}
