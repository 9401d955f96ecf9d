// What goes wrong on the way to a client, decided in one place. Pure: the same seed, channel and count of messages give
// the same decision, whatever else happens at the time.

/** A message on its way to one channel. */
export interface RealtimeDelivery {
  readonly kind: 'broadcast' | 'presence' | 'postgres_changes'
  /** Without `realtime:`. */
  readonly topic: string
  /** The broadcast's event, `presence_state` or `presence_diff`, `INSERT`, `UPDATE` or `DELETE`. */
  readonly event: string
  /** The channels of a stack are counted from 1 as they join. */
  readonly channel: number
  /** The messages of a channel are counted from 0. */
  readonly index: number
}

/** What becomes of a message. `reorder` puts it behind the channel's next one. */
export type RealtimeFault = 'drop' | 'duplicate' | 'reorder' | { readonly delay: number }

/** How likely each fault is, from 0 to 1; or a decision for every message. */
export interface RealtimeFaults {
  readonly drop?: number
  readonly duplicate?: number
  readonly reorder?: number
  /** `milliseconds` is the longest; a delayed message can be overtaken. */
  readonly delay?: { readonly probability: number; readonly milliseconds: number }
  /** Another seed, other decisions. Default 1. */
  readonly seed?: number
  /** Asked first; `undefined` leaves it to the probabilities. */
  readonly decide?: (delivery: RealtimeDelivery) => RealtimeFault | undefined
}

/** Even numbers from 0 to 1 for a seed: the well-known mulberry32. */
function* random(seed: number): Generator<number, never> {
  let state = seed | 0
  for (;;) {
    state = (state + 0x6d2b79f5) | 0
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state)
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed
    yield ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32
  }
}

export function decideFault(faults: RealtimeFaults, delivery: RealtimeDelivery): RealtimeFault | undefined {
  const decided = faults.decide?.(delivery)
  if (decided !== undefined) return decided
  const { seed = 1, drop = 0, duplicate = 0, reorder = 0, delay } = faults
  const numbers = random(
    Math.imul(seed, 0x9e3779b1) ^ Math.imul(delivery.channel, 0x85ebca6b) ^ delivery.index,
  )
  const next = (): number => numbers.next().value
  if (next() < drop) return 'drop'
  if (next() < duplicate) return 'duplicate'
  if (next() < reorder) return 'reorder'
  if (delay !== undefined && next() < delay.probability) return { delay: next() * delay.milliseconds }
  return undefined
}
