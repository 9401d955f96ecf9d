import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import {
  nextTick,
  noLeases,
  step as stepWith,
  type LeaseHolder,
  type LeasesEvent,
  type LeasesState,
} from '../../src/editing/leases-state.ts'
import { cellKey } from '../../src/model/address.ts'

const start = Date.parse('2026-11-28T10:00:00Z')
/** The database's time at a moment of the client's, whose clock began at 0. */
const at = (now: number) => new Date(start + now).toISOString()
const address = (field: string) => ({ module: 'm', entity: null, field, period: null })
const growth = cellKey(address('growth'))
const rate = cellKey(address('rate'))

const held = (key: typeof growth, from: number, ttl = 30_000, heldBy = 'ben') => {
  const field = key === growth ? 'growth' : 'rate'
  const holder: LeaseHolder = {
    address: address(field),
    heldBy,
    acquiredAt: at(from),
    expiresAt: at(from + ttl),
  }
  return { key, holder }
}
const free = (key: typeof growth) => ({ key, holder: null })
const step = (state: LeasesState, event: LeasesEvent, now: number) =>
  stepWith(state, event, { now, chance: 1 })
/** Followed and joined, and read once: nobody holds anything. */
const current = step(
  step(step(noLeases, { type: 'joined' }, 0), { type: 'follow' }, 0),
  { type: 'read', at: at(0), news: [] },
  10,
)

