import { entityOf, periodsOf, type ReceiptsRow } from '../federal-budget/receipts.ts'

/** A row of the grid: what the application knows of an entity. Its cells come from the sheet. */
export interface Account {
  readonly entity: string
  readonly name: string
  readonly category: string
  readonly agency: string
}

/** What the page has to know of the budget before it opens it. */
export interface Outline {
  readonly accounts: readonly Account[]
  readonly periods: readonly string[]
}

/** So many rows of the published ones, one after the other and again from the first: to see how the grid does with many. */
export function repeatRows(rows: readonly ReceiptsRow[], count: number): ReceiptsRow[] {
  if (!Number.isInteger(count) || count < 1 || count > 10_000) {
    throw new Error(`The number of rows is a whole number from 1 to 10,000, not ${count}.`)
  }
  return Array.from({ length: count }, (_, index) => {
    const row = rows[index % rows.length]
    if (row === undefined) throw new Error('There is no row to repeat.')
    const turn = Math.floor(index / rows.length)
    if (turn === 0) return row
    return {
      ...row,
      'Account code': `${String(row['Account code'])}-${turn + 1}`,
      'Account name': `${String(row['Account name'])} (${turn + 1})`,
    }
  })
}

/** By source as published, and the largest first within each: a budget is read from the top. */
export function outlineOf(rows: readonly ReceiptsRow[]): Outline {
  const periods = rows[0] === undefined ? [] : periodsOf(rows[0])
  const sources = [...new Set(rows.map(sourceOf))]
  const sorted = rows.toSorted(
    (one, other) =>
      sources.indexOf(sourceOf(one)) - sources.indexOf(sourceOf(other)) ||
      sizeOf(other, periods) - sizeOf(one, periods),
  )
  return {
    accounts: sorted.map((row) => ({
      entity: entityOf(row),
      name: String(row['Account name']),
      category: sourceOf(row),
      agency: String(row['Agency name']),
    })),
    periods,
  }
}

const sourceOf = (row: ReceiptsRow): string => String(row['Source category name'])

/** Of the last years together; for an order alone, so a float will do. */
function sizeOf(row: ReceiptsRow, periods: readonly string[]): number {
  return periods
    .slice(-10)
    .reduce((sum, period) => sum + Math.abs(Number(String(row[period]).replaceAll(',', ''))), 0)
}
