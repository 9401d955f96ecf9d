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

export function outlineOf(rows: readonly ReceiptsRow[]): Outline {
  return {
    accounts: rows.map((row) => ({
      entity: entityOf(row),
      name: String(row['Account name']),
      category: String(row['Source category name']),
      agency: String(row['Agency name']),
    })),
    periods: rows[0] === undefined ? [] : periodsOf(rows[0]),
  }
}
