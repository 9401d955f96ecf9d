import type { ResolvedAddress } from '../model/address.ts'
import { dimensions, type CellTable } from './cell-table.ts'
import type { ExternalStore, VisibleCell } from './facts.ts'
import type { Listeners } from './listeners.ts'
import type { Selector } from './selector.ts'

/** The cells of a selection, in the order of their addresses. While nobody listens it costs a commit nothing. */
export class CellRange implements ExternalStore<readonly VisibleCell[]> {
  readonly #selector: Selector
  readonly #table: CellTable
  readonly #listeners: Listeners
  readonly #show: (slot: number) => VisibleCell
  #cells: readonly VisibleCell[] = Object.freeze([])
  #dirty: Set<number> | undefined
  #subscribers = 0
  #generation = -1
  #unmark: (() => void) | undefined

  constructor(
    selector: Selector,
    table: CellTable,
    listeners: Listeners,
    show: (slot: number) => VisibleCell,
  ) {
    this.#selector = selector
    this.#table = table
    this.#listeners = listeners
    this.#show = show
  }

  readonly subscribe = (listener: () => void): (() => void) => {
    this.#subscribers += 1
    if (this.#subscribers === 1) {
      this.getSnapshot()
      this.#dirty = new Set()
      this.#unmark = this.#listeners.mark(this.#selector, (slots) => {
        for (const slot of slots) this.#dirty?.add(slot)
      })
    }
    const unsubscribe = this.#listeners.ofRange(this.#selector, listener)
    let isOver = false
    return () => {
      if (isOver) return
      isOver = true
      unsubscribe()
      this.#subscribers -= 1
      if (this.#subscribers > 0) return
      this.#unmark?.()
      this.#dirty = undefined
    }
  }

  readonly getSnapshot = (): readonly VisibleCell[] => {
    const generation = this.#table.generation
    if (generation === this.#generation) return this.#cells
    this.#generation = generation
    const dirty = this.#dirty
    if (dirty?.size === 0) return this.#cells
    const cells =
      dirty === undefined || dirty.size * 8 > this.#cells.length ? this.#made() : this.#edited(dirty)
    dirty?.clear()
    if (!isSame(cells, this.#cells)) this.#cells = Object.freeze(cells)
    return this.#cells
  }

  readonly getServerSnapshot = this.getSnapshot

  #made(): VisibleCell[] {
    const cells: VisibleCell[] = []
    this.#table.forEach(this.#selector.entities, (slot) => {
      if (!this.#selector.matches(this.#table, slot)) return
      const cell = this.#show(slot)
      if (cell.exists) cells.push(cell)
    })
    return cells.sort(compareAddresses)
  }

  #edited(dirty: ReadonlySet<number>): VisibleCell[] {
    const held = this.#cells
    const cells: VisibleCell[] = []
    let next = 0
    for (const cell of [...dirty].map((slot) => this.#show(slot)).sort(compareAddresses)) {
      const place = placeOf(held, cell)
      for (; next < place; next += 1) cells.push(held[next]!)
      const found = held[place]
      if (found !== undefined && compareAddresses(found, cell) === 0) next = place + 1
      if (cell.exists) cells.push(cell)
    }
    for (; next < held.length; next += 1) cells.push(held[next]!)
    return cells
  }
}

function isSame(one: readonly VisibleCell[], other: readonly VisibleCell[]): boolean {
  return one.length === other.length && one.every((cell, index) => cell === other[index])
}

function placeOf(cells: readonly VisibleCell[], cell: VisibleCell): number {
  let low = 0
  let high = cells.length
  while (low < high) {
    const middle = (low + high) >>> 1
    const found = cells[middle]
    if (found !== undefined && compareAddresses(found, cell) < 0) low = middle + 1
    else high = middle
  }
  return low
}

/** Module, entity, field, period, by code units, what is absent first: the same everywhere. */
function compareAddresses(one: ResolvedAddress, other: ResolvedAddress): number {
  for (const dimension of dimensions) {
    const [left, right] = [one[dimension], other[dimension]]
    if (left === right) continue
    if (left === null) return -1
    if (right === null) return 1
    return left < right ? -1 : 1
  }
  return 0
}
