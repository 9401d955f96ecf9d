import type { ResolvedAddress } from '../model/address.ts'
import type { StoredCell } from '../model/cell.ts'
import { Chunk, chunkBits, chunkSize } from './chunk.ts'
import { Names } from './names.ts'
import { mixed, SlotIndex } from './slot-index.ts'
import { readUuid } from './uuid-words.ts'

/** What a slot holds: nothing (it is kept because somebody looks at it), a row, or the record that there is none any more. */
export type SlotState = 'absent' | 'row' | 'gone'

export const dimensions = ['module', 'entity', 'field', 'period'] as const
export type Dimension = (typeof dimensions)[number]

const place: Readonly<Record<Dimension, number>> = { module: 0, entity: 1, field: 2, period: 3 }

// The flags of a slot, from the lowest bit: state (2), kind (2), value type (2), locked (1).
const free = 0
const states = ['absent', 'absent', 'row', 'gone'] as const
const absent = 1
const row = 2
const gone = 3
const kinds = ['empty', 'number', 'text', 'number'] as const
const valueTypes = ['input', 'calculated', 'imported'] as const
const locked = 64

/** Sought for a name that no cell has: no cell has this number. */
const nameless = 0xffff_ffff

/** All cells of a budget in columns, by slot: a small number that a cell keeps while it is in the table. */
export class CellTable {
  readonly names: Readonly<Record<Dimension, Names>> = {
    module: new Names(),
    entity: new Names(),
    field: new Names(),
    period: new Names(),
  }
  /** Moves whenever what a cell shows may have changed. */
  generation = 0
  /** How many slots hold a row. */
  rows = 0
  readonly #chunks: Chunk[] = []
  readonly #authors = new Names()
  readonly #reasons = new Names()
  readonly #offsets = new Names()
  /** By number of the entity, the slot of one of its cells, plus one. */
  readonly #firstOfEntity: number[] = []
  #end = 0
  #nextFree = 0

  // What is looked for, in fields, because the indexes ask about slots many times a lookup.
  readonly #soughtParts = new Uint32Array(4)
  #soughtHash = 0
  readonly #soughtId = new Uint32Array(4)
  readonly #byAddress = new SlotIndex()
  /** Made when somebody first asks by id: most never do, and it is a fifth of the cost of loading. */
  #byId: SlotIndex | undefined
  readonly #byOddId = new Map<string, number>()
  readonly #hasSoughtParts = (slot: number) => isAt(this.#chunk(slot).parts, slot, this.#soughtParts)
  readonly #hasSoughtId = (slot: number) => isAt(this.#chunk(slot).ids, slot, this.#soughtId)

  has(slot: number): boolean {
    return slot < this.#end && (this.#flags(slot) & 3) !== free
  }

  find({ module, entity, field, period }: ResolvedAddress): number {
    const { names } = this
    const sought = this.#soughtParts
    sought[0] = names.module.find(module) ?? nameless
    sought[1] = names.entity.find(entity) ?? nameless
    sought[2] = names.field.find(field) ?? nameless
    sought[3] = names.period.find(period) ?? nameless
    this.#soughtHash = hashAt(sought, 0)
    return this.#byAddress.find(this.#soughtHash, this.#hasSoughtParts)
  }

  findById(id: string): number {
    const sought = this.#soughtId
    if (!readUuid(id, sought)) return this.#byOddId.get(id) ?? -1
    this.#byId ??= this.#indexOfIds()
    return this.#byId.find(hashAt(sought, 0), this.#hasSoughtId)
  }

  /** The slot of an address, made where there is none. */
  claim(address: ResolvedAddress): number {
    const found = this.find(address)
    return found < 0 ? this.add(address) : found
  }

  /** Makes the slot of an address that {@link find} has just not found. */
  add(address: ResolvedAddress): number {
    const slot = this.#takeFree()
    const chunk = this.#chunk(slot)
    const at = slot % chunkSize
    let hash: number | undefined = this.#soughtHash
    for (const dimension of dimensions) {
      const part = place[dimension]
      let number = this.#soughtParts[part]!
      if (number === nameless) {
        number = this.names[dimension].numberOf(address[dimension])
        hash = undefined
      }
      chunk.parts[4 * at + part] = number
    }
    chunk.flags[at] = absent
    chunk.versions[at] = 0
    chunk.known[at] = -1
    this.#byAddress.add(slot, hash ?? hashAt(chunk.parts, slot))
    this.#chain(slot)
    return slot
  }

