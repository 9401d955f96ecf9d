import * as z from 'zod/mini'
import { ProtocolError } from '../errors.ts'
import type { StoredCell } from '../model/cell.ts'
import type {
  CellFilter,
  CellPage,
  CellReference,
  CellsReply,
  WriteItem,
  WriteReply,
  WriteResult,
} from './port.ts'

// docs/reference/wire.md is the contract that this file reads and writes.

const cellTuple = z.tuple([
  z.string(),
  z.string(),
  z.nullable(z.string()),
  z.string(),
  z.nullable(z.string()),
  z.nullable(z.string()),
  z.nullable(z.string()),
  z.enum(['input', 'calculated', 'imported']),
  z.boolean(),
  z.nullable(z.string()),
  z.int(),
  z.nullable(z.string()),
  z.string(),
])
const revision = z.int()

const cellsReply = z.object({ revision, cells: z.array(z.nullable(cellTuple)) })
const cellPage = z.object({ revision, cells: z.array(cellTuple), next: z.nullable(z.string()) })

const writeResult = z.union([
  z.tuple([z.literal('written'), z.string(), z.int()]),
  z.tuple([z.literal('unchanged'), z.nullable(cellTuple)]),
  z.tuple([z.literal('conflict'), z.nullable(cellTuple)]),
  z.tuple([z.literal('locked'), cellTuple]),
  z.tuple([z.enum(['forbidden', 'not_found']), z.string()]),
  z.tuple([z.literal('invalid'), z.string(), z.string()]),
])
const writeReply = z.object({
  revision,
  operationId: z.string(),
  sessionId: z.string(),
  actor: z.nullable(z.string()),
  at: z.string(),
  results: z.array(writeResult),
})
const refusalDetail = z.object({
  results: z.optional(z.array(z.tuple([z.int()], z.unknown()))),
  field: z.optional(z.string()),
  given: z.optional(z.unknown()),
  allowed: z.optional(z.string()),
})

export function decodeCellsReply(json: unknown): CellsReply {
  const reply = parse(cellsReply, json, 'read_cells')
  return { revision: reply.revision, cells: reply.cells.map((tuple) => tuple && toCell(tuple)) }
}

export function decodeCellPage(json: unknown): CellPage {
  const page = parse(cellPage, json, 'list_cells')
  return { revision: page.revision, cells: page.cells.map(toCell), next: page.next }
}

export function decodeWriteReply(json: unknown): WriteReply {
  const reply = parse(writeReply, json, 'write_cells')
  const { revision, operationId, sessionId, actor, at } = reply
  return {
    revision,
    operationId,
    sessionId,
    results: reply.results.map((tuple) => toResult(tuple, actor, at)),
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
  const parsed = refusalDetail.safeParse(json)
  if (!parsed.success) return none
  const { results = [], field, given, allowed } = parsed.data
  return {
    results: results.map(
      ([index, ...result]) => [index, toResult(parse(writeResult, result, 'refusal'), null, '')] as const,
    ),
    argument: field === undefined ? undefined : { field, given, allowed: allowed ?? '' },
  }
}

export function encodeReference(reference: CellReference): unknown {
  if (typeof reference === 'string') return reference
  return [reference.module, reference.entity, reference.field, reference.period]
}

export function encodeItem({ reference, value, base }: WriteItem): Record<string, unknown> {
  const named = typeof reference === 'string' ? { id: reference } : addressOnly(reference)
  if (value === null) return { ...named, base, delete: true }
  return {
    ...named,
    base,
    ...(value.number !== null && { number: value.number }),
    ...(value.text !== null && { text: value.text }),
  }
}

export function encodeFilter(filter: CellFilter): Record<string, unknown> {
  const { module, entity, field, period, locked, modifiedBy } = filter
  return { module, entity, field, period, locked, modifiedBy }
}

function addressOnly({ module, entity, field, period }: Exclude<CellReference, string>) {
  return { module, entity, field, period }
}

function parse<Schema extends z.ZodMiniType>(schema: Schema, json: unknown, from: string): z.output<Schema> {
  const parsed = schema.safeParse(json)
  if (parsed.success) return parsed.data
  const issue = parsed.error.issues[0]
  throw new ProtocolError(
    `The answer of ${from} is not in the expected shape: ${issue?.message ?? 'unreadable'} at ${issue?.path.join('.') ?? 'the top'}.`,
    {
      cause: parsed.error,
      hint: 'Do the installed migrations and this version of @efir/cells belong together?',
    },
  )
}

function toCell(tuple: z.output<typeof cellTuple>): StoredCell {
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
  ] = tuple
  return Object.freeze({
    module,
    entity,
    field,
    period,
    exists: true,
    id,
    kind: number !== null ? 'number' : text !== null ? 'text' : 'empty',
    value: number ?? text,
    valueType,
    isLocked,
    lockReason,
    version,
    modifiedBy,
    modifiedAt,
  })
}

function toResult(tuple: z.output<typeof writeResult>, by: string | null, at: string): WriteResult {
  switch (tuple[0]) {
    case 'written':
      return { status: 'written', id: tuple[1], version: tuple[2], by, at }
    case 'unchanged':
    case 'conflict':
      return { status: tuple[0], cell: tuple[1] && toCell(tuple[1]) }
    case 'locked':
      return { status: 'locked', cell: toCell(tuple[1]) }
    case 'forbidden':
    case 'not_found':
      return { status: tuple[0], message: tuple[1] }
    case 'invalid':
      return { status: 'invalid', field: tuple[1], message: tuple[2] }
  }
}
