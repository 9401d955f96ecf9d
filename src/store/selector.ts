import type { ResolvedAddress } from '../model/address.ts'
import { dimensions, type CellTable, type Dimension } from './cell-table.ts'
import type { CellSelection } from './facts.ts'

/** A selection, made ready to be asked about many cells. */
export class Selector {
  /** Equal for selections that were written the same way. */
  readonly key: string
  readonly #texts: [Dimension, ReadonlySet<string | null>][] = []
  readonly #numbers: [Dimension, ReadonlySet<number>][] = []

  constructor(selection: CellSelection, { names }: Pick<CellTable, 'names'>) {
    for (const dimension of dimensions) {
      const wanted = selection[dimension]
      if (wanted === undefined) continue
      const texts = new Set(typeof wanted === 'object' && wanted !== null ? wanted : [wanted])
      this.#texts.push([dimension, texts])
      this.#numbers.push([dimension, new Set([...texts].map((text) => names[dimension].numberOf(text)))])
    }
    this.key = JSON.stringify(this.#texts.map(([dimension, texts]) => [dimension, ...texts]))
  }

  /** The dimension that narrows most, and the numbers wanted there; undefined where everything is wanted. */
  narrowest(): [Dimension, ReadonlySet<number>] | undefined {
    return this.#numbers.reduce<[Dimension, ReadonlySet<number>] | undefined>(
      (best, one) => (best === undefined || one[1].size < best[1].size ? one : best),
      undefined,
    )
  }

  /** The numbers of the entities wanted; undefined where any will do. */
  get entities(): ReadonlySet<number> | undefined {
    return this.#numbers.find(([dimension]) => dimension === 'entity')?.[1]
  }

  matches(table: CellTable, slot: number): boolean {
    return this.#numbers.every(([dimension, wanted]) => wanted.has(table.number(slot, dimension)))
  }

  matchesAddress(address: ResolvedAddress): boolean {
    return this.#texts.every(([dimension, wanted]) => wanted.has(address[dimension]))
  }
}
