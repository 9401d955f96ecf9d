import type { ResolvedAddress } from '../model/address.ts'
import { kindOf, type ValueType } from '../model/cell.ts'
import type { CellId, OperationId, SessionId, UserId } from '../model/ids.ts'
import type { ChangeType } from '../transport/port.ts'
import {
  fits,
  isBoolean,
  isInteger,
  isText,
  isTextOrNull,
  isChangeType,
  isValueType,
  oneOf,
  parse,
  type Check,
} from '../transport/shape.ts'

// What docs/reference/wire.md says of list_changes.

/** What the log says a change was: a write's own kind, or the undo or redo of a step. */
export type LoggedChangeType = ChangeType | 'undo' | 'redo'

declare const changeCursorBrand: unique symbol
/** A place in the log: where a list goes on. JSON can carry it to another day or device; what is in it is the database's. */
export type ChangeCursor = readonly unknown[] & { readonly [changeCursorBrand]: true }

/** What a cell held before or after a change. */
export interface RecordedValue {
  /** `number` for an exact decimal, `text` for text, `empty` for neither. */
  readonly kind: 'number' | 'text' | 'empty'
  /** The decimal as exact text (`DecimalText`), or the text, or `null`. */
  readonly value: string | null
  /** The cell's version; `null` where there was no cell, and in records older than the library's migrations. */
  readonly version: number | null
}

/** One change of one cell, as it is on record. Frozen; nobody can edit or delete it. */
export interface ChangeRecord {
  readonly id: string
  /** Of the commit that it belongs to; `null` in records older than the library's migrations. */
  readonly revision: number | null
  /** ISO 8601, by the database's clock. */
  readonly at: string
  /** The user id of who did it; `null` for a service. */
  readonly by: UserId | null
  /** What happened to the cell. `restore`: it had been deleted, and came back. */
  readonly action: 'insert' | 'update' | 'delete' | 'restore' | 'lock' | 'unlock'
  /** By what kind of work. */
  readonly changeType: LoggedChangeType
  readonly cellId: CellId
  readonly address: ResolvedAddress
  /** Whether the cell is there now. */
  readonly exists: boolean
  readonly before: RecordedValue
  readonly after: RecordedValue
  /** `null` in records older than the library's migrations. */
  readonly valueType: ValueType | null
  /** Whether it was locked afterwards, and why. */
  readonly isLocked: boolean
  readonly lockReason: string | null
  readonly sessionId: SessionId | null
  readonly sessionLabel: string | null
  /** Of an undo or redo: the session whose changes were taken back or brought back. */
  readonly refSessionId: SessionId | null
  readonly operationId: OperationId | null
}

/** Some of the records, newest first. */
export interface ChangePage {
  /** The budget's revision that this page shows. */
  readonly revision: number
  readonly changes: readonly ChangeRecord[]
  /** Where the next page begins; `null` at the end. */
  readonly next: ChangeCursor | null
}

const isNumberOrNull: Check = (value) => value === null || isInteger(value)
const cellShape: readonly Check[] = [isText, isText, isTextOrNull, isText, isTextOrNull]
const valueShape: readonly Check[] = [isTextOrNull, isTextOrNull, isNumberOrNull]

type CellPart = readonly [
  id: string,
  module: string,
  entity: string | null,
  field: string,
  period: string | null,
]
type ValuePart = readonly [number: string | null, text: string | null, version: number | null]
interface RawChange extends Omit<ChangeRecord, 'by' | 'cellId' | 'address' | 'before' | 'after'> {
  readonly actor: string | null
  readonly cell: CellPart
  readonly before: ValuePart
  readonly after: ValuePart
}

const changeShape: Readonly<Record<keyof RawChange, Check>> = {
  id: isText,
  revision: isNumberOrNull,
  at: isText,
  actor: isTextOrNull,
  action: oneOf('insert', 'update', 'delete', 'restore', 'lock', 'unlock'),
  changeType: isChangeType,
  cell: (cell) => fits(cell, cellShape),
  exists: isBoolean,
  before: (value) => fits(value, valueShape),
  after: (value) => fits(value, valueShape),
  valueType: (type) => type === null || isValueType(type),
  isLocked: isBoolean,
  lockReason: isTextOrNull,
  sessionId: isTextOrNull,
  sessionLabel: isTextOrNull,
  refSessionId: isTextOrNull,
  operationId: isTextOrNull,
}

export function decodeChangePage(json: unknown): ChangePage {
  const page = parse<Omit<ChangePage, 'changes'> & { changes: unknown[] }>(json, 'list_changes', {
    revision: isInteger,
    changes: Array.isArray,
    next: (cursor) => cursor === null || Array.isArray(cursor),
  })
  return { ...page, changes: page.changes.map(toChange) }
}

function toChange(json: unknown, index: number): ChangeRecord {
  const change = parse<RawChange>(json, `list_changes, changes.${index}`, changeShape)
  const { actor, cell, before, after, ...rest } = change
  const [cellId, module, entity, field, period] = cell
  const address = Object.freeze({ module, entity, field, period })
  return Object.freeze({
    ...rest,
    by: actor,
    cellId,
    address,
    before: toValue(before),
    after: toValue(after),
  })
}

function toValue([number, text, version]: ValuePart): RecordedValue {
  return Object.freeze({ kind: kindOf(number, text), value: number ?? text, version })
}
