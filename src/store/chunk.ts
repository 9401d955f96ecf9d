import type { StoredCell } from '../model/cell.ts'
import { numberText, readNumber } from './exact-number.ts'
import { momentText, readMoment } from './moment.ts'
import type { Names } from './names.ts'
import { uuidText } from './uuid-words.ts'

/** Slots come in chunks of this many: room grows by a chunk, and nothing that is held is moved. */
export const chunkBits = 12
export const chunkSize = 1 << chunkBits

const halves = { high: 0, low: 0 }
const moment = { microseconds: 0, offsetAt: 0 }
const mostOffsets = 256

/** The columns of a chunk of slots, all in one buffer. */
export class Chunk {
  readonly #buffer = new ArrayBuffer(chunkSize * 78)
  readonly microseconds = new Float64Array(this.#buffer, 0, chunkSize)
  readonly known = new Float64Array(this.#buffer, chunkSize * 8, chunkSize)
  /** Of module, entity, field and period: the numbers of their names. */
  readonly parts = new Uint32Array(this.#buffer, chunkSize * 16, 4 * chunkSize)
  readonly ids = new Uint32Array(this.#buffer, chunkSize * 32, 4 * chunkSize)
  readonly high = new Int32Array(this.#buffer, chunkSize * 48, chunkSize)
  readonly low = new Int32Array(this.#buffer, chunkSize * 52, chunkSize)
  readonly versions = new Int32Array(this.#buffer, chunkSize * 56, chunkSize)
  readonly authors = new Uint32Array(this.#buffer, chunkSize * 60, chunkSize)
  readonly reasons = new Uint32Array(this.#buffer, chunkSize * 64, chunkSize)
  /** The next and the previous slot of the same entity, plus one. A free slot has the next free one. */
  readonly next = new Uint32Array(this.#buffer, chunkSize * 68, chunkSize)
  readonly previous = new Uint32Array(this.#buffer, chunkSize * 72, chunkSize)
  readonly flags = new Uint8Array(this.#buffer, chunkSize * 76, chunkSize)
  readonly offsets = new Uint8Array(this.#buffer, chunkSize * 77, chunkSize)
  /** What fits no column, by slot: texts, and whatever is not written the usual way. */
  readonly texts = new Map<number, string>()
  readonly oddIds = new Map<number, string>()
  readonly oddMoments = new Map<number, string>()

  /** Returns the two bits that say where the value is: nowhere, in the columns, a text, a number kept as text. */
  putValue(at: number, { kind, value }: StoredCell): number {
    if (kind === 'number' && value !== null && readNumber(value, halves)) {
      this.high[at] = halves.high
      this.low[at] = halves.low
      if (this.texts.size > 0) this.texts.delete(at)
      return 1
    }
    if (value === null) this.texts.delete(at)
    else this.texts.set(at, value)
    return value === null ? 0 : kind === 'text' ? 2 : 3
  }

  valueOf(at: number, bits: number): string | null {
    if (bits === 0) return null
    return bits === 1 ? numberText(this.high[at]!, this.low[at]!) : (this.texts.get(at) ?? null)
  }

  putMoment(at: number, text: string, offsets: Names): void {
    const offset = readMoment(text, moment) ? offsets.numberOfEnd(text, moment.offsetAt) : mostOffsets
    if (offset >= mostOffsets) {
      this.oddMoments.set(at, text)
      return
    }
    this.microseconds[at] = moment.microseconds
    this.offsets[at] = offset
    if (this.oddMoments.size > 0) this.oddMoments.delete(at)
  }

  momentOf(at: number, offsets: Names): string {
    const odd = this.oddMoments.get(at)
    return odd ?? momentText(this.microseconds[at]!, offsets.textOf(this.offsets[at]!) ?? '')
  }

  idOf(at: number): string {
    return this.oddIds.get(at) ?? uuidText(this.ids, 4 * at)
  }

  clearTexts(at: number): void {
    this.texts.delete(at)
    this.oddIds.delete(at)
    this.oddMoments.delete(at)
  }
}
