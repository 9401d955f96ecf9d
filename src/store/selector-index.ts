import { dimensions, type CellTable, type Dimension } from './cell-table.ts'
import type { Selector } from './selector.ts'

/** Finds the selections that a cell is in, without asking all of them: each is filed under what narrows it most. */
export class SelectorIndex<Item extends { readonly selector: Selector }> {
  readonly #table: CellTable
  readonly #items = new Map<string, Item>()
  readonly #everything = new Set<Item>()
  readonly #filed: Readonly<Record<Dimension, Map<number, Set<Item>>>> = {
    module: new Map(),
    entity: new Map(),
    field: new Map(),
    period: new Map(),
  }

  constructor(table: CellTable) {
    this.#table = table
  }

  get size(): number {
    return this.#items.size
  }

  get(key: string): Item | undefined {
    return this.#items.get(key)
  }

  add(item: Item): void {
    this.#items.set(item.selector.key, item)
    const narrowest = item.selector.narrowest()
    if (narrowest === undefined) {
      this.#everything.add(item)
      return
    }
    const files = this.#filed[narrowest[0]]
    for (const number of narrowest[1]) {
      const file = files.get(number)
      if (file === undefined) files.set(number, new Set([item]))
      else file.add(item)
    }
  }

  delete(item: Item): void {
    if (this.#items.get(item.selector.key) !== item) return
    this.#items.delete(item.selector.key)
    this.#everything.delete(item)
    const narrowest = item.selector.narrowest()
    if (narrowest === undefined) return
    const files = this.#filed[narrowest[0]]
    for (const number of narrowest[1]) {
      const file = files.get(number)
      if (file?.delete(item) === true && file.size === 0) files.delete(number)
    }
  }

  /** Calls `found` for each selection that the slot's cell is in. */
  forEach(slot: number, found: (item: Item) => void): void {
    for (const item of this.#everything) found(item)
    for (const dimension of dimensions) {
      const files = this.#filed[dimension]
      if (files.size === 0) continue
      const file = files.get(this.#table.number(slot, dimension))
      if (file === undefined) continue
      for (const item of file) if (item.selector.matches(this.#table, slot)) found(item)
    }
  }
}
