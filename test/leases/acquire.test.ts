import { describe, expect, it } from 'vitest'
import { ProtocolError, TransportError, ValidationError, type AcquireOptions, type Budget } from '@efir/cells'
import { failing } from '../transport/support/scripted-server.ts'
import { settled } from './support/held-clock.ts'
import {
  acquired,
  address,
  expiresAt,
  held,
  heldByBob,
  lost,
  released,
  renewed,
  said,
} from './support/lease-server.ts'

const caught = (work: Promise<unknown>): Promise<unknown> => work.catch((error: unknown) => error)

describe('acquiring a lease that somebody else holds', () => {
  it('asks again and again, less and less often, until it is free', async () => {
    const { budget, clock, requests, last } = held()
    const acquiring = budget.leases.acquire(address)
    const pauses: number[] = []
    for (let asked = 1; asked < 12; asked++) {
      await settled()
      const before = clock.now()
      last().answer(heldByBob())
      while (requests.length === asked) await clock.pass(100)
      pauses.push(clock.now() - before)
    }
    expect(pauses).toEqual([1_000, 1_200, 1_500, 1_800, 2_100, 2_500, 3_000, 3_600, 4_300, 5_000, 5_000])
    last().answer(acquired())
    expect((await acquiring).held).toBe(true)
  })

  it('gives null at once with ifAvailable, and takes it with steal', async () => {
    const { budget, last } = held()
    const trying = budget.leases.acquire(address, { ifAvailable: true })
    await settled()
    last().answer(heldByBob())
    expect(await trying).toBeNull()
    const stealing = budget.leases.acquire(address, { steal: true, ttl: 1_000 })
    await settled()
    expect(last().parameters).toMatchObject({ p_steal: true, p_ttl_ms: 1_000 })
    last().answer(acquired())
    expect((await stealing).token).toBe(7)
  })

  it('gives up at its timeout, whether it waits, or for an answer', async () => {
    const { budget, clock, last, requests } = held()
    for (const answer of [heldByBob(), undefined]) {
      const acquiring = caught(budget.leases.acquire(address, { timeout: 700 }))
      await settled()
      if (answer !== undefined) last().answer(answer)
      await clock.pass(700)
      const error = await acquiring
      expect(error).toBeInstanceOf(TransportError)
      expect(error).toMatchObject({ code: 'timeout', retryable: true })
    }
    expect(requests).toHaveLength(2)
  })

  it('gives up at its timeout even where the timer runs a moment early', async () => {
    const { budget, clock, last } = held()
    clock.early = 0.5
    for (const answer of [heldByBob(), undefined]) {
      const acquiring = caught(budget.leases.acquire(address, { timeout: 300 }))
      await settled()
      if (answer !== undefined) last().answer(answer)
      await clock.pass(300)
      expect(await acquiring).toMatchObject({ code: 'timeout' })
    }
  })

  it('ends with the reason of its signal while it waits, and asks no more', async () => {
    const { budget, clock, last, requests } = held()
    const controller = new AbortController()
    const acquiring = caught(budget.leases.acquire(address, { signal: controller.signal }))
    await settled()
    last().answer(heldByBob())
    await settled()
    const reason = new Error('no longer needed')
    controller.abort(reason)
    expect(await acquiring).toBe(reason)
    await clock.pass(100_000)
    expect(requests).toHaveLength(1)
    expect(clock.waiting).toBe(0)
    expect(await caught(budget.leases.acquire(address, { signal: AbortSignal.abort(reason) }))).toBe(reason)
    expect(requests).toHaveLength(1)
  })
})

