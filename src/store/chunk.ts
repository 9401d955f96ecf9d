/** Slots come in chunks of this many: room grows by a chunk, and nothing that is held is moved. */
export const chunkBits = 11
export const chunkSize = 1 << chunkBits

/** The columns of a chunk of slots: 97 bytes a slot. */
export class Chunk {
  /** Of module, entity, field and period: the numbers of their names. */
  readonly parts = new Uint32Array(4 * chunkSize)
  readonly ids = new Uint32Array(4 * chunkSize)
  readonly high = new Int32Array(chunkSize)
  readonly low = new Int32Array(chunkSize)
  readonly microseconds = new Float64Array(chunkSize)
  readonly known = new Float64Array(chunkSize)
  readonly versions = new Int32Array(chunkSize)
  readonly authors = new Uint32Array(chunkSize)
  readonly reasons = new Uint32Array(chunkSize)
  /** The next and the previous slot of the same entity, plus one. A free slot has the next free one. */
  readonly next = new Uint32Array(chunkSize)
  readonly previous = new Uint32Array(chunkSize)
  readonly flags = new Uint8Array(chunkSize)
  readonly offsets = new Uint8Array(chunkSize)
  /** What fits no column, by slot: texts, and whatever is not written the usual way. */
  readonly texts = new Map<number, string>()
  readonly oddIds = new Map<number, string>()
  readonly oddMoments = new Map<number, string>()
}
