import type { CellAddress } from '@efir/cells'
import type { Account } from './project.ts'
import { blockOf, clamp, positionsOf, type Block, type CellRange, type Position } from './range/range.ts'

/** What of the grid the user sees and has selected. Replaced when something in it changes. */
export interface GridState {
  /** As displayed: filtered rows are not there. */
  readonly rows: readonly Account[]
  readonly periods: readonly string[]
  readonly range: CellRange | null
}

export const moduleCode = 'receipts'
const fieldName = 'amount'

/** The selection and the displayed rows as one external store: what shows them renders by itself, and not the grid. */
export class GridView {
  readonly #listeners = new Set<() => void>()
  #state: GridState

  constructor(rows: readonly Account[], periods: readonly string[]) {
    this.#state = { rows, periods, range: null }
  }

  readonly getSnapshot = (): GridState => this.#state
  readonly subscribe = (listener: () => void): (() => void) => {
    this.#listeners.add(listener)
    return () => this.#listeners.delete(listener)
  }

  get size() {
    return { rows: this.#state.rows.length, columns: this.#state.periods.length }
  }

  get block(): Block | null {
    return this.#state.range && blockOf(this.#state.range)
  }

  readonly select = (range: CellRange | null): void => {
    if (!isSameRange(this.#state.range, range)) this.#set({ ...this.#state, range })
  }

  /** Rows as they are displayed now; the selection stays with its first cell, or ends where that is gone. */
  readonly show = (rows: readonly Account[]): void => {
    const { range, rows: before } = this.#state
    if (rows.length === before.length && rows.every((row, index) => row === before[index])) return
    const entity = range && before[range.anchor.row]?.entity
    const row = rows.findIndex((account) => account.entity === entity)
    const anchor = range && row >= 0 ? { row, column: range.anchor.column } : null
    this.#set({
      ...this.#state,
      rows,
      range: anchor && {
        anchor,
        head: row === range?.anchor.row ? clamp(range.head, { ...this.size, rows: rows.length }) : anchor,
      },
    })
  }

  addressAt({ row, column }: Position): CellAddress | null {
    return addressAt(this.#state, { row, column })
  }

  addressesIn(block: Block): CellAddress[] {
    return positionsOf(block).flatMap((at) => this.addressAt(at) ?? [])
  }

  /** Where a cell is displayed; `null` where it is not. */
  positionOf({ entity, period }: CellAddress): Position | null {
    const row = this.#state.rows.findIndex((account) => account.entity === entity)
    const column = this.#state.periods.indexOf(period ?? '')
    return row < 0 || column < 0 ? null : { row, column }
  }

  #set(state: GridState): void {
    this.#state = state
    for (const listener of [...this.#listeners]) listener()
  }
}

export function addressOf(entity: string, period: string): CellAddress {
  return { module: moduleCode, entity, field: fieldName, period }
}

export function addressAt(
  { rows, periods }: Pick<GridState, 'rows' | 'periods'>,
  { row, column }: Position,
): CellAddress | null {
  const account = rows[row]
  const period = periods[column]
  return account === undefined || period === undefined ? null : addressOf(account.entity, period)
}

const isSame = (one: Position, other: Position) => one.row === other.row && one.column === other.column

function isSameRange(one: CellRange | null, other: CellRange | null): boolean {
  if (one === null || other === null) return one === other
  return isSame(one.anchor, other.anchor) && isSame(one.head, other.head)
}
