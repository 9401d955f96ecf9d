import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { heldSince, nextTick, pollAfter, step, type LeaseEvent } from '../../src/leases/lease-state.ts'

const ttl = 30_000

describe('a lease', () => {
  it('asks for a renewal after a third of its time, and for no other while that is in flight', () => {
    const begun = heldSince(0, ttl)
    expect(nextTick(begun)).toBe(10_000)
    expect(step(begun, 'tick', 9_999, ttl)).toBe(begun)
    const renewing = step(begun, 'tick', 10_000, ttl)
    expect(renewing).toMatchObject({ status: 'held', renewing: 10_000, until: 30_000 })
    expect(nextTick(renewing)).toBe(30_000)
    expect(step(renewing, 'tick', 20_000, ttl)).toBe(renewing)
  })

  it('counts its time from before the renewal was sent', () => {
    const renewing = step(heldSince(0, ttl), 'tick', 10_000, ttl)
    expect(step(renewing, 'renewed', 19_000, ttl)).toEqual(heldSince(10_000, ttl))
  })

  it('tries again where a renewal failed, until its end', () => {
    const renewing = step(heldSince(0, ttl), 'tick', 10_000, ttl)
    const failed = step(renewing, 'failed', 12_000, ttl)
    expect(failed).toEqual({ status: 'held', until: 30_000, renewAt: 15_000, renewing: null })
    expect(nextTick(step(step(failed, 'tick', 15_000, ttl), 'failed', 29_000, ttl))).toBe(30_000)
    expect(step(failed, 'tick', 30_000, ttl)).toEqual({ status: 'lost' })
  })

  it('asks the database at once when somebody else may have it, unless it is asking', () => {
    const begun = heldSince(0, ttl)
    const asking = step(begun, 'doubt', 2_000, ttl)
    expect(asking).toEqual({ ...begun, renewing: 2_000 })
    expect(step(asking, 'doubt', 3_000, ttl)).toBe(asking)
    expect(step(asking, 'renewed', 3_000, ttl)).toEqual(heldSince(2_000, ttl))
  })

  it('stays lost when a renewal lands after its end', () => {
    const renewing = step(heldSince(0, ttl), 'tick', 29_000, ttl)
    expect(step(renewing, 'renewed', 30_000, ttl)).toEqual({ status: 'lost' })
  })

  it('in any order of events is never held past its end, has one renewal in flight at most, and ends', () => {
    const event = fc.constantFrom<LeaseEvent>('tick', 'renewed', 'failed', 'lost', 'doubt', 'release')
    const pause = fc.oneof(fc.integer({ min: 0, max: 3 * ttl }), fc.integer({ min: 0, max: ttl / 3 }))
    fc.assert(
      fc.property(fc.array(fc.tuple(event, pause), { maxLength: 60 }), (events) => {
        let now = 0
        let state = heldSince(now, ttl)
        /** What the database has granted at the least, by the requests that it is known to have seen. */
        let granted = ttl
        for (const [what, after] of events) {
          now += after
          const before = state
          state = step(before, what, now, ttl)
          if (before.status !== 'held') {
            expect(state).toBe(before)
            continue
          }
          if (what === 'renewed' && before.renewing !== null && now < before.until)
            granted = before.renewing + ttl
          if (state.status !== 'held') continue
          expect(now).toBeLessThan(state.until)
          expect(state.until).toBe(granted)
          expect(nextTick(state)).toBeLessThanOrEqual(state.until)
          if (before.renewing !== null && state.renewing !== null)
            expect(state.renewing).toBe(before.renewing)
          if (what === 'lost' || what === 'release') expect.unreachable('it goes on after its end')
        }
        // Left alone, it comes to its end by its own ticks.
        for (let ticks = 0; state.status === 'held'; ticks++) {
          expect(ticks).toBeLessThan(3)
          now = Math.max(now, nextTick(state))
          state = step(state, 'tick', now, ttl)
        }
        expect(nextTick(state)).toBe(Infinity)
      }),
    )
  })
})

describe('waiting for somebody else’s lease', () => {
  it('asks once a second or so at first, and less often the longer it waits', () => {
    expect(pollAfter(0, 0)).toBe(500)
    expect(pollAfter(0, 0.999)).toBeLessThan(1_500)
    expect(pollAfter(100, 0)).toBe(2_500)
    expect(pollAfter(100, 0.999)).toBeLessThan(7_500)
  })
})
