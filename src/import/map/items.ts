import { cellKey, ValidationError, type CellAddress, type CellInput, type CellKey } from '../../index.ts'
import type { ImportReject } from '../report.ts'
import type { SourceRecord } from '../read/record.ts'
import type { ReadStatements, Statement } from './columns.ts'
import type { KeySet } from './key-set.ts'
import type { ReadNumeral } from './numeral.ts'
import { recordText } from './record-text.ts'
import { readValue, type RawValue } from './value.ts'

/** One cell that is to be written, and where the source says so. */
export interface ImportItem {
  readonly cell: CellAddress
  readonly value: CellInput
  readonly column: string | null
  readonly record: SourceRecord
}

/** What became of one statement before anything is sent. */
export type Judgement =
  | { readonly item: ImportItem; readonly key: CellKey }
  | { readonly reject: ImportReject }
  /** The source leaves the value empty. */
  | { readonly skipped: true }

/** What it takes to judge the records of one source. */
export interface Judge {
  readonly header: readonly string[] | undefined
  readonly statements: ReadStatements
  readonly readNumeral: ReadNumeral
  /** Undoes what keeps a spreadsheet from taking a text for a formula. */
  readonly unguard: (text: string) => string
  readonly seen: KeySet
}

/** What a record says, cell by cell. */
export function judge(record: SourceRecord, by: Judge): readonly Judgement[] {
  const { problem } = record
  const reject = (column: string | null, reason: string, cell: CellAddress | null = null): Judgement => ({
    reject: { line: record.line, column, status: 'invalid', reason, cell, record: recordText(record) },
  })
  if (problem !== undefined) return [reject(columnName(by.header, problem.column), problem.reason)]
  if (by.header !== undefined) {
    const { length } = record.values as readonly RawValue[]
    if (length !== by.header.length) {
      return [reject(null, `The record has ${length} fields where the header has ${by.header.length}.`)]
    }
  }
  let statements: readonly Statement[]
  try {
    statements = by.statements(record)
  } catch (error) {
    // A function among the columns does not know what to make of the record.
    return [reject(null, error instanceof Error ? error.message : String(error))]
  }
  return statements.map((statement) => judgeOne(record, statement, by, reject))
}

function judgeOne(
  record: SourceRecord,
  statement: Statement,
  by: Judge,
  reject: (column: string | null, reason: string, cell?: CellAddress) => Judgement,
): Judgement {
  const { column, kind, value } = statement
  const cell = {
    module: toCode(statement.module, by),
    entity: toCode(statement.entity, by),
    field: toCode(statement.field, by),
    period: toCode(statement.period, by),
  } as CellAddress
  let key: CellKey
  try {
    key = cellKey(cell)
  } catch (error) {
    if (!(error instanceof ValidationError)) throw error
    return reject(error.field.replace('address.', ''), error.message)
  }
  if (typeof kind === 'object') return reject('kind', kind.reason, cell)
  const isText = kind === 'text' && typeof value === 'string'
  const reading = readValue(isText ? by.unguard(value) : value, kind, by.readNumeral)
  if (reading.reason !== undefined) {
    by.seen.add(key, record.line)
    return reject(column, reading.reason, cell)
  }
  if (reading.input === undefined) return { skipped: true }
  const before = by.seen.add(key, record.line)
  if (before !== undefined) {
    const reason = `The cell is named in line ${before} already.`
    return {
      reject: { line: record.line, column, status: 'duplicate', reason, cell, record: recordText(record) },
    }
  }
  // A batch holds its items for a while, and has no more use for their keys.
  return { key, item: { cell, value: reading.input, column, record } }
}

function toCode(raw: RawValue, { unguard }: Judge): unknown {
  if (raw === undefined || raw === null || raw === '') return null
  return typeof raw === 'string' ? unguard(raw) : toText(raw)
}

/** A period such as 2025 may well be a number where it comes from. */
function toText(raw: RawValue): unknown {
  if (typeof raw === 'number' || typeof raw === 'bigint') return String(raw)
  return typeof raw === 'object' && raw !== null && 'text' in raw ? raw.text : raw
}

function columnName(header: readonly string[] | undefined, column: number | undefined): string | null {
  if (column === undefined) return null
  return header?.[column - 1] ?? String(column)
}