describe('a lease that is granted', () => {
  it('to nobody, who has called it off, is given back before the next of this client asks', async () => {
    const { budget, again, last, operations, requests } = held()
    const controller = new AbortController()
    const first = caught(budget.leases.acquire(address, { signal: controller.signal }))
    await settled()
    controller.abort()
    expect(await first).toMatchObject({ name: 'AbortError' })
    const second = again().leases.acquire(address)
    await settled()
    expect(operations()).toEqual(['acquire_leases'])
    requests[0]!.answer(acquired(7))
    await settled()
    expect(operations()).toEqual(['acquire_leases', 'release_leases'])
    expect(last().parameters.p_tokens).toEqual([7])
    last().answer(released())
    await settled()
    expect(operations()).toEqual(['acquire_leases', 'release_leases', 'acquire_leases'])
    last().answer(acquired(8))
    expect((await second).token).toBe(8)
  })

  it('to nobody after all needs no giving back', async () => {
    for (const answer of [heldByBob(), failing(403, 'PT403')]) {
      const { budget, last, operations } = held()
      const controller = new AbortController()
      const first = caught(budget.leases.acquire(address, { signal: controller.signal }))
      await settled()
      controller.abort()
      await first
      const second = budget.leases.acquire(address)
      last().answer(answer)
      await settled()
      expect(operations()).toEqual(['acquire_leases', 'acquire_leases'])
      last().answer(acquired())
      expect((await second).held).toBe(true)
    }
  })

  it('too late to be of use is asked for again', async () => {
    const { budget, clock, last, requests } = held()
    const acquiring = budget.leases.acquire(address, { ttl: 1_000 })
    await settled()
    clock.sleep(1_000)
    last().answer(acquired())
    await settled()
    expect(requests).toHaveLength(2)
    last().answer(acquired())
    expect((await acquiring).held).toBe(true)
  })
})

describe('acquisitions of one cell within one client', () => {
  it('take turns: the second asks when the first is released, or lost', async () => {
    const { budget, again, clock, last, operations } = held()
    const first = budget.leases.acquire(address)
    const second = again().leases.acquire(address)
    const third = budget.leases.acquire({ ...address, period: null })
    await settled()
    expect(operations()).toEqual(['acquire_leases'])
    last().answer(acquired(1))
    const releasing = (await first).release()
    await settled()
    expect(operations()).toEqual(['acquire_leases', 'release_leases'])
    last().answer(released())
    await releasing
    await settled()
    last().answer(acquired(2))
    const lease = await second
    await clock.pass(10_000)
    last().answer(lost('bob'))
    await settled()
    expect(lease.signal.aborted).toBe(true)
    last().answer(acquired(3))
    expect((await third).token).toBe(3)
  })

  it('do not wait with ifAvailable, nor for other cells, nor longer than their timeout or signal', async () => {
    const { budget, clock, last, requests } = held()
    const first = budget.leases.acquire(address)
    await settled()
    expect(await budget.leases.acquire(address, { ifAvailable: true })).toBeNull()
    last().answer(acquired())
    await first
    expect(await budget.leases.acquire(address, { ifAvailable: true })).toBeNull()
    const impatient = caught(budget.leases.acquire(address, { timeout: 100 }))
    const controller = new AbortController()
    const called = caught(budget.leases.acquire(address, { signal: controller.signal }))
    await clock.pass(100)
    expect(await impatient).toMatchObject({ code: 'timeout' })
    controller.abort()
    expect(await called).toMatchObject({ name: 'AbortError' })
    expect(requests).toHaveLength(1)
    const other = budget.leases.acquire({ ...address, period: '2025' })
    await settled()
    last().answer(acquired(9))
    expect((await other).token).toBe(9)
  })

  it('may be stolen from each other: the first is lost, though the token is the same', async () => {
    const { budget, last, requests } = held()
    const acquiring = budget.leases.acquire(address)
    await settled()
    last().answer(acquired())
    const first = await acquiring
    const stealing = budget.leases.acquire(address, { steal: true })
    await settled()
    expect(first.signal.reason).toMatchObject({ code: 'lease_lost' })
    last().answer(acquired())
    const second = await stealing
    expect(await first.release()).toBe(false)
    expect(requests).toHaveLength(2)
    expect(second.held).toBe(true)
  })

  it('may be overtaken by one that steals while another still waits', async () => {
    const { budget, last, requests } = held()
    const controller = new AbortController()
    const waiting = caught(budget.leases.acquire(address, { signal: controller.signal }))
    await settled()
    last().answer(heldByBob())
    const stealing = budget.leases.acquire(address, { steal: true })
    await settled()
    expect(requests).toHaveLength(2)
    last().answer(acquired())
    expect((await stealing).held).toBe(true)
    // That one gives up; the turn of the one that has overtaken it stays.
    controller.abort()
    expect(await waiting).toMatchObject({ name: 'AbortError' })
    expect(await budget.leases.acquire(address, { ifAvailable: true })).toBeNull()
  })
})

