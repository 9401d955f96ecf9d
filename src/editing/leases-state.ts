import type { ResolvedAddress } from '../model/address.ts'
import type { CellKey } from '../model/ids.ts'

// Pure: who holds a lease of which cell, as far as this client was told, and when to read it afresh. sheet-leases.ts acts
// for it. Times are milliseconds of the client's own clock; a lease's own times are the database's and only shown.

/** Who holds a lease. */
export interface LeaseHolder {
  readonly address: ResolvedAddress
  readonly heldBy: string
  readonly acquiredAt: string
  readonly expiresAt: string
}

/** What was told about one cell: `holder` is `null` where nobody holds a lease of it. */
export interface LeaseNews {
  readonly key: CellKey
  readonly holder: LeaseHolder | null
}

interface KnownLease {
  readonly holder: LeaseHolder
  /** When it ends, unless something else is told before. */
  readonly until: number
  /** When to ask whether it was renewed, if nobody tells; never, once that was done. */
  readonly checkAt: number
}

export interface LeasesState {
  /** Somebody wants to know. */
  readonly isFollowed: boolean
  /** The stream tells what happens. */
  readonly isJoined: boolean
  readonly isOnline: boolean
  readonly held: ReadonlyMap<CellKey, KnownLease>
  /** The cells that were told of since the read under way was begun: its answer may be older. `null`: none is under way. */
  readonly reading: ReadonlySet<CellKey> | null
  /** When the next read is due, and when the last was begun. */
  readonly wantedAt: number
  readonly readAt: number
  /** How many there have been. A state with one more asks for one. */
  readonly reads: number
  readonly failures: number
}

export type LeasesEvent =
  | { readonly type: 'follow' | 'joined' | 'lost' | 'online' | 'offline' | 'tick' | 'failed' }
  /** Something may have happened that was told to nobody. */
  | { readonly type: 'doubt' }
  /** News of the stream, and the database's time of it; without any, there was too much to tell. */
  | { readonly type: 'told'; readonly at: string; readonly news: readonly LeaseNews[] | null }
  /** The answer to the read under way. */
  | { readonly type: 'read'; readonly at: string; readonly news: readonly LeaseNews[] }

/** What the outside adds to a decision: the time, and chance from 0 up to 1. */
export interface Circumstances {
  readonly now: number
  readonly chance: number
}

/** Milliseconds between reads where no stream tells. */
const pollInterval = 5_000
/** The same, at least, whatever happens: a storm of news is one read. */
const leastInterval = 1_000
const longestDelay = 30_000
/** The last share of its known time in which a lease is asked about: its renewal should have been told long ago. */
const doubtful = 1 / 6

export const noLeases: LeasesState = {
  isFollowed: false,
  isJoined: false,
  isOnline: true,
  held: new Map(),
  reading: null,
  wantedAt: Infinity,
  readAt: -Infinity,
  reads: 0,
  failures: 0,
}

export function step(before: LeasesState, event: LeasesEvent, circumstances: Circumstances): LeasesState {
  return read(expire(take(before, event, circumstances), circumstances.now), circumstances.now)
}

/** When to look again, if nothing happens before. */
export function nextTick(state: LeasesState): number {
  const ends = [...state.held.values()].map(({ until }) => until)
  return Math.min(...ends, mayRead(state) ? Math.max(dueAt(state), state.readAt + leastInterval) : Infinity)
}

function take(state: LeasesState, event: LeasesEvent, circumstances: Circumstances): LeasesState {
  const { now, chance } = circumstances
  switch (event.type) {
    case 'follow':
      return state.isFollowed ? state : { ...state, isFollowed: true, wantedAt: now }
    case 'joined':
      return { ...state, isJoined: true, wantedAt: now }
    case 'lost':
      return state.isJoined ? { ...state, isJoined: false, wantedAt: now + pollAfter(chance) } : state
    case 'online':
      return state.isOnline ? state : { ...state, isOnline: true, wantedAt: now }
    case 'offline':
      return { ...state, isOnline: false }
    case 'doubt':
      return { ...state, wantedAt: now }
    case 'told':
      if (!state.isFollowed) return state
      return event.news === null
        ? { ...state, wantedAt: now }
        : hear(state, event.at, event.news, circumstances)
    case 'read': {
      if (state.reading === null) return state
      const wantedAt = state.isJoined ? state.wantedAt : Math.min(state.wantedAt, now + pollAfter(chance))
      return answered({ ...state, wantedAt }, event, circumstances)
    }
    case 'failed': {
      const failures = state.failures + 1
      const delay = Math.min(longestDelay, 1_000 * 2 ** state.failures) * (0.5 + chance / 2)
      return { ...state, reading: null, failures, wantedAt: now + delay }
    }
    case 'tick':
      return state
  }
}

function pollAfter(chance: number): number {
  return pollInterval * (0.75 + chance / 2)
}

function hear(
  state: LeasesState,
  at: string,
  news: readonly LeaseNews[],
  circumstances: Circumstances,
): LeasesState {
  const held = new Map(state.held)
  for (const { key, holder } of news) {
    if (holder === null) held.delete(key)
    else held.set(key, known(holder, at, state.held.get(key), circumstances))
  }
  const reading = state.reading && new Set([...state.reading, ...news.map(({ key }) => key)])
  return { ...state, held, reading }
}

/** What was told while it was asked is newer; all else is as the answer says. */
function answered(
  state: LeasesState,
  { at, news }: Extract<LeasesEvent, { type: 'read' }>,
  circumstances: Circumstances,
): LeasesState {
  const told = state.reading ?? new Set()
  const held = new Map([...state.held].filter(([key]) => told.has(key)))
  for (const { key, holder } of news) {
    if (holder !== null && !told.has(key))
      held.set(key, known(holder, at, state.held.get(key), circumstances))
  }
  return { ...state, held, reading: null, failures: 0 }
}

function known(
  holder: LeaseHolder,
  at: string,
  before: KnownLease | undefined,
  { now, chance }: Circumstances,
): KnownLease {
  const left = Math.max(0, Date.parse(holder.expiresAt) - Date.parse(at))
  const until = now + left
  const isAsked = before?.checkAt === Infinity && before.holder.expiresAt === holder.expiresAt
  return { holder, until, checkAt: isAsked ? Infinity : until - left * doubtful * (0.5 + chance / 2) }
}

function expire(state: LeasesState, now: number): LeasesState {
  const held = new Map([...state.held].filter(([, { until }]) => until > now))
  return held.size === state.held.size ? state : { ...state, held }
}

function mayRead({ isFollowed, isOnline, reading }: LeasesState): boolean {
  return isFollowed && isOnline && reading === null
}

function dueAt({ wantedAt, held }: LeasesState): number {
  return Math.min(wantedAt, ...[...held.values()].map(({ checkAt }) => checkAt))
}

/** Begins the read that is due, and asks about every lease that it is due for. */
function read(state: LeasesState, now: number): LeasesState {
  if (!mayRead(state) || now < Math.max(dueAt(state), state.readAt + leastInterval)) return state
  const held = new Map(
    [...state.held].map(([key, lease]) => [
      key,
      lease.checkAt <= now ? { ...lease, checkAt: Infinity } : lease,
    ]),
  )
  return { ...state, held, reading: new Set(), wantedAt: Infinity, readAt: now, reads: state.reads + 1 }
}
