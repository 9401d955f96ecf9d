import { existsSync, readFileSync, renameSync, writeFileSync } from 'node:fs'
import { percentile } from './measure.ts'

/** One measured row. `ratio` is ours divided by the baseline, in the row's unit; null where there is none. */
export interface Row {
  readonly name: string
  readonly unit: string
  readonly p50: number | null
  readonly p95: number | null
  readonly baseline: number | null
  readonly ratio: number | null
  readonly [field: string]: number | string | null
}

export interface Report {
  readonly suite: string
  readonly date: string
  readonly node: string
  readonly rows: readonly Row[]
}

/** Three significant digits: a shared machine gives no more. */
export function rounded(value: number): number {
  return Number(value.toPrecision(3))
}

/** A row in milliseconds: medians are compared. */
export function latencyRow(
  name: string,
  ours: readonly number[],
  baseline: readonly number[] | undefined,
  fields: Readonly<Record<string, number | string | null>> = {},
): Row {
  const p50 = percentile(ours, 0.5)
  const base = baseline === undefined ? null : percentile(baseline, 0.5)
  return {
    name,
    unit: 'ms',
    p50: rounded(p50),
    p95: rounded(percentile(ours, 0.95)),
    baseline: base === null ? null : rounded(base),
    ratio: base === null ? null : rounded(p50 / base),
    ...(baseline === undefined ? {} : { baselineP95: rounded(percentile(baseline, 0.95)) }),
    ...fields,
  }
}

/** A row whose subject is not there yet. */
export function absentRow(name: string, unit: string, note: string): Row {
  return { name, unit, p50: null, p95: null, baseline: null, ratio: null, note }
}

const COLUMNS = ['name', 'unit', 'p50', 'p95', 'baseline', 'ratio'] as const

export function table(rows: readonly Row[]): string {
  const cell = (value: number | string | null | undefined) =>
    value === null || value === undefined ? '–' : String(value)
  const lines = [
    [...COLUMNS, 'more'],
    ...rows.map((row) => [
      ...COLUMNS.map((column) => cell(row[column])),
      Object.entries(row)
        .filter(([field]) => !(COLUMNS as readonly string[]).includes(field))
        .map(([field, value]) => `${field} ${cell(value)}`)
        .join(', '),
    ]),
  ]
  const widths = COLUMNS.map((_, index) => Math.max(...lines.map((line) => line[index]?.length ?? 0)))
  return lines
    .map((line) =>
      line
        .map((text, index) => {
          const width = widths[index] ?? 0
          return index < 2 ? text.padEnd(width) : text.padStart(width)
        })
        .join('  ')
        .trimEnd(),
    )
    .join('\n')
}

/** In one step: a run that is killed while it writes leaves the file as it was. */
export function writeReport(file: string, report: Report): void {
  writeFileSync(`${file}.new`, `${JSON.stringify(report, undefined, 2)}\n`)
  renameSync(`${file}.new`, file)
}

/** The rows that a file has from runs before, if there is such a file. */
export function earlierRows(file: string, suite: string): readonly Row[] {
  if (!existsSync(file)) return []
  const report = JSON.parse(readFileSync(file, 'utf8')) as Report
  if (report.suite !== suite) throw new Error(`${file} has the rows of the suite ${report.suite}.`)
  return report.rows
}

/** With the row in the place of an earlier one of its name, else at the end. */
export function withRow(rows: readonly Row[], row: Row): readonly Row[] {
  return rows.some(({ name }) => name === row.name)
    ? rows.map((earlier) => (earlier.name === row.name ? row : earlier))
    : [...rows, row]
}
