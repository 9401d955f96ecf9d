import { ask, toOperationId } from '../asking.ts'
import { newUuid } from '../model/identifier.ts'
import { ValidationError } from '../errors.ts'
import type { OperationId } from '../model/ids.ts'
import type { CallOptions, Send } from '../transport/port.ts'
import { isDivisible } from '../transport/retry.ts'
import type { NoStep, StepPreview, StepState, Turn, TurnedStep } from './step.ts'
import { decodePreview, decodeStepState, decodeTurn, type TurnedPart } from './steps-wire.ts'

/** Which steps are meant. */
export interface StepOptions extends CallOptions {
  /**
   * Only steps with a change in this module, or one of these. Such a step is taken whole, its cells of other modules
   * too.
   * @default every step of the budget
   */
  readonly module?: string | readonly string[] | undefined
}

/** How far the undo or redo of a large step has come. */
export interface TurnProgress {
  /** Cells of the step that have been answered for. */
  readonly cells: number
}

/** For {@link Budget.undo} and {@link Budget.redo}. */
export interface TurnOptions extends StepOptions {
  /**
   * Names this very call: sent again with the same id, it takes effect once and gets the first answer.
   * @default a new one
   */
  readonly operationId?: OperationId | undefined
  /**
   * Called between the parts of a step of more than 10,000 changes, which takes more than one round trip.
   * @default nobody is told
   */
  readonly onProgress?: ((progress: TurnProgress) => void) | undefined
}

/** Changes of a step that one call takes, until that turns out to be too many. */
const mostTurned = 10_000
/** No call takes long for so few: where it does, it waits for somebody, and fewer would wait as long. */
const fewTurned = 500

const done = { undo: 'undone', redo: 'redone' } as const

/**
 * Undoes or redoes the newest step of the signed-in user, part by part where it is large. What stops it between two parts
 * leaves the step unfinished, and the next call goes on with it.
 */
export async function turnStep<Kind extends Turn>(
  send: Send,
  budgetVersionId: string,
  operation: Kind,
  options: TurnOptions = {},
): Promise<TurnedStep<(typeof done)[Kind]> | NoStep> {
  const decode = (json: unknown) => decodeTurn(json, done[operation])
  let limit = mostTurned
  const call = async (operationId: string, scope: Scope): Promise<ReturnType<typeof decode>> => {
    const parameters = { p_operation_id: operationId, p_scope: scope, p_limit: limit }
    const items = limit > fewTurned ? limit : 1
    const part = { operation, operationId, parameters, decode, items }
    return await ask(send, budgetVersionId, part, options).catch((error: unknown) => {
      if (!isDivisible(error)) throw error
      // So many take too long just now, and nothing was done: then half of them, under the same name.
      limit = Math.ceil(limit / 2)
      return call(operationId, scope)
    })
  }
  const first = await call(toOperationId(options.operationId), toScope(options))
  if (first.sessionId === null) return first
  const parts: TurnedPart<(typeof done)[Kind]>[] = [first]
  let cells = first.outcomes.length
  for (let last = first; last.more;) {
    options.onProgress?.({ cells })
    // Of this step alone: what the user wrote in the meantime, elsewhere, is not meant.
    const next = await call(newUuid(), { session: first.sessionId })
    // Somebody else, who is the same user, was faster.
    if (next.sessionId === null) break
    parts.push((last = next))
    cells += next.outcomes.length
  }
  return joined(parts, first)
}

function joined<Status extends 'undone' | 'redone'>(
  parts: readonly TurnedPart<Status>[],
  first: TurnedPart<Status>,
): TurnedStep<Status> {
  const { status, revision, sessionId, label, by, at } = parts.at(-1) ?? first
  // A cell that the step changed twice may be in two parts; the later one says how it is now.
  const last = new Map(parts.flatMap(({ outcomes }) => outcomes.map((outcome) => [outcome.id, outcome])))
  const outcomes = [...last.values()].sort((a, b) => (a.id < b.id ? -1 : 1))
  return { status, revision, operationId: first.operationId, sessionId, label, by, at, outcomes }
}

/** What {@link turnStep} would do now. */
export async function previewStep(
  send: Send,
  budgetVersionId: string,
  turn: Turn,
  options: StepOptions = {},
): Promise<StepPreview> {
  if (!Object.hasOwn(done, turn)) throw new ValidationError('turn', turn, 'undo or redo')
  const call = {
    operation: `preview_${turn}`,
    parameters: { p_scope: toScope(options) },
    decode: decodePreview,
  }
  return await ask(send, budgetVersionId, call, options)
}

/** The steps that the next undo and redo would take. */
export async function readStepState(
  send: Send,
  budgetVersionId: string,
  options: StepOptions = {},
): Promise<StepState> {
  const call = { operation: 'undo_state', parameters: { p_scope: toScope(options) }, decode: decodeStepState }
  return await ask(send, budgetVersionId, call, options)
}

type Scope = { readonly module: string | readonly string[] } | { readonly session: string } | null

function toScope({ module }: StepOptions): Scope {
  return module === undefined ? null : { module }
}
