import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { LeaseLostError, type Lease } from '@efir/cells'
import { failing } from '../transport/support/scripted-server.ts'
import { settled } from './support/held-clock.ts'
import { acquired, address, expiresAt, held, lost, released, renewed } from './support/lease-server.ts'

const ttl = 30_000

async function acquire() {
  const server = held()
  const acquiring = server.budget.leases.acquire(address, { ttl })
  await settled()
  server.last().answer(acquired())
  return { ...server, lease: await acquiring }
}

const statesOf = (lease: Lease) => ({ held: lease.held, aborted: lease.signal.aborted })
const gone = { held: false, aborted: true }
const alive = { held: true, aborted: false }

describe('a lease that is held', () => {
  it('renews itself at a third of its time, again and again', async () => {
    const { lease, clock, operations, last } = await acquire()
    expect(lease).toMatchObject({ token: 7, address, key: '["core",null,"amount",null]', expiresAt })
    await clock.pass(9_999)
    expect(operations()).toEqual(['acquire_leases'])
    await clock.pass(1)
    expect(last()).toMatchObject({
      operation: 'renew_leases',
      parameters: { p_tokens: [7], p_ttl_ms: ttl },
    })
    last().answer(renewed('2026-11-23T10:00:40+00:00'))
    await clock.pass(10_000)
    expect(lease.expiresAt).toBe('2026-11-23T10:00:40+00:00')
    last().answer(renewed('2026-11-23T10:00:50+00:00'))
    await clock.pass(10_000)
    expect(operations()).toEqual(['acquire_leases', ...Array.from({ length: 3 }, () => 'renew_leases')])
    expect(statesOf(lease)).toEqual(alive)
  })

  it('survives renewals that fail, and is renewed by the next', async () => {
    const { lease, clock, operations, last } = await acquire()
    await clock.pass(10_000)
    last().answer(failing(400, 'XX999'))
    await clock.pass(3_000)
    expect(operations()).toHaveLength(3)
    last().answer(failing(401, 'PGRST303'))
    await clock.pass(3_000)
    expect(operations()).toHaveLength(4)
    last().answer(renewed())
    await clock.pass(14_500)
    expect(statesOf(lease)).toEqual(alive)
  })

  it('is lost at the end of its time, to the millisecond, where no renewal gets an answer', async () => {
    const { lease, clock, requests } = await acquire()
    const reasons: unknown[] = []
    lease.signal.addEventListener('abort', () => reasons.push(lease.signal.reason))
    await clock.pass(29_999)
    expect(statesOf(lease)).toEqual(alive)
    const sent = requests.length
    expect(sent).toBeGreaterThan(2)
    await clock.pass(1)
    expect(statesOf(lease)).toEqual(gone)
    expect(reasons).toEqual([expect.any(LeaseLostError)])
    expect(reasons[0]).toMatchObject({ code: 'lease_lost', heldBy: null, heldUntil: null, cell: null })
    expect(requests.every(({ aborted }, place) => place === 0 || aborted())).toBe(true)
    await clock.pass(100_000)
    expect(requests).toHaveLength(sent)
    expect(clock.waiting).toBe(0)
  })

  it('is held to its end where timers run a moment early', async () => {
    const { lease, clock } = await acquire()
    clock.early = 0.5
    await clock.pass(29_999)
    expect(statesOf(lease)).toEqual(alive)
    await clock.pass(2)
    expect(statesOf(lease)).toEqual(gone)
  })

  it('is lost after a sleep, before any timer has run', async () => {
    const { lease, clock } = await acquire()
    clock.sleep(ttl)
    expect(statesOf(lease)).toEqual(gone)
  })

  it('renews itself at once after a short sleep', async () => {
    const { lease, clock, last } = await acquire()
    clock.sleep(20_000)
    await clock.pass(0)
    expect(last().operation).toBe('renew_leases')
    last().answer(renewed())
    await clock.pass(15_000)
    expect(statesOf(lease)).toEqual(alive)
  })

  it('stays lost when the answer to its renewal comes after its end', async () => {
    const { lease, clock, last } = await acquire()
    clock.sleep(29_000)
    expect(lease.held).toBe(true)
    await settled()
    clock.sleep(2_000)
    last().answer(renewed('2027-01-01T00:00:00+00:00'))
    await settled()
    expect(statesOf(lease)).toEqual(gone)
    expect(lease.expiresAt).toBe(expiresAt)
  })

  it('is lost at once where the database says so, and says who took it', async () => {
    const { lease, clock, last } = await acquire()
    await clock.pass(10_000)
    last().answer(lost('bob'))
    await settled()
    expect(lease.signal.reason).toMatchObject({ name: 'LeaseLostError', heldBy: 'bob' })
    expect((lease.signal.reason as Error).message).toContain('bob took it')
  })

  it('is lost at once where the renewal is refused, with the refusal as the cause', async () => {
    const { lease, clock, last } = await acquire()
    await clock.pass(10_000)
    last().answer(failing(404, 'PT404'))
    await settled()
    expect(lease.signal.reason).toMatchObject({ code: 'lease_lost', cause: { code: 'not_found' } })
  })
})

