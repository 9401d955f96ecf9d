import { missingCell, type Cell } from '../model/cell.ts'
import type { ChangeType } from '../transport/port.ts'
import {
  fits,
  isArrayOf,
  isInteger,
  isObject,
  isText,
  isTextOrNull,
  oneOf,
  parse,
  unexpected,
  type Check,
  type Where,
} from '../transport/shape.ts'
import { toCell } from '../transport/wire.ts'

// What docs/reference/wire.md says under "Undoing".

/** A cell of a step, with what became of it. */
export interface CellOutcome<Status extends string> {
  readonly status: Status
  /** Of the row, which outlives the deletion of its cell. */
  readonly id: string
  readonly version: number
  /** The cell as it is afterwards; of a preview, as it is now. A deleted one is missing. */
  readonly cell: Cell
}

const turnStatuses = ['reverted', 'superseded', 'missing', 'locked', 'forbidden'] as const
const restoreStatuses = ['written', 'unchanged', 'locked', 'forbidden'] as const
type TurnStatus = (typeof turnStatuses)[number]
type RestoreStatus = (typeof restoreStatuses)[number]

export interface PreviewReply {
  readonly revision: number
  readonly sessionId: string | null
  readonly label: string | null
  readonly outcomes: readonly CellOutcome<TurnStatus>[]
}

export interface TurnReply extends PreviewReply {
  readonly operationId: string
  readonly actor: string | null
  readonly at: string
}

const preview = { revision: isInteger, sessionId: isTextOrNull, label: isTextOrNull, results: Array.isArray }
const written = { operationId: isText, actor: isTextOrNull, at: isText }

export function decodePreview(json: unknown): PreviewReply {
  const { revision, sessionId, label, results } = parse<Raw<PreviewReply>>(json, 'a preview', preview)
  return { revision, sessionId, label, outcomes: toOutcomes(results, turnStatuses, 'a preview') }
}

export function decodeTurn(json: unknown): TurnReply {
  const reply = parse<Raw<TurnReply>>(json, 'undo or redo', { ...preview, ...written })
  const { revision, sessionId, label, operationId, actor, at, results } = reply
  const outcomes = toOutcomes(results, turnStatuses, 'undo or redo')
  return { revision, sessionId, label, operationId, actor, at, outcomes }
}

export interface RestoreReply extends Omit<TurnReply, 'label' | 'outcomes'> {
  readonly restored: number
  readonly outcomes: readonly CellOutcome<RestoreStatus>[]
}

export function decodeRestore(json: unknown): RestoreReply {
  const reply = parse<Raw<RestoreReply>>(json, 'restore_cells', {
    revision: isInteger,
    restored: isInteger,
    sessionId: isTextOrNull,
    results: Array.isArray,
    ...written,
  })
  const { revision, restored, sessionId, operationId, actor, at, results } = reply
  const outcomes = toOutcomes(results, restoreStatuses, 'restore_cells')
  return { revision, restored, sessionId, operationId, actor, at, outcomes }
}

/** A step of the signed-in user that the next undo or redo would take. */
export interface Step {
  readonly sessionId: string
  readonly label: string | null
  /** The kind of work that began it. */
  readonly changeType: ChangeType
  /** The codes of the modules that it changed cells of. */
  readonly modules: readonly string[]
  /** How many cells it changed. */
  readonly cells: number
  /** The user id of whose step it is: the signed-in user, for nobody undoes another's. */
  readonly by: string
  /** When it was last written to, as ISO 8601; `null` where the records of that are no longer kept. */
  readonly at: string | null
}

/** What the next undo and the next redo would take; `null` where there is nothing. */
export interface StepState {
  readonly revision: number
  readonly undo: Step | null
  readonly redo: Step | null
}

const isChangeType = oneOf('manual', 'spread', 'import', 'calculation')
const isStepOrNull: Check = (step) => step === null || isObject(step)

export function decodeStepState(json: unknown): StepState {
  const { revision, undo, redo } = parse<StepState>(json, 'undo_state', {
    revision: isInteger,
    undo: isStepOrNull,
    redo: isStepOrNull,
  })
  return { revision, undo: toStep(undo, 'undo'), redo: toStep(redo, 'redo') }
}

function toStep(json: unknown, name: string): Step | null {
  if (json === null) return null
  const { sessionId, label, changeType, modules, cells, actor, at } = parse<
    Omit<Step, 'by'> & { actor: string }
  >(json, `undo_state, ${name}`, {
    sessionId: isText,
    label: isTextOrNull,
    changeType: isChangeType,
    modules: isArrayOf(isText),
    cells: isInteger,
    actor: isText,
    at: isTextOrNull,
  })
  return { sessionId, label, changeType, modules, cells, by: actor, at }
}

type Raw<Reply> = Omit<Reply, 'outcomes'> & { readonly results: readonly unknown[] }

function toOutcomes<Status extends string>(
  results: readonly unknown[],
  statuses: readonly Status[],
  from: string,
): CellOutcome<Status>[] {
  return results.map((result, index) => toOutcome(result, statuses, () => `${from}, results.${index}`))
}

const goneShape: readonly Check[] = [isText, isText, isTextOrNull, isText, isTextOrNull, isInteger]
type GoneTuple = readonly [string, string, string | null, string, string | null, number]

function toOutcome<Status extends string>(
  tuple: unknown,
  statuses: readonly Status[],
  where: Where,
): CellOutcome<Status> {
  const [given, shown, gone] = Array.isArray(tuple) ? (tuple as unknown[]) : []
  const status = statuses.find((known) => known === given)
  if (status === undefined) throw unexpected(`${where()}: not an outcome`, tuple)
  if (shown !== null) {
    const cell = toCell(shown, where)
    return { status, id: cell.id, version: cell.version, cell }
  }
  if (!fits(gone, goneShape)) throw unexpected(`${where()}: neither a cell nor one that is gone`, tuple)
  const [id, module, entity, field, period, version] = gone as GoneTuple
  return { status, id, version, cell: missingCell({ module, entity, field, period }) }
}
