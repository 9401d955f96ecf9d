import { createRequire } from 'node:module'
import { readFile } from 'node:fs/promises'
import { join, dirname } from 'node:path'
import { v5 as uuidFrom } from 'uuid'
import type { CellAddress } from '@efir/cells'

/** One row of the US federal receipts as published: 12 columns that describe it, 60 that are periods. */
export type ReceiptsRow = Readonly<Record<string, string | number>>

/** One value of it as a planning cell. */
export interface ReceiptsCell {
  readonly address: CellAddress & { readonly entity: string; readonly period: string }
  /** Thousands of dollars, as an exact decimal. */
  readonly value: string
}

/** Account codes alone repeat; all of these together do not. */
const codeColumns = [
  'Source Category Code',
  'Source subcategory',
  'Agency code',
  'Bureau code',
  'Account code',
  'Treasury Agency code',
  'On- or off-budget',
] as const

/** Any constant will do, as long as it never changes: entity ids are derived from it. */
const namespace = '6f1c6d5e-4a0b-5d7e-9a53-5b6f0c1f2a77'
/** A year, or TQ: the quarter of 1976 between the end of one fiscal year and the new start of the next. */
const period = /^(\d{4}|TQ)$/
const groupedNumber = /^-?(\d+|\d{1,3}(,\d{3})+)$/

/** The data set as it lies in the package `vega-datasets`. */
export async function readReceipts(): Promise<readonly ReceiptsRow[]> {
  const entry = createRequire(import.meta.url).resolve('vega-datasets')
  const file = join(dirname(entry), '..', 'data', 'budget.json')
  return JSON.parse(await readFile(file, 'utf8')) as readonly ReceiptsRow[]
}

/** A row's id: the same in every run, on every machine. */
export function entityOf(row: ReceiptsRow): string {
  return uuidFrom(JSON.stringify(codeColumns.map((column) => row[column])), namespace)
}

/** The periods of a row in the order of time: TQ comes between 1976 and 1977. */
export function periodsOf(row: ReceiptsRow): string[] {
  const rank = (name: string) => (name === 'TQ' ? 1976.5 : Number(name))
  return Object.keys(row)
    .filter((column) => period.test(column))
    .sort((one, other) => rank(one) - rank(other))
}

/** Rows become entities, period columns become cells. Refuses what is not a number as published. */
export function toCells(rows: readonly ReceiptsRow[]): ReceiptsCell[] {
  return rows.flatMap((row, index) => {
    const entity = entityOf(row)
    return Object.entries(row)
      .filter(([column]) => period.test(column))
      .map(([column, given]) => {
        const text = String(given)
        if (!groupedNumber.test(text)) {
          throw new Error(`Row ${index}, column ${column}: ${JSON.stringify(given)} is not a number.`)
        }
        return {
          address: { module: 'receipts', entity, field: 'amount', period: column },
          value: text.replaceAll(',', ''),
        }
      })
  })
}
