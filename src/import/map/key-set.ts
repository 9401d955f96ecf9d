import { hashKey } from './key-hash.ts'

/** Keys and lines share a row of four numbers: 96 bits of a hash of the key, and the line. */
const rowSize = 4
const parts = 256
const firstRows = 64

/**
 * Which cells a source has named, and in which line, in about 30 bytes a cell whatever the length of its key. Two keys
 * in a million million million look alike.
 */
export class KeySet {
  readonly #tables = Array.from({ length: parts }, () => new KeyTable())
  /** Used over and over. */
  readonly #row = new Uint32Array(rowSize)

  /** Remembers the key; the line in which it was named before, or `undefined` where it is new. */
  add(key: string, line: number): number | undefined {
    return this.#tableOf(key)?.add(this.#row, line)
  }

  has(key: string): boolean {
    return this.#tableOf(key)?.has(this.#row) === true
  }

  #tableOf(key: string): KeyTable | undefined {
    hashKey(key, this.#row)
    return this.#tables[(this.#row[3] ?? 0) % parts]
  }
}

/** One of many small tables that grow one by one: no moment needs the whole set twice. */
class KeyTable {
  #rows: Uint32Array = new Uint32Array(firstRows * rowSize)
  #used = 0

  add(row: Uint32Array, line: number): number | undefined {
    const rows = this.#rows
    const at = find(rows, row)
    const known = rows[at + 3]
    if (known !== 0) return known
    rows.set(row, at)
    rows[at + 3] = line
    this.#used++
    if (this.#used * rowSize > rows.length * 0.7) this.#rows = grown(rows)
    return undefined
  }

  has(row: Uint32Array): boolean {
    return this.#rows[find(this.#rows, row) + 3] !== 0
  }
}

/** Where the row of that key is, or would be. */
function find(rows: Uint32Array, row: Uint32Array): number {
  const mask = rows.length / rowSize - 1
  for (let place = (row[0] ?? 0) & mask; ; place = (place + 1) & mask) {
    const at = place * rowSize
    if (rows[at + 3] === 0) return at
    if (rows[at] === row[0] && rows[at + 1] === row[1] && rows[at + 2] === row[2]) return at
  }
}

function grown(rows: Uint32Array): Uint32Array {
  const larger = new Uint32Array(rows.length * 2)
  for (let at = 0; at < rows.length; at += rowSize) {
    if (rows[at + 3] === 0) continue
    const row = rows.subarray(at, at + rowSize)
    larger.set(row, find(larger, row))
  }
  return larger
}
