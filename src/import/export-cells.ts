import {
  ValidationError,
  type Budget,
  type CellFilter,
  type ChangeRecord,
  type Moment,
  type StoredCell,
} from '../index.ts'
import { changeRows, longRows, wideRows } from './write/rows.ts'
import type { Rows } from './write/row.ts'
import { openSink, type ExportSink } from './write/sink.ts'
import { writeCsv } from './write/write-csv.ts'
import { writeNdjson } from './write/write-ndjson.ts'
import { writeXlsx } from './write/write-xlsx.ts'

/** What an export is written as. */
export type ExportFormat = 'csv' | 'ndjson' | 'xlsx'

/** Settings of {@link exportCells}. */
export interface ExportOptions {
  /**
   * What it is written as.
   * @default told by the file's ending
   */
  readonly format?: ExportFormat | undefined
  /**
   * `long`: a row a cell, which importCells() reads without being told anything. `wide`: a row for all periods of a field.
   * `changes`: a row a change on record, newest first.
   * @default 'long'
   */
  readonly shape?: 'long' | 'wide' | 'changes' | undefined
  /**
   * Which cells, or changes of which cells. With `asOf` and of changes it is by `module`, `entity`, `field` and `period`.
   * @default all
   */
  readonly filter?: CellFilter | undefined
  /**
   * The cells as they were at a revision or a time.
   * @default as they are
   */
  readonly asOf?: Moment | undefined
  /** Ends the export, with the signal's reason. Of a file nothing is left then. */
  readonly signal?: AbortSignal | undefined
  /** Called after every page. */
  readonly onProgress?: ((progress: ExportProgress) => void) | undefined
}

/** How far an export is. */
export interface ExportProgress {
  /** Cells or changes read. */
  readonly cells: number
  /** Bytes written. */
  readonly bytes: number
}

/** What was exported. */
export interface ExportReport extends ExportProgress {
  /**
   * The revision that it shows. Where others wrote meanwhile, pages show different ones, and this is the first; with
   * `asOf` all show one. `null` where there was no page.
   */
  readonly revision: number | null
}

const formats: readonly ExportFormat[] = ['csv', 'ndjson', 'xlsx']
/** Cells of a wide table, which is held in memory. */
const mostWide = 500_000
/** Characters that are gathered before they are written. */
const pieceSize = 256 * 1024

/**
 * Writes the cells of a budget, as they are or as they were, or their log, to a file or a stream, page by page in memory that
 * does not grow with them. Numbers are written in all their digits. In CSV a text that a spreadsheet would run as a formula is
 * written with an apostrophe before it, which importCells() takes away again.
 *
 * @throws {ValidationError} where an option is not acceptable, or what is to be written does not fit the format.
 * @throws {NotFoundError} where the budget is not the caller's to see.
 * @example
 * ```ts
 * import type { Budget } from '@efir/cells'
 * import { exportCells } from '@efir/cells/import'
 *
 * async function backUp(budget: Budget) {
 *   const { cells, revision } = await exportCells(budget, 'budget.csv', { filter: { module: 'revenue' } })
 *   return `${cells} cells as of revision ${revision ?? 0}`
 * }
 * void backUp
 * ```
 */
export async function exportCells(
  budget: Budget,
  sink: ExportSink,
  options: ExportOptions = {},
): Promise<ExportReport> {
  const { format = formatOf(sink), signal, onProgress } = options
  if (!formats.includes(format)) {
    throw new ValidationError('format', format, "'csv', 'ndjson' or 'xlsx'")
  }
  signal?.throwIfAborted()
  let report: ExportReport = { cells: 0, bytes: 0, revision: null }
  const onPage = (count: number, revision: number): void => {
    report = { ...report, cells: report.cells + count, revision: report.revision ?? revision }
  }
  const rows = await rowsOf(budget, options, onPage)
  const open = await openSink(sink)
  try {
    for await (const piece of pieces(rows, format)) {
      signal?.throwIfAborted()
      await open.write(piece)
      report = { ...report, bytes: report.bytes + piece.length }
      onProgress?.({ cells: report.cells, bytes: report.bytes })
    }
  } catch (error) {
    await open.abandon()
    throw error
  }
  await open.finish()
  return report
}

async function rowsOf(
  budget: Budget,
  { shape = 'long', filter = {}, asOf, signal }: ExportOptions,
  onPage: (count: number, revision: number) => void,
): Promise<Rows> {
  if (shape === 'changes') {
    if (asOf !== undefined)
      throw new ValidationError('asOf', asOf, 'nothing for changes, which are of all times')
    return changeRows(changePages(budget, filter, signal, onPage))
  }
  const pages = cellPages(budget, filter, asOf, signal, onPage)
  if (shape === 'long') return longRows(pages)
  if ((shape as string) !== 'wide') throw new ValidationError('shape', shape, "'long', 'wide' or 'changes'")
  return await wideRows(pages, mostWide)
}

async function* cellPages(
  budget: Budget,
  filter: CellFilter,
  asOf: Moment | undefined,
  signal: AbortSignal | undefined,
  onPage: (count: number, revision: number) => void,
): AsyncGenerator<readonly StoredCell[], void, undefined> {
  const options = { pageSize: 5_000, signal }
  const list = asOf === undefined ? budget.list(filter, options) : budget.asOf(asOf).list(filter, options)
  for await (const { cells, revision } of list.pages()) {
    onPage(cells.length, revision)
    yield cells
  }
}

async function* changePages(
  budget: Budget,
  filter: CellFilter,
  signal: AbortSignal | undefined,
  onPage: (count: number, revision: number) => void,
): AsyncGenerator<readonly ChangeRecord[], void, undefined> {
  for await (const { changes, revision } of budget.history
    .list(filter, { pageSize: 1_000, signal })
    .pages()) {
    onPage(changes.length, revision)
    yield changes
  }
}

async function* pieces(rows: Rows, format: ExportFormat): AsyncGenerator<Uint8Array, void, undefined> {
  if (format === 'xlsx') {
    yield* writeXlsx(rows)
    return
  }
  const encoder = new TextEncoder()
  let text = ''
  for await (const some of format === 'csv' ? writeCsv(rows) : writeNdjson(rows)) {
    text += some
    if (text.length < pieceSize) continue
    yield encoder.encode(text)
    text = ''
  }
  yield encoder.encode(text)
}

function formatOf(sink: ExportSink): ExportFormat {
  const name = typeof sink === 'string' || sink instanceof URL ? String(sink) : ''
  const ending = /\.([a-z]+)$/i.exec(name)?.[1]?.toLowerCase()
  const format = formats.find((known) => known === (ending === 'jsonl' ? 'ndjson' : ending))
  if (format === undefined) {
    throw new ValidationError('format', undefined, "'csv', 'ndjson' or 'xlsx', for the sink does not tell")
  }
  return format
}
