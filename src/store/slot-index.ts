const segments = 64
const smallest = 16
const empty = 0
const removed = -1

/**
 * Slots by hash, by open addressing: a few bytes a slot. It grows by parts (a hash has its segment, a segment doubles by
 * itself), so that no single insertion waits for a million others.
 */
export class SlotIndex {
  readonly #hashOf: (slot: number) => number
  /** Each place holds a slot + 1, or says that it is empty, or that what was there is removed. */
  readonly #places: Int32Array[] = Array.from({ length: segments }, () => new Int32Array(0))
  readonly #used = new Int32Array(segments)
  readonly #live = new Int32Array(segments)

  constructor(hashOf: (slot: number) => number) {
    this.#hashOf = hashOf
  }

  /** The slot of this hash that `isWanted`, or -1. */
  find(hash: number, isWanted: (slot: number) => boolean): number {
    const places = this.#places[hash & (segments - 1)] as Int32Array
    if (places.length === 0) return -1
    const mask = places.length - 1
    for (let at = (hash >>> 6) & mask; ; at = (at + 1) & mask) {
      const place = places[at] as number
      if (place === empty) return -1
      if (place !== removed && isWanted(place - 1)) return place - 1
    }
  }

  add(slot: number): void {
    const hash = this.#hashOf(slot)
    const segment = hash & (segments - 1)
    const used = this.#used[segment] as number
    let places = this.#places[segment] as Int32Array
    if (used * 3 >= places.length * 2) places = this.#rebuild(segment)
    put(places, hash, slot)
    this.#used[segment] = (this.#used[segment] as number) + 1
    this.#live[segment] = (this.#live[segment] as number) + 1
  }

  delete(slot: number): void {
    const hash = this.#hashOf(slot)
    const segment = hash & (segments - 1)
    const places = this.#places[segment] as Int32Array
    const mask = places.length - 1
    for (let at = (hash >>> 6) & mask; places[at] !== empty; at = (at + 1) & mask) {
      if (places[at] !== slot + 1) continue
      places[at] = removed
      this.#live[segment] = (this.#live[segment] as number) - 1
      return
    }
  }

  #rebuild(segment: number): Int32Array {
    const live = this.#live[segment] as number
    let size = smallest
    while (size < live * 2 + 2) size *= 2
    const places = new Int32Array(size)
    for (const place of this.#places[segment] as Int32Array) {
      if (place > empty) put(places, this.#hashOf(place - 1), place - 1)
    }
    this.#places[segment] = places
    this.#used[segment] = live
    return places
  }
}

function put(places: Int32Array, hash: number, slot: number): void {
  const mask = places.length - 1
  let at = (hash >>> 6) & mask
  while (places[at] !== empty) at = (at + 1) & mask
  places[at] = slot + 1
}

/** Spreads every bit of the words over the result, which is 0 or more. */
export function mixed(first: number, second: number, third: number, fourth: number): number {
  let hash = Math.imul(first, 0x9e3779b1) ^ Math.imul(second, 0x85ebca6b)
  hash = Math.imul(hash ^ (hash >>> 15), 0x2c1b3c6d) ^ Math.imul(third, 0xc2b2ae35)
  hash = Math.imul(hash ^ (hash >>> 13), 0x297a2d39) ^ Math.imul(fourth, 0x27d4eb2f)
  hash = Math.imul(hash ^ (hash >>> 16), 0x7feb352d)
  return (hash ^ (hash >>> 15)) >>> 0
}
