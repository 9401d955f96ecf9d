import { ValidationError } from '../../index.ts'
import type { SourceRecord } from '../read/record.ts'
import type { RawValue, ValueKind } from './value.ts'

/** A record as a column's function sees it: by the names of the columns. */
export type RecordView = Readonly<Record<string, unknown>>

/**
 * Where a part of a cell comes from: the column of that name, the same value for all (`{ value: 'revenue' }`), or what a
 * function makes of the record. A checkpoint knows a function by its text, so let it use nothing that changes.
 */
export type ColumnSource =
  string | { readonly value: string | null } | ((record: RecordView) => string | null | undefined)

/** Where the parts of a cell's address come from. */
interface AddressColumns {
  readonly module: ColumnSource
  /** A UUID, or nothing for a value of the module itself. */
  readonly entity?: ColumnSource | undefined
  readonly field: ColumnSource
  /** Says `number`, `text` or `empty`. @default { value: 'number' } */
  readonly kind?: ColumnSource | undefined
}

/** One cell a record. */
export interface LongColumns extends AddressColumns {
  readonly period?: ColumnSource | undefined
  /** An empty value says nothing about the cell, unless the kind is `text` or `empty`. */
  readonly value: ColumnSource
  readonly periods?: never
}

/** A column a period: each record has as many cells. */
export interface WideColumns extends AddressColumns {
  /**
   * The columns that are periods, by name, or those whose whole name fits a pattern; where that has a group, the group is the
   * period's code, else the name is.
   */
  readonly periods: readonly string[] | RegExp
  readonly period?: never
  readonly value?: never
}

/** Which column is what. */
export type ImportColumns = LongColumns | WideColumns

/** What one record says about one cell, unchecked. */
export interface Statement {
  readonly column: string | null
  readonly module: RawValue
  readonly entity: RawValue
  readonly field: RawValue
  readonly period: RawValue
  readonly kind: ValueKind | { readonly reason: string }
  readonly value: RawValue
}

/** Reads a record as statements. */
export type ReadStatements = (record: SourceRecord) => readonly Statement[]

/** The columns as {@link exportCells} writes them; what a cell may do without, the source may too. */
export function ownColumns(header: readonly string[] | undefined): LongColumns {
  const optional = (name: string) => (header?.includes(name) === false ? undefined : name)
  return {
    module: 'module',
    entity: optional('entity'),
    field: 'field',
    period: optional('period'),
    kind: optional('kind'),
    value: 'value',
  }
}

type Get = (record: SourceRecord) => RawValue
const absent: Get = () => null

/**
 * Makes of the columns what reads records of that header.
 *
 * @throws {ValidationError} naming the column that the source does not have, and those that it has.
 */
export function statementsOf(columns: ImportColumns, header: readonly string[] | undefined): ReadStatements {
  checkHeader(header)
  const get = (part: string, source: ColumnSource | undefined): Get =>
    source === undefined ? absent : getter(`columns.${part}`, source, header)
  const module = get('module', columns.module)
  const entity = get('entity', columns.entity)
  const field = get('field', columns.field)
  const kind = columns.kind === undefined ? () => 'number' : get('kind', columns.kind)
  const rest = (record: SourceRecord) => ({
    module: module(record),
    entity: entity(record),
    field: field(record),
    kind: toKind(kind(record)),
  })
  if (columns.periods === undefined) {
    const period = get('period', columns.period)
    const value = get('value', columns.value)
    const column = typeof columns.value === 'string' ? columns.value : null
    return (record) => [{ ...rest(record), column, period: period(record), value: value(record) }]
  }
  const { periods } = columns
  if (header === undefined) {
    return (record) => {
      const shared = rest(record)
      const cells = periodColumns(periods, Object.keys(record.values), false)
      return cells.map(({ name, period }) => ({
        ...shared,
        column: name,
        period,
        value: stated(byName(record, name)),
      }))
    }
  }
  const cells = periodColumns(periods, header, true).map(({ name, period }) => ({
    name,
    period,
    value: getter('columns.periods', name, header),
  }))
  return (record) => {
    const shared = rest(record)
    return cells.map(({ name, period, value }) => ({
      ...shared,
      column: name,
      period,
      value: stated(value(record)),
    }))
  }
}

/** In a wide table a text that is empty is one that is not there. */
function stated(value: RawValue): RawValue {
  return value === '' ? null : value
}

function checkHeader(header: readonly string[] | undefined): void {
  const twice = header?.find((name, index) => name !== '' && header.indexOf(name) !== index)
  if (twice !== undefined)
    throw new ValidationError('source', `a header with two columns ${twice}`, 'each name once')
}

function periodColumns(periods: readonly string[] | RegExp, names: readonly string[], isTable: boolean) {
  if (periods instanceof RegExp) {
    // Without `g` and `y`, which remember where they were.
    const pattern = new RegExp(`^(?:${periods.source})$`, periods.flags.replace(/[gy]/g, ''))
    const found = names.flatMap((name) => {
      const match = pattern.exec(name)
      return match === null ? [] : [{ name, period: match[1] ?? match[0] }]
    })
    if (isTable && found.length === 0) {
      throw new ValidationError(
        'columns.periods',
        String(periods),
        `a pattern for columns of the source: ${say(names)}`,
      )
    }
    return found
  }
  const missing = periods.find((name) => isTable && !names.includes(name))
  if (missing !== undefined) {
    throw new ValidationError('columns.periods', missing, `columns of the source: ${say(names)}`)
  }
  return periods.map((name) => ({ name, period: name }))
}

function getter(part: string, source: ColumnSource, header: readonly string[] | undefined): Get {
  if (typeof source === 'function') return (record) => source(viewOf(record, header))
  if (typeof source === 'object') return () => source.value
  if (header === undefined) return (record) => byName(record, source)
  const index = header.indexOf(source)
  if (index === -1)
    throw new ValidationError(part, source, `one of the columns of the source: ${say(header)}`)
  return (record) => (record.values as readonly RawValue[])[index]
}

function byName({ values }: SourceRecord, name: string): RawValue {
  // Only what the record says itself: every object has a `constructor`.
  return Object.hasOwn(values, name) ? (values as RecordView)[name] : undefined
}

function viewOf({ values }: SourceRecord, header: readonly string[] | undefined): RecordView {
  if (header === undefined) return values as RecordView
  return Object.fromEntries(header.map((name, index) => [name, (values as readonly RawValue[])[index]]))
}

function toKind(given: RawValue): Statement['kind'] {
  if (given === undefined || given === null) return 'number'
  if (given === 'number' || given === 'text' || given === 'empty') return given
  return { reason: 'The kind is not one of number, text and empty.' }
}

function say(names: readonly string[]): string {
  const some = names.slice(0, 20).map((name) => JSON.stringify(name.slice(0, 50)))
  return names.length > 20 ? `${some.join(', ')} and ${names.length - 20} more` : some.join(', ')
}
