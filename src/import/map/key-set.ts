import { hash } from 'node:crypto'

/** Keys and lines share a row of four numbers: 96 bits of SHA-256 of the key, and the line. */
const rowSize = 4
const parts = 256
const firstRows = 64

/**
 * Which cells a source has named, and in which line, in about 30 bytes a cell whatever the length of its key. Two keys
 * in a million million million look alike.
 */
export class KeySet {
  readonly #tables = Array.from({ length: parts }, () => new KeyTable())

  /** Remembers the key; the line in which it was named before, or `undefined` where it is new. */
  add(key: string, line: number): number | undefined {
    const digest = digestOf(key)
    return this.#tableOf(digest)?.add(rowOf(digest, line))
  }

  has(key: string): boolean {
    const digest = digestOf(key)
    return this.#tableOf(digest)?.has(rowOf(digest, 0)) === true
  }

  #tableOf(digest: string): KeyTable | undefined {
    return this.#tables[parseInt(digest.slice(24, 26), 16)]
  }
}

/** As text: a million buffers would leave holes in the memory that nobody fills. */
function digestOf(key: string): string {
  return hash('sha256', key, 'hex')
}

/** One of many small tables that grow one by one: no moment needs the whole set twice. */
class KeyTable {
  #rows: Uint32Array = new Uint32Array(firstRows * rowSize)
  #used = 0

  add(row: Uint32Array): number | undefined {
    const at = find(this.#rows, row)
    const known = this.#rows[at + 3]
    if (known !== 0) return known
    this.#rows.set(row, at)
    this.#used++
    if (this.#used * rowSize > this.#rows.length * 0.7) this.#rows = grown(this.#rows)
    return undefined
  }

  has(row: Uint32Array): boolean {
    return this.#rows[find(this.#rows, row) + 3] !== 0
  }
}

function rowOf(digest: string, line: number): Uint32Array {
  const word = (at: number): number => parseInt(digest.slice(at, at + 8), 16)
  return Uint32Array.of(word(0), word(8), word(16), line)
}

/** Where the row of that key is, or would be. */
function find(rows: Uint32Array, [first = 0, second, third]: Uint32Array): number {
  const mask = rows.length / rowSize - 1
  for (let place = first & mask; ; place = (place + 1) & mask) {
    const at = place * rowSize
    const isSame = rows[at] === first && rows[at + 1] === second && rows[at + 2] === third
    if (isSame || rows[at + 3] === 0) return at
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