  /** Frees a slot: its number may be another cell's from now on. */
  release(slot: number): void {
    this.forget(slot)
    const chunk = this.#chunk(slot)
    this.#byAddress.delete(slot, hashAt(chunk.parts, slot))
    this.#unchain(slot)
    chunk.flags[slot % chunkSize] = free
    chunk.next[slot % chunkSize] = this.#nextFree
    this.#nextFree = slot + 1
  }

  address(slot: number): ResolvedAddress {
    const { names } = this
    return {
      module: names.module.textOf(this.number(slot, 'module')) ?? '',
      entity: names.entity.textOf(this.number(slot, 'entity')),
      field: names.field.textOf(this.number(slot, 'field')) ?? '',
      period: names.period.textOf(this.number(slot, 'period')),
    }
  }

  number(slot: number, dimension: Dimension): number {
    return this.#chunk(slot).parts[4 * (slot % chunkSize) + place[dimension]]!
  }

  state(slot: number): SlotState {
    return states[(this.#flags(slot) & 3) as 0 | 1 | 2 | 3]
  }

  /** Of a row, or of the deletion; 0 where there is neither. */
  version(slot: number): number {
    return this.#chunk(slot).versions[slot % chunkSize]!
  }

  /** The newest revision at which what the slot holds is known to have been so; -1 where that counts no more. */
  known(slot: number): number {
    return this.#chunk(slot).known[slot % chunkSize]!
  }

  setKnown(slot: number, revision: number): void {
    this.#chunk(slot).known[slot % chunkSize] = revision
  }

  put(slot: number, cell: StoredCell, revision: number): void {
    const chunk = this.#chunk(slot)
    const at = slot % chunkSize
    if ((this.#flags(slot) & 3) !== row || !this.#hasId(chunk, at, cell.id)) {
      this.#leave(slot)
      this.rows += 1
      this.#putId(chunk, at, slot, cell.id)
    }
    chunk.versions[at] = cell.version
    chunk.known[at] = revision
    chunk.authors[at] = this.#authors.numberOf(cell.modifiedBy)
    chunk.reasons[at] = this.#reasons.numberOf(cell.lockReason)
    chunk.putMoment(at, cell.modifiedAt, this.#offsets)
    chunk.flags[at] =
      row |
      (chunk.putValue(at, cell) << 2) |
      (valueTypes.indexOf(cell.valueType) << 4) |
      (cell.isLocked ? locked : 0)
  }

  /** The row of a slot; undefined where it holds none. Made anew each time. */
  row(slot: number): StoredCell | undefined {
    const flags = this.#flags(slot)
    if ((flags & 3) !== row) return undefined
    const chunk = this.#chunk(slot)
    const at = slot % chunkSize
    const { module, entity, field, period } = this.address(slot)
    const kind = kinds[((flags >> 2) & 3) as 0 | 1 | 2 | 3]
    return Object.freeze({
      module,
      entity,
      field,
      period,
      exists: true,
      id: chunk.idOf(at),
      kind,
      value: chunk.valueOf(at, (flags >> 2) & 3),
      valueType: valueTypes[((flags >> 4) & 3) as 0 | 1 | 2],
      isLocked: (flags & locked) !== 0,
      lockReason: this.#reasons.textOf(chunk.reasons[at]!),
      version: chunk.versions[at]!,
      modifiedBy: this.#authors.textOf(chunk.authors[at]!),
      modifiedAt: chunk.momentOf(at, this.#offsets),
    })
  }

  bury(slot: number, version: number, revision: number): void {
    this.#empty(slot, gone, version, revision)
  }

  forget(slot: number): void {
    this.#empty(slot, absent, 0, -1)
  }

  /** Visits every slot, or those of some entities. What `visit` does must not claim or release. */
  forEach(entities: Iterable<number> | undefined, visit: (slot: number) => void): void {
    if (entities === undefined) {
      for (let slot = 0; slot < this.#end; slot += 1) if ((this.#flags(slot) & 3) !== free) visit(slot)
      return
    }
    for (const entity of entities) {
      let slot = (this.#firstOfEntity[entity] ?? 0) - 1
      while (slot >= 0) {
        visit(slot)
        slot = this.#chunk(slot).next[slot % chunkSize]! - 1
      }
    }
  }

  #chunk(slot: number): Chunk {
    return this.#chunks[slot >>> chunkBits]!
  }

  #flags(slot: number): number {
    return this.#chunk(slot).flags[slot % chunkSize]!
  }

  #takeFree(): number {
    if (this.#nextFree > 0) {
      const slot = this.#nextFree - 1
      this.#nextFree = this.#chunk(slot).next[slot % chunkSize]!
      return slot
    }
    if (this.#end % chunkSize === 0) this.#chunks.push(new Chunk())
    this.#end += 1
    return this.#end - 1
  }

  #chain(slot: number): void {
    const entity = this.number(slot, 'entity')
    const first = this.#firstOfEntity[entity] ?? 0
    const chunk = this.#chunk(slot)
    chunk.next[slot % chunkSize] = first
    chunk.previous[slot % chunkSize] = 0
    if (first > 0) this.#chunk(first - 1).previous[(first - 1) % chunkSize] = slot + 1
    this.#firstOfEntity[entity] = slot + 1
  }

  #unchain(slot: number): void {
    const chunk = this.#chunk(slot)
    const next = chunk.next[slot % chunkSize]!
    const previous = chunk.previous[slot % chunkSize]!
    if (next > 0) this.#chunk(next - 1).previous[(next - 1) % chunkSize] = previous
    if (previous > 0) this.#chunk(previous - 1).next[(previous - 1) % chunkSize] = next
    else this.#firstOfEntity[this.number(slot, 'entity')] = next
  }

  #empty(slot: number, state: number, version: number, revision: number): void {
    this.#leave(slot)
    const chunk = this.#chunk(slot)
    chunk.flags[slot % chunkSize] = state
    chunk.versions[slot % chunkSize] = version
    chunk.known[slot % chunkSize] = revision
  }

  /** Takes a slot's row out, with everything that is kept beside the columns. */
  #leave(slot: number): void {
    if ((this.#flags(slot) & 3) !== row) return
    this.rows -= 1
    const chunk = this.#chunk(slot)
    const at = slot % chunkSize
    const oddId = chunk.oddIds.get(at)
    if (oddId === undefined) this.#byId?.delete(slot, hashAt(chunk.ids, slot))
    else this.#byOddId.delete(oddId)
    chunk.clearTexts(at)
  }

  #putId(chunk: Chunk, at: number, slot: number, id: string): void {
    if (readUuid(id, this.#soughtId)) {
      for (let word = 0; word < 4; word += 1) chunk.ids[4 * at + word] = this.#soughtId[word]!
      this.#byId?.add(slot, hashAt(this.#soughtId, 0))
    } else {
      chunk.oddIds.set(at, id)
      this.#byOddId.set(id, slot)
    }
  }

  #indexOfIds(): SlotIndex {
    const index = new SlotIndex()
    this.forEach(undefined, (slot) => {
      const { ids, oddIds } = this.#chunk(slot)
      if (this.state(slot) === 'row' && !oddIds.has(slot % chunkSize)) index.add(slot, hashAt(ids, slot))
    })
    return index
  }

  #hasId(chunk: Chunk, at: number, id: string): boolean {
    if (!readUuid(id, this.#soughtId)) return chunk.oddIds.get(at) === id
    return isAt(chunk.ids, at, this.#soughtId) && !chunk.oddIds.has(at)
  }
}

function hashAt(words: Uint32Array, slot: number): number {
  const at = 4 * (slot % chunkSize)
  return mixed(words[at]!, words[at + 1]!, words[at + 2]!, words[at + 3]!)
}

function isAt(words: Uint32Array, slot: number, sought: Uint32Array): boolean {
  const at = 4 * (slot % chunkSize)
  return (
    words[at] === sought[0] &&
    words[at + 1] === sought[1] &&
    words[at + 2] === sought[2] &&
    words[at + 3] === sought[3]
  )
}