describe('leases', () => {
  it('that nobody asks for are not read, and news of them not kept', () => {
    const joined = step(noLeases, { type: 'joined' }, 0)
    expect(step(joined, { type: 'told', at: at(0), news: [held(growth, 0)] }, 0)).toBe(joined)
    expect(joined.reads).toBe(0)
    expect(nextTick(joined)).toBe(Infinity)
  })

  it('are read when they are followed, when the stream is joined, and after a doubt', () => {
    expect(step(noLeases, { type: 'follow' }, 0).reads).toBe(1)
    expect(current.reads).toBe(1)
    const doubted = step(current, { type: 'doubt' }, 5_000)
    expect(doubted.reads).toBe(2)
    // Begun before the second doubt: another read follows, and not before a second has passed.
    const again = step(
      step(doubted, { type: 'doubt' }, 5_100),
      { type: 'read', at: at(5_200), news: [] },
      5_200,
    )
    expect(again.reads).toBe(2)
    expect(nextTick(again)).toBe(6_000)
    expect(step(again, { type: 'tick' }, 6_000).reads).toBe(3)
  })

  it('come and go as it is told', () => {
    const told = step(
      current,
      { type: 'told', at: at(1_000), news: [held(growth, 1_000), held(rate, 1_000)] },
      1_000,
    )
    expect([...told.held.keys()]).toEqual([growth, rate])
    const freed = step(told, { type: 'told', at: at(2_000), news: [free(growth)] }, 2_000)
    expect([...freed.held.keys()]).toEqual([rate])
  })

  it('end by the database’s clock without a word, however far this machine’s is off', () => {
    // The news took two seconds; what counts is what was left when it was sent.
    const told = step(current, { type: 'told', at: at(1_000), news: [held(growth, 1_000)] }, 3_000)
    expect(told.held.get(growth)?.until).toBe(33_000)
    expect(step(told, { type: 'tick' }, 32_999).held.size).toBe(1)
    expect(step(told, { type: 'tick' }, 33_000).held.size).toBe(0)
  })

  it('are asked about once in their last seconds, where nobody told of a renewal', () => {
    const told = step(current, { type: 'told', at: at(1_000), news: [held(growth, 1_000)] }, 1_000)
    expect(nextTick(told)).toBe(26_000)
    const asking = step(told, { type: 'tick' }, 26_000)
    expect(asking.reads).toBe(2)
    const same = step(asking, { type: 'read', at: at(26_100), news: [held(growth, 1_000)] }, 26_100)
    expect(nextTick(same)).toBe(31_000)
    const renewed = held(growth, 1_000, 50_000)
    const longer = step(asking, { type: 'read', at: at(26_100), news: [renewed] }, 26_100)
    expect(longer.held.get(growth)?.until).toBe(51_000)
    expect(nextTick(longer)).toBeLessThan(51_000)
  })

  it('are as was told while they were read: the answer may be older', () => {
    const reading = step(current, { type: 'doubt' }, 5_000)
    const told = step(reading, { type: 'told', at: at(5_100), news: [held(growth, 5_100)] }, 5_100)
    const answered = step(told, { type: 'read', at: at(5_050), news: [held(rate, 5_000)] }, 5_200)
    expect([...answered.held.keys()].toSorted()).toEqual([growth, rate])
    const freed = step(reading, { type: 'told', at: at(5_100), news: [free(growth)] }, 5_100)
    const late = step(freed, { type: 'read', at: at(5_050), news: [held(growth, 1_000)] }, 5_200)
    expect(late.held.size).toBe(0)
  })

  it('that are too many to tell are read, once a second at most', () => {
    let state = current
    for (let now = 2_000; now < 3_000; now += 10) {
      state = step(state, { type: 'told', at: at(now), news: null }, now)
      if (state.reading !== null) state = step(state, { type: 'read', at: at(now), news: [] }, now)
    }
    expect(state.reads).toBe(2)
  })

  it('are looked at every few seconds where no stream tells, and not while there is no network', () => {
    const alone = step(step(noLeases, { type: 'follow' }, 0), { type: 'read', at: at(0), news: [] }, 100)
    expect(nextTick(alone)).toBe(100 + 6_250)
    const offline = step(alone, { type: 'offline' }, 200)
    expect(nextTick(offline)).toBe(Infinity)
    expect(step(offline, { type: 'online' }, 60_000).reads).toBe(2)
    const lost = step(current, { type: 'lost' }, 1_000)
    expect(nextTick(lost)).toBe(7_250)
    expect(step(lost, { type: 'joined' }, 2_000).reads).toBe(2)
  })

  it('are read again later and later where that fails', () => {
    let state = step(current, { type: 'doubt' }, 5_000)
    const waits: number[] = []
    for (
      let now = 5_000;
      waits.length < 7;
      now = nextTick(state), state = step(state, { type: 'tick' }, now)
    ) {
      state = step(state, { type: 'failed' }, now)
      waits.push(nextTick(state) - now)
    }
    expect(waits).toEqual([1_000, 2_000, 4_000, 8_000, 16_000, 30_000, 30_000])
  })

  it('in any order of events are shown no longer than they last, have one read under way, and are never forgotten', () => {
    const key = fc.constantFrom(growth, rate)
    const news = fc.array(
      fc.record({ key, ttl: fc.integer({ min: -1_000, max: 60_000 }), isFree: fc.boolean() }),
      { maxLength: 3 },
    )
    const event = fc.oneof(
      fc.constantFrom('follow', 'joined', 'lost', 'online', 'offline', 'tick', 'failed', 'doubt'),
      news.map((given) => ({ type: 'told', given }) as const),
      news.map((given) => ({ type: 'read', given }) as const),
      fc.constant({ type: 'told', given: null } as const),
    )
    const pause = fc.oneof(fc.integer({ min: 0, max: 2_000 }), fc.integer({ min: 0, max: 60_000 }))
    const script = fc.array(fc.tuple(event, pause, fc.double({ min: 0, max: 1, noNaN: true })), {
      maxLength: 40,
    })
    fc.assert(
      fc.property(script, (events) => {
        let now = 0
        let state = noLeases
        for (const [what, after, chance] of events) {
          now += after
          const before = state
          const given =
            typeof what === 'string'
              ? ({ type: what } as LeasesEvent)
              : ({
                  type: what.type,
                  at: at(now),
                  news:
                    what.given?.map((one) => (one.isFree ? free(one.key) : held(one.key, now, one.ttl))) ??
                    null,
                } as LeasesEvent)
          state = stepWith(before, given, { now, chance })
          for (const { until } of state.held.values()) expect(until).toBeGreaterThan(now)
          if (before.reading !== null && state.reads > before.reads)
            expect(['read', 'failed']).toContain(given.type)
          expect(state.reads - before.reads).toBeLessThanOrEqual(1)
          if (state.reads > before.reads) expect(now).toBeGreaterThanOrEqual(before.readAt + 1_000)
          const isFollowing = state.isFollowed && state.isOnline
          if (isFollowing && state.reading === null) {
            expect(nextTick(state)).toBeGreaterThan(now)
            if (!state.isJoined) expect(nextTick(state)).toBeLessThan(Infinity)
          }
          expect(state.held.size === 0 || nextTick(state) < Infinity).toBe(true)
        }
      }),
      { numRuns: 500 },
    )
  })
})
