import { missingCell } from '../model/cell.ts'
import {
  fits,
  isArrayOf,
  isBoolean,
  isChangeType,
  isInteger,
  isText,
  isTextOrNull,
  oneOf,
  parse,
  unexpected,
  type Check,
} from '../transport/shape.ts'
import { toCell } from '../transport/wire.ts'
import type {
  CellOutcome,
  NoStep,
  PreviewedStep,
  RestoreResult,
  Step,
  StepPreview,
  StepState,
  TurnedStep,
} from './step.ts'

// What docs/reference/wire.md says under "Undoing".

/** An envelope as it comes: its outcomes unread, and `actor` for who did it. */
type Raw<Result> = Omit<Result, 'status' | 'sessionId' | 'outcomes' | 'by'> & {
  readonly sessionId: string | null
  readonly results: readonly unknown[]
}
type RawWritten<Result extends { readonly by: unknown }> = Raw<Result> & { readonly actor: Result['by'] }

const envelope = { revision: isInteger, sessionId: isTextOrNull, results: Array.isArray }
const writing = { operationId: isText, actor: isTextOrNull, at: isText }
const isTurned = oneOf('reverted', 'superseded', 'missing', 'locked', 'forbidden')
const isRestored = oneOf('written', 'unchanged', 'locked', 'forbidden')

export function decodePreview(json: unknown): StepPreview {
  const shape = { ...envelope, label: isTextOrNull, more: isBoolean }
  const { results, sessionId, ...reply } = parse<Raw<PreviewedStep>>(json, 'preview', shape)
  if (sessionId === null) return noStep(reply.revision)
  return { ...reply, sessionId, status: 'ready', outcomes: toOutcomes(results, isTurned) }
}

/** What one call did of a step, which has more cells left where it is large. */
export interface TurnedPart<Status extends 'undone' | 'redone'> extends TurnedStep<Status> {
  readonly more: boolean
}

export function decodeTurn<Status extends 'undone' | 'redone'>(
  json: unknown,
  status: Status,
): TurnedPart<Status> | NoStep {
  const shape = { ...envelope, ...writing, actor: isText, label: isTextOrNull, more: isBoolean }
  const reply = parse<RawWritten<TurnedPart<Status>>>(json, status, shape)
  const { results, sessionId, actor: by, ...rest } = reply
  if (sessionId === null) return noStep(reply.revision)
  return { ...rest, sessionId, by, status, outcomes: toOutcomes(results, isTurned) }
}

function noStep(revision: number): NoStep {
  return { status: 'nothing', revision, sessionId: null, label: null, outcomes: [] }
}

export function decodeRestore(json: unknown): RestoreResult {
  const shape = { ...envelope, ...writing, restored: isInteger }
  const {
    results,
    restored,
    actor: by,
    ...reply
  } = parse<Omit<RawWritten<RestoreResult>, 'restoredRevision'> & { readonly restored: number }>(
    json,
    'restore_cells',
    shape,
  )
  const status = reply.sessionId === null ? 'nothing' : 'restored'
  return { ...reply, status, restoredRevision: restored, by, outcomes: toOutcomes(results, isRestored) }
}

export function decodeStepState(json: unknown): StepState {
  const shape = { revision: isInteger, undo: () => true, redo: () => true }
  const { revision, undo, redo } = parse<Record<keyof typeof shape, unknown> & { revision: number }>(
    json,
    'undo_state',
    shape,
  )
  return { revision, undo: toStep(undo), redo: toStep(redo) }
}

function toStep(json: unknown): Step | null {
  if (json === null) return null
  const { actor: by, ...step } = parse<Omit<Step, 'by'> & { readonly actor: string }>(json, 'a step', {
    sessionId: isText,
    label: isTextOrNull,
    changeType: isChangeType,
    modules: isArrayOf(isText),
    cells: isInteger,
    actor: isText,
    at: isTextOrNull,
    unfinished: (turn) => turn === null || turn === 'undo' || turn === 'redo',
  })
  return { ...step, by }
}

const goneShape: readonly Check[] = [isText, isText, isTextOrNull, isText, isTextOrNull, isInteger]
type GoneTuple = readonly [string, string, string | null, string, string | null, number]

function toOutcomes<Status extends string>(
  results: readonly unknown[],
  isStatus: (value: unknown) => value is Status,
): CellOutcome<Status>[] {
  return results.map((result, index) => {
    const where = () => `results.${index}`
    const [status, shown, gone] = Array.isArray(result) ? (result as unknown[]) : []
    if (!isStatus(status) || (shown === null && !fits(gone, goneShape))) {
      throw unexpected(`${where()}: not an outcome`, result)
    }
    if (shown !== null) {
      const cell = toCell(shown, where)
      return { status, id: cell.id, version: cell.version, cell }
    }
    const [id, module, entity, field, period, version] = gone as GoneTuple
    return { status, id, version, cell: missingCell({ module, entity, field, period }) }
  })
}
