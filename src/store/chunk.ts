/** Slots come in chunks of this many: room grows by a chunk, and nothing that is held is moved. */
export const chunkBits = 12
export const chunkSize = 1 << chunkBits

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
}
