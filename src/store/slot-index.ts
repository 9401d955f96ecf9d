const segments = 64
const smallest = 16
const empty = 0
const removed = -1

/**
 * Slots by hash, by open addressing: a few bytes a slot. It grows by parts (a hash has its segment, a segment doubles by
 * itself), so that no single insertion waits for a million others.
 */
export class SlotIndex {
  /** Two numbers a place: a slot + 1, or that it is empty, or that what was there is removed; and the slot's hash. */
  readonly #places: Int32Array[] = Array.from({ length: segments }, () => new Int32Array(0))
  readonly #used = new Int32Array(segments)
  readonly #live = new Int32Array(segments)

  /** The slot of this hash that `isWanted`, or -1. */
  find(hash: number, isWanted: (slot: number) => boolean): number {
    const places = this.#places[hash & (segments - 1)]!
    if (places.length === 0) return -1
    const mask = places.length - 1
    for (let at = startOf(hash, mask); ; at = (at + 2) & mask) {
      const place = places[at]!
      if (place === empty) return -1
      if (places[at + 1] === hash && place !== removed && isWanted(place - 1)) return place - 1
    }
  }

  add(slot: number, hash: number): void {
    const segment = hash & (segments - 1)
    const used = this.#used[segment]!
    let places = this.#places[segment]!
    if (used * 3 >= places.length) places = this.#rebuild(segment)
    put(places, slot + 1, hash)
    this.#used[segment] = this.#used[segment]! + 1
    this.#live[segment] = this.#live[segment]! + 1
  }

  /** Of a slot that was added with this hash. */
  delete(slot: number, hash: number): void {
    const segment = hash & (segments - 1)
    const places = this.#places[segment]!
    const mask = places.length - 1
    let at = startOf(hash, mask)
    while (places[at] !== slot + 1) at = (at + 2) & mask
    places[at] = removed
    this.#live[segment] = this.#live[segment]! - 1
  }

  /** Gives a segment room for twice what is in it, and drops what was removed. */
  #rebuild(segment: number): Int32Array {
    const live = this.#live[segment]!
    let room = smallest
    while (room <= live * 2) room *= 2
    const places = new Int32Array(2 * room)
    const old = this.#places[segment]!
    for (let at = 0; at < old.length; at += 2) {
      const place = old[at]!
      if (place > empty) put(places, place, old[at + 1]!)
    }
    this.#places[segment] = places
    this.#used[segment] = live
    return places
  }
}

function put(places: Int32Array, place: number, hash: number): void {
  const mask = places.length - 1
  let at = startOf(hash, mask)
  while (places[at] !== empty) at = (at + 2) & mask
  places[at] = place
  places[at + 1] = hash
}

/** The lowest bits chose the segment. A place is an even number. */
function startOf(hash: number, mask: number): number {
  return (hash >>> 5) & mask & ~1
}

/** Spreads every bit of the words over the result, a 32-bit integer. */
export function mixed(first: number, second: number, third: number, fourth: number): number {
  let hash = Math.imul(first, 0x9e3779b1) ^ Math.imul(second, 0x85ebca6b)
  hash = Math.imul(hash ^ (hash >>> 15), 0x2c1b3c6d) ^ Math.imul(third, 0xc2b2ae35)
  hash = Math.imul(hash ^ (hash >>> 13), 0x297a2d39) ^ Math.imul(fourth, 0x27d4eb2f)
  hash = Math.imul(hash ^ (hash >>> 16), 0x7feb352d)
  return hash ^ (hash >>> 15)
}