describe('arguments of acquire', () => {
  it.each<[string, AcquireOptions]>([
    ['ttl', { ttl: 999 }],
    ['ttl', { ttl: 600_001 }],
    ['ttl', { ttl: 1_000.5 }],
    ['ttl', { ttl: '30s' as never }],
    ['timeout', { timeout: -1 }],
    ['timeout', { timeout: NaN }],
    ['steal', { steal: true, ifAvailable: true }],
  ])('are refused before anything is sent, naming %s: %j', async (field, options) => {
    const { budget, requests } = held()
    const error = await caught(budget.leases.acquire(address, options))
    expect(error).toBeInstanceOf(ValidationError)
    expect(error).toMatchObject({ field })
    expect(requests).toEqual([])
  })

  it('name the cell where that is wrong', async () => {
    const { budget } = held()
    for (const cell of [null, 'cell', { module: '' }, { module: 'core', field: 'a', entity: 'no' }]) {
      expect(await caught(budget.leases.acquire(cell as never))).toMatchObject({
        code: 'invalid',
        field: expect.stringMatching(/^cell/) as string,
      })
    }
  })
})

describe('an answer about leases in another shape', () => {
  const asked: Record<string, (budget: Budget) => Promise<unknown>> = {
    acquire: (budget) => budget.leases.acquire(address),
    list: (budget) => budget.leases.list(),
  }
  const key = ['core', null, 'amount', null]
  it.each<[string, unknown]>([
    ['acquire', null],
    ['acquire', { results: [] }],
    [
      'acquire',
      {
        results: [
          ['held', 'bob', expiresAt],
          ['held', 'bob', expiresAt],
        ],
      },
    ],
    ...[
      ['acquired', null, 7],
      ['acquired', null, '7', expiresAt],
      ['acquired', null, 7, null],
      ['held', null, expiresAt],
      ['locked', []],
      ['lost', null],
      ['constructor'],
      [],
      7,
    ].map((result): [string, unknown] => ['acquire', { results: [result] }]),
    ['list', { leases: null }],
    ['list', { leases: [[key, 'bob', null, expiresAt]] }],
    ['list', { leases: [[key, 'bob', '7', expiresAt, expiresAt]] }],
    ['list', { leases: [[['core'], 'bob', null, expiresAt, expiresAt]] }],
  ])('is a ProtocolError: %s, %j', async (call, data) => {
    const { budget, last } = held()
    const asking = caught(asked[call]!(budget))
    await settled()
    last().answer({ status: 200, data })
    expect(await asking).toBeInstanceOf(ProtocolError)
  })

  it('is a ProtocolError for a release, and for a renewal a failure that is tried again', async () => {
    const { budget, clock, last, requests } = held()
    const acquiring = budget.leases.acquire(address)
    await settled()
    last().answer(acquired())
    const lease = await acquiring
    for (const answer of [said(['renewed', 7]), said(['released']), { status: 200, data: [] }]) {
      const sent = requests.length
      while (requests.length === sent) await clock.pass(100)
      last().answer(answer)
      await settled()
    }
    const sent = requests.length
    while (requests.length === sent) await clock.pass(100)
    last().answer(renewed())
    await settled()
    expect(lease.held).toBe(true)
    const releasing = caught(lease.release())
    await settled()
    last().answer(renewed())
    expect(await releasing).toBeInstanceOf(ProtocolError)
  })

  it('says of a cell that cannot be leased why', async () => {
    const { budget, last } = held()
    const asking = caught(budget.leases.acquire(address))
    await settled()
    last().answer(said(['invalid', 'module', 'too long']))
    expect(await asking).toMatchObject({ code: 'invalid', field: 'cell.module', allowed: 'too long' })
  })
})