describe('releasing', () => {
  it('stops the renewals, ends the one in flight, and tells whether it was held', async () => {
    const { lease, clock, requests, last } = await acquire()
    await clock.pass(10_000)
    const renewal = last()
    const releasing = lease.release()
    await settled()
    expect(renewal.aborted()).toBe(true)
    expect(last()).toMatchObject({ operation: 'release_leases', parameters: { p_tokens: [7] } })
    last().answer(released())
    expect(await releasing).toBe(true)
    expect(await lease.release()).toBe(true)
    expect(statesOf(lease)).toEqual({ held: false, aborted: false })
    await clock.pass(100_000)
    expect(requests).toHaveLength(3)
    expect(clock.waiting).toBe(0)
  })

  it('tells that the lease had been taken', async () => {
    const { lease, last } = await acquire()
    const releasing = lease.release()
    await settled()
    last().answer(lost('bob'))
    expect(await releasing).toBe(false)
  })

  it('asks nobody where the lease is lost already', async () => {
    const { lease, clock, requests } = await acquire()
    clock.sleep(ttl)
    expect(await lease.release()).toBe(false)
    expect(requests).toHaveLength(1)
  })

  it('rejects where no answer comes; leaving a block does not mind', async () => {
    for (const leave of [
      (lease: Lease) => expect(lease.release({ retry: false })).rejects.toMatchObject({ code: 'network' }),
      async (given: Lease) => {
        await using lease = given
        expect(lease.held).toBe(true)
      },
    ]) {
      const { lease, last, operations } = await acquire()
      const leaving = leave(lease)
      await settled()
      expect(operations()).toEqual(['acquire_leases', 'release_leases'])
      last().answer(failing(0, '', { retryAfter: 1_000_000 }))
      await leaving
      expect(lease.held).toBe(false)
    }
  })
})

describe('in any order of time, answers and release', () => {
  const second = fc.integer({ min: 0, max: 40 }).map((seconds) => seconds * 1_000)
  const action = fc.oneof(
    { weight: 4, arbitrary: fc.record({ do: fc.constant('pass' as const), for: second }) },
    { weight: 1, arbitrary: fc.record({ do: fc.constant('sleep' as const), for: second }) },
    {
      weight: 5,
      arbitrary: fc.record({
        do: fc.constant('answer' as const),
        with: fc.constantFrom('renewed', 'failed', 'refused', 'lost', 'garbage'),
        late: fc.boolean(),
      }),
    },
    { weight: 1, arbitrary: fc.record({ do: fc.constant('release' as const) }) },
  )

  it('it is never held past what was granted, one renewal is in flight at most, and nothing goes on after its end', async () => {
    await fc.assert(
      fc.asyncProperty(fc.array(action, { maxLength: 25 }), async (actions) => {
        const { lease, clock, requests } = await acquire()
        const answered = new Set<number>()
        let until = clock.now() + ttl
        const renewals = () =>
          requests.flatMap((request, place) => (request.operation === 'renew_leases' ? [place] : []))
        const inFlight = () =>
          renewals().filter((place) => !answered.has(place) && !requests[place]!.aborted())
        const check = () => {
          expect(inFlight().length).toBeLessThanOrEqual(1)
          if (lease.held) expect(clock.now()).toBeLessThan(until)
          if (lease.signal.aborted) expect(lease.held).toBe(false)
        }
        let over = false
        for (const each of actions) {
          if (each.do === 'sleep') clock.sleep(each.for)
          else if (each.do === 'pass') {
            for (let passed = 0; passed < each.for; passed += 500) {
              await clock.pass(500)
              check()
            }
          } else if (each.do === 'release') {
            void lease.release({ retry: false }).catch(() => undefined)
          } else {
            const place = each.late ? renewals().find((one) => !answered.has(one)) : inFlight()[0]
            if (place === undefined) continue
            answered.add(place)
            const counts = !requests[place]!.aborted() && lease.held
            if (each.with === 'renewed') {
              requests[place]!.answer(renewed())
              if (counts) until = requests[place]!.sentAt + ttl
            } else if (each.with === 'failed') requests[place]!.answer(failing(400, 'XX999'))
            else if (each.with === 'refused') requests[place]!.answer(failing(403, 'PT403'))
            else if (each.with === 'lost') requests[place]!.answer(lost())
            else requests[place]!.answer({ status: 200, data: { results: [['constructor']] } })
          }
          await settled()
          check()
          if (over) expect(lease.held).toBe(false)
          over ||= !lease.held
        }
        await clock.pass(2 * ttl)
        expect(lease.held).toBe(false)
        const sent = renewals().length
        await clock.pass(10 * ttl)
        expect(renewals()).toHaveLength(sent)
        expect(inFlight()).toEqual([])
      }),
      { numRuns: 60 },
    )
  })
})
