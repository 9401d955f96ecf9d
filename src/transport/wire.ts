import { kindOf, type StoredCell, type ValueType } from '../model/cell.ts'
import type {
  CellFilter,
  CellPage,
  CellReference,
  CellsReply,
  WriteItem,
  WriteReply,
  WriteResult,
} from './port.ts'
import {
  fits,
  isBoolean,
  isIndexed,
  isInteger,
  isObject,
  isText,
  isTextOrNull,
  isValueType,
  parse,
  unexpected,
  type Check,
  type Where,
} from './shape.ts'

// docs/reference/wire.md is the contract that this file reads and writes. Answers are checked by hand, in one pass with
// reading them: they come ten thousand cells at a time, and a schema library would be a third of the whole bundle.

export function decodeCellsReply(json: unknown): CellsReply {
  const { revision, cells } = parse<{ revision: number; cells: unknown[] }>(json, 'read_cells', {
    revision: isInteger,
    cells: Array.isArray,
  })
  return {
    revision,
    cells: cells.map((cell, index) => toCellOrNull(cell, () => `read_cells, cells.${index}`)),
  }
}

export function decodeCellPage(json: unknown): CellPage {
  const { revision, cells, next } = parse<{ revision: number; cells: unknown[]; next: string | null }>(
    json,
    'list_cells',
    {
      revision: isInteger,
      cells: Array.isArray,
      next: isTextOrNull,
    },
  )
  return {
    revision,
    cells: cells.map((cell, index) => toCell(cell, () => `list_cells, cells.${index}`)),
    next,
  }
}

export function decodeWriteReply(json: unknown): WriteReply {
  const { revision, operationId, sessionId, actor, at, results } = parse<WriteEnvelope>(json, 'write_cells', {
    revision: isInteger,
    operationId: isText,
    sessionId: isText,
    actor: isTextOrNull,
    at: isText,
    results: Array.isArray,
  })
  return {
    revision,
    operationId,
    sessionId,
    results: results.map((result, index) =>
      toResult(result, () => `write_cells, results.${index}`, actor, at),
    ),
  }
}

export interface RefusalDetail {
  readonly results: readonly (readonly [number, WriteResult])[]
  readonly argument: { readonly field: string; readonly given: unknown; readonly allowed: string } | undefined
}

/** The machine-readable part of a raised refusal. A refusal from elsewhere (a host's own trigger) has none. */
export function decodeRefusalDetail(detail: unknown): RefusalDetail {
  const none = { results: [], argument: undefined }
  if (typeof detail !== 'string') return none
  let json: unknown
  try {
    json = JSON.parse(detail)
  } catch {
    return none
  }
  if (!isObject(json)) return none
  const { results = [], field, given, allowed = '' } = json
  if (!Array.isArray(results) || !results.every(isIndexed) || !isText(allowed)) return none
  if (field !== undefined && !isText(field)) return none
  return {
    results: results.map(([index, ...result]) => [
      index,
      toResult(result, () => `a refusal, item ${index}`, null, ''),
    ]),
    argument: field === undefined ? undefined : { field, given, allowed },
  }
}

export function encodeReference(reference: CellReference): unknown {
  if (typeof reference === 'string') return reference
  return [reference.module, reference.entity, reference.field, reference.period]
}

export function encodeItem({ reference, value, base, lease }: WriteItem): Record<string, unknown> {
  const named = typeof reference === 'string' ? { id: reference } : addressOnly(reference)
  const item = { ...named, base, ...(lease !== undefined && { lease }) }
  if (value === null) return { ...item, delete: true }
  return {
    ...item,
    ...(value.number !== null && { number: value.number }),
    ...(value.text !== null && { text: value.text }),
  }
}

export function encodeFilter(filter: CellFilter): Record<string, unknown> {
  // Whatever else it has goes down too, to be refused: passed over, a misspelt member would mean every cell.
  return { ...filter }
}

function addressOnly({ module, entity, field, period }: Exclude<CellReference, string>) {
  return { module, entity, field, period }
}

interface WriteEnvelope {
  revision: number
  operationId: string
  sessionId: string
  actor: string | null
  at: string
  results: unknown[]
}
type CellTuple = readonly [
  id: string,
  module: string,
  entity: string | null,
  field: string,
  period: string | null,
  number: string | null,
  text: string | null,
  valueType: ValueType,
  isLocked: boolean,
  lockReason: string | null,
  version: number,
  modifiedBy: string | null,
  modifiedAt: string,
]
const cellShape: readonly Check[] = [
  isText,
  isText,
  isTextOrNull,
  isText,
  isTextOrNull,
  isTextOrNull,
  isTextOrNull,
  isValueType,
  isBoolean,
  isTextOrNull,
  Number.isSafeInteger,
  isTextOrNull,
  isText,
]

function toCellOrNull(tuple: unknown, where: Where): StoredCell | null {
  return tuple === null ? null : toCell(tuple, where)
}

export function toCell(tuple: unknown, where: Where): StoredCell {
  if (!fits(tuple, cellShape)) throw unexpected(`${where()}: not a cell`, tuple)
  const [
    id,
    module,
    entity,
    field,
    period,
    number,
    text,
    valueType,
    isLocked,
    lockReason,
    version,
    modifiedBy,
    modifiedAt,
  ] = tuple as CellTuple
  return Object.freeze({
    module,
    entity,
    field,
    period,
    exists: true,
    id,
    kind: kindOf(number, text),
    value: number ?? text,
    valueType,
    isLocked,
    lockReason,
    version,
    modifiedBy,
    modifiedAt,
  })
}

function toResult(tuple: unknown, where: Where, by: string | null, at: string): WriteResult {
  const [status, first, second, ...more] = Array.isArray(tuple) ? (tuple as unknown[]) : []
  const length = Array.isArray(tuple) ? tuple.length : 0
  if (more.length === 0) {
    if (status === 'written' && isText(first) && isInteger(second)) {
      return { status, id: first, version: second, by, at }
    }
    if (status === 'lease_lost' && (second === null || fits(second, [isText, isText]))) {
      const [heldBy, heldUntil] = (second ?? [null, null]) as [string | null, string | null]
      return { status, cell: toCellOrNull(first, where), heldBy, heldUntil }
    }
    if (status === 'invalid' && isText(first) && isText(second)) {
      return { status, field: first, message: second }
    }
    if (length === 2) {
      if (status === 'unchanged' || status === 'conflict') return { status, cell: toCellOrNull(first, where) }
      if (status === 'locked') return { status, cell: toCell(first, where) }
      if ((status === 'forbidden' || status === 'not_found') && isText(first))
        return { status, message: first }
    }
  }
  throw unexpected(`${where()}: not the result of a change`, tuple)
}
