const HEX = Array.from({ length: 256 }, (_, byte) => byte.toString(16).padStart(2, '0'))

/** Random numbers from a seed: the same seed gives the same data everywhere. */
export interface Random {
  /** 0 up to, not including, 2³². */
  bits(): number
  /** 0 up to, not including, `limit`. */
  below(limit: number): number
  /** 0 up to, not including, 1. */
  fraction(): number
  /** Version 4. */
  uuid(): string
  /** Begins with the time, as the database's own ids do (014_lean_indexes). */
  uuidAt(prefix: string): string
}

/** The part of an id that the time gives, for {@link Random.uuidAt}. */
export function timePrefix(milliseconds: number): string {
  const hex = milliseconds.toString(16).padStart(12, '0')
  return `${hex.slice(0, 8)}-${hex.slice(8)}-70`
}

function hex4(bits: number): string {
  return (HEX[(bits >>> 8) & 255] ?? '') + (HEX[bits & 255] ?? '')
}

function hex8(bits: number): string {
  return hex4(bits >>> 16) + hex4(bits)
}

/** mulberry32: small, fast, and random enough for data. */
export function seeded(seed: number): Random {
  let state = seed >>> 0
  const bits = (): number => {
    state = (state + 0x6d2b79f5) >>> 0
    let mixed = Math.imul(state ^ (state >>> 15), state | 1)
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61)
    return (mixed ^ (mixed >>> 14)) >>> 0
  }
  const tail = (): string => {
    const middle = bits()
    return `${hex4(0x8000 | (middle & 0x3fff))}-${hex8(bits())}${hex4(middle >>> 16)}`
  }
  return {
    bits,
    below: (limit) => Math.floor((bits() / 4_294_967_296) * limit),
    fraction: () => bits() / 4_294_967_296,
    uuid() {
      const last = bits()
      return `${hex8(bits())}-${hex4(last)}-${hex4(0x4000 | ((last >>> 16) & 0x0fff))}-${tail()}`
    },
    uuidAt: (prefix) => `${prefix}${HEX[bits() & 255] ?? ''}-${tail()}`,
  }
}
