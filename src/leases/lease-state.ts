// What is known of a lease, and what has to be done about it, in milliseconds of the client's own clock. Pure: the
// driver is lease.ts. test/leases/lease-state.test.ts holds it to its promises in any order of events:
// never held past `until`, at most one renewal in flight, and an end that stays the end.

/** A lease, as far as this client can know. */
export type LeaseState =
  | {
      readonly status: 'held'
      /** Counted from before the request was sent: the database's own end comes no earlier. */
      readonly until: number
      /** When to renew it. */
      readonly renewAt: number
      /** When the renewal in flight was sent. */
      readonly renewing: number | null
    }
  | { readonly status: 'released' | 'lost' }

/**
 * `tick`: time has passed. `renewed`, `failed` and `lost` are what became of a renewal: it landed, it may yet be tried
 * again, or the database says that the lease is gone. `doubt`: somebody else may have it. `release`: it is not needed any
 * more.
 */
export type LeaseEvent = 'tick' | 'renewed' | 'failed' | 'lost' | 'doubt' | 'release'

/** The share of its time after which a lease is renewed, so that there is time for more than one try. */
const renewAfter = 1 / 3
/** The same, until the next try. */
const retryAfter = 1 / 10

/** A lease that was asked for, or renewed, at that time. */
export function heldSince(sentAt: number, ttl: number): LeaseState {
  return { status: 'held', until: sentAt + ttl, renewAt: sentAt + ttl * renewAfter, renewing: null }
}

/** What an event at that time makes of it. A state whose `renewing` is new asks for a renewal to be sent. */
export function step(state: LeaseState, event: LeaseEvent, now: number, ttl: number): LeaseState {
  if (state.status !== 'held') return state
  if (event === 'release') return { status: 'released' }
  // Even if a renewal landed: who asked in between was told that it is lost, and that stays so.
  if (event === 'lost' || now >= state.until) return { status: 'lost' }
  // The database knows: to ask it is to renew.
  if (event === 'doubt') return state.renewing === null ? { ...state, renewing: now } : state
  if (event === 'tick') {
    return state.renewing === null && now >= state.renewAt ? { ...state, renewing: now } : state
  }
  if (state.renewing === null) return state
  if (event === 'renewed') return heldSince(state.renewing, ttl)
  return { ...state, renewing: null, renewAt: now + ttl * retryAfter }
}

/** When the next tick is due; never, once it has ended. */
export function nextTick(state: LeaseState): number {
  if (state.status !== 'held') return Infinity
  return state.renewing === null ? Math.min(state.renewAt, state.until) : state.until
}

/** Milliseconds until somebody else's lease is asked about again: half a second to 7.5 seconds, the longer the more often it was. */
export function pollAfter(polls: number, random: number): number {
  return Math.min(5_000, 1_000 * 1.2 ** polls) * (0.5 + random)
}
