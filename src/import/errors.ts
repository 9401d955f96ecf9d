import { CellsError, type CellsErrorCode, type CellsErrorOptions } from '../index.ts'
import type { ImportReport } from './report.ts'

/**
 * The source cannot be read any further: a quote that is never closed, bytes in another encoding, a damaged archive.
 * `line` and `column` say where.
 */
export class SourceError extends CellsError {
  override readonly name = 'SourceError'
  override readonly code = 'invalid'
  /** Counted from 1: the line of a text, the row of a sheet, the place in an iterable; `null` where there is none. */
  readonly line: number | null
  /** Counted from 1, in characters of the line; `null` where there is none. */
  readonly column: number | null

  constructor(
    message: string,
    place: { readonly line?: number | undefined; readonly column?: number | undefined } = {},
    options: CellsErrorOptions = {},
  ) {
    const where = [
      ...(place.line === undefined ? [] : [`line ${place.line}`]),
      ...(place.column === undefined ? [] : [`column ${place.column}`]),
    ].join(', ')
    super(where === '' ? message : `${where[0]?.toUpperCase() ?? ''}${where.slice(1)}: ${message}`, options)
    this.line = place.line ?? null
    this.column = place.column ?? null
  }
}

/**
 * An import ended before its source did. What `report` counts has landed; everything else has not, but for the batches
 * that were on their way where `retryable`. With a checkpoint the import goes on from there, and every cell is written
 * once. `cause` is what ended it: a {@link SourceError}, a `CellsError`, or what the source threw.
 *
 * @example
 * ```ts
 * import { ImportError } from '@efir/cells/import'
 *
 * function explain(error: unknown): string {
 *   if (!(error instanceof ImportError)) throw error
 *   return `${error.message} ${error.report.counts.created} cells had been made by then.`
 * }
 * void explain
 * ```
 */
export class ImportError extends CellsError {
  override readonly name = 'ImportError'
  override readonly code: CellsErrorCode
  override readonly retryable: boolean
  /** What had become of the import until then. */
  readonly report: ImportReport

  constructor(cause: unknown, report: ImportReport) {
    const ours = cause instanceof CellsError ? cause : undefined
    const said = cause instanceof Error ? cause.message : String(cause)
    super(`The import ended after ${report.records} records: ${said}`, { cause, hint: ours?.hint })
    this.code = ours?.code ?? 'invalid'
    this.retryable = ours?.retryable ?? false
    this.report = report
  }
}
