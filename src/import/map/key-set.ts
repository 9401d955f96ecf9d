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
    const bytes = hash('sha256', key, 'buffer')
    return this.#tableOf(bytes)?.add(rowOf(bytes, line))
  }

  has(key: string): boolean {
    const bytes = hash('sha256', key, 'buffer')
    return this.#tableOf(bytes)?.has(rowOf(bytes, 0)) === true
  }

  #tableOf(bytes: Buffer): KeyTable | undefined {
    return this.#tables[bytes.readUInt8(12) % parts]
  }
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

function rowOf(bytes: Buffer, line: number): Uint32Array {
  return Uint32Array.of(bytes.readUInt32LE(0), bytes.readUInt32LE(4), bytes.readUInt32LE(8), line)
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
