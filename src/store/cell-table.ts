import type { ResolvedAddress } from '../model/address.ts'
import type { StoredCell } from '../model/cell.ts'
import { Names } from './names.ts'

/** What a slot holds: nothing (it is kept because somebody looks at it), a row, or the record that there is none any more. */
export type SlotState = 'absent' | 'row' | 'gone'

export const dimensions = ['module', 'entity', 'field', 'period'] as const
export type Dimension = (typeof dimensions)[number]

/** All cells of a budget by slot, a small number that a cell keeps while it is in the table. */
export class CellTable {
  readonly names: Readonly<Record<Dimension, Names>> = {
    module: new Names(),
    entity: new Names(),
    field: new Names(),
    period: new Names(),
  }
  readonly #slots = new Map<string, number>()
  readonly #ids = new Map<string, number>()
  readonly #addresses: (ResolvedAddress | undefined)[] = []
  readonly #rows: (StoredCell | undefined)[] = []
  readonly #states: SlotState[] = []
  readonly #versions: number[] = []
  readonly #known: number[] = []
  readonly #free: number[] = []
  #rowCount = 0
  /** Moves whenever what a cell shows may have changed. */
  generation = 0

  /** How many slots hold a row. */
  get rows(): number {
    return this.#rowCount
  }

  has(slot: number): boolean {
    return this.#addresses[slot] !== undefined
  }

  find(address: ResolvedAddress): number {
    return this.#slots.get(textOf(address)) ?? -1
  }

  findById(id: string): number {
    return this.#ids.get(id) ?? -1
  }

  claim(address: ResolvedAddress): number {
    const found = this.find(address)
    if (found >= 0) return found
    const slot = this.#free.pop() ?? this.#addresses.length
    const { module, entity, field, period } = address
    this.#addresses[slot] = { module, entity, field, period }
    this.#slots.set(textOf(address), slot)
    this.forget(slot)
    return slot
  }

  release(slot: number): void {
    this.forget(slot)
    this.#slots.delete(textOf(this.address(slot)))
    this.#addresses[slot] = undefined
    this.#free.push(slot)
  }

  address(slot: number): ResolvedAddress {
    const address = this.#addresses[slot]
    if (address === undefined) throw new RangeError(`No cell has slot ${slot}.`)
    return address
  }

  number(slot: number, dimension: Dimension): number {
    return this.names[dimension].numberOf(this.address(slot)[dimension])
  }

  state(slot: number): SlotState {
    return this.#states[slot] ?? 'absent'
  }

  version(slot: number): number {
    return this.#versions[slot] ?? 0
  }

  /** The newest revision at which what the slot holds is known to have been so; -1 where that counts no more. */
  known(slot: number): number {
    return this.#known[slot] ?? -1
  }

  setKnown(slot: number, revision: number): void {
    this.#known[slot] = revision
  }

  row(slot: number): StoredCell | undefined {
    return this.#rows[slot]
  }

  put(slot: number, cell: StoredCell, revision: number): void {
    this.#hold(slot, 'row', cell.version, revision)
    this.#rows[slot] = cell
    this.#rowCount += 1
    this.#ids.set(cell.id, slot)
  }

  bury(slot: number, version: number, revision: number): void {
    this.#hold(slot, 'gone', version, revision)
  }

  forget(slot: number): void {
    this.#hold(slot, 'absent', 0, -1)
  }

  *slots(): Iterable<number> {
    for (const [slot, address] of this.#addresses.entries()) if (address !== undefined) yield slot
  }

  #hold(slot: number, state: SlotState, version: number, revision: number): void {
    const before = this.#rows[slot]
    if (before !== undefined) {
      this.#ids.delete(before.id)
      this.#rowCount -= 1
    }
    this.#rows[slot] = undefined
    this.#states[slot] = state
    this.#versions[slot] = version
    this.#known[slot] = revision
  }
}

function textOf({ module, entity, field, period }: ResolvedAddress): string {
  return JSON.stringify([module, entity, field, period])
}
