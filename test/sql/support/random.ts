export interface Random {
  /** A whole number from 0 to below `limit`. */
  below(limit: number): number
  chance(probability: number): boolean
  pick<T>(from: readonly T[]): T
  /** Some different ones, in the order that they have. */
  sample<T>(from: readonly T[], count: number): T[]
}

/** The same numbers for the same seed: a linear congruential generator, whose high bits are good enough to play with. */
export function randomFrom(seed: number): Random {
  let state = BigInt(seed) * 2n + 1n
  const next = (): number => {
    state = (state * 6_364_136_223_846_793_005n + 1_442_695_040_888_963_407n) & 0xffff_ffff_ffff_ffffn
    return Number(state >> 32n) / 2 ** 32
  }
  for (let n = 0; n < 4; n += 1) next()
  const below = (limit: number): number => Math.floor(next() * limit)
  return {
    below,
    chance: (probability) => next() < probability,
    pick: (from) => from[below(from.length)]!,
    sample: (from, count) => {
      const places = new Set<number>()
      while (places.size < Math.min(count, from.length)) places.add(below(from.length))
      return [...places].sort((a, b) => a - b).map((place) => from[place]!)
    },
  }
}
