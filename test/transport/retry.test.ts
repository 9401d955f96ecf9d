import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import type { CellsError } from '@efir/cells'
import type { Answer } from '../../src/transport/rpc.ts'
import { changes, failing, landing, scripted } from './support/scripted-server.ts'
import { TestClock } from './support/test-clock.ts'

const address = { module: 'core', field: 'amount' }
const caught = <T>(work: Promise<T>) => work.catch((error: unknown) => error as CellsError)

describe('a call', () => {
  it('is sent again, the same, until it is answered', async () => {
    const { budget, requests, clock, events } = scripted((request, place) =>
      place < 3 ? failing([0, 503, 429][place]!) : landing(request),
    )
    const { operationId } = await budget.writeMany(changes(3))
    expect(requests).toHaveLength(4)
    expect(new Set(requests.map((request) => JSON.stringify(request))).size).toBe(1)
    expect(requests[0]!.parameters.p_operation_id).toBe(operationId)
    expect(clock.ran).toEqual([187.5, 375, 750])
    expect(events.map(([name, event]) => [name, (event as { attempt: number }).attempt])).toEqual([
      ['retry', 1],
      ['retry', 2],
      ['retry', 3],
    ])
  })

  it('fails with the last failure when its attempts are used up', async () => {
    const { budget, requests } = scripted((_, place) => failing([0, 500, 502, 503][place]!))
    await expect(budget.read(address)).rejects.toMatchObject({ code: 'server', status: 503 })
    expect(requests).toHaveLength(4)
  })

  it('is sent once where retries are switched off, by the client or for the call', async () => {
    const off = scripted(() => failing(503), { policy: { attempts: 1 } })
    await expect(off.budget.read(address)).rejects.toMatchObject({ code: 'server' })
    const { budget, requests } = scripted(() => failing(503))
    await expect(budget.read(address, { retry: false })).rejects.toMatchObject({ code: 'server' })
    expect([off.requests.length, requests.length]).toEqual([1, 1])
  })

  it('is not sent again where that would not help', async () => {
    for (const [status, code] of [
      [409, 'PT409'],
      [403, '42501'],
      [404, 'PGRST202'],
      [400, '22003'],
    ] as const) {
      const { budget, requests } = scripted(() => failing(status, code))
      expect(await caught(budget.read(address))).toMatchObject({ retryable: false })
      expect(requests).toHaveLength(1)
    }
  })

  it('gives a request up after its own time, and a late answer comes to nothing', async () => {
    let ended: AbortSignal | undefined
    const { budget, requests, clock } = scripted((request, place, signal) => {
      if (place > 0) return landing(request)
      ended = signal
      return new Promise<Answer>(() => undefined)
    })
    await budget.read(address)
    expect(requests).toHaveLength(2)
    expect(ended?.aborted).toBe(true)
    expect(clock.ran[0]).toBe(20_000)
  })

  it('ends with its whole time, in the middle of a request too', async () => {
    const { budget, clock } = scripted(() => new Promise(() => undefined))
    const began = clock.now()
    await expect(budget.read(address, { timeout: 30_000 })).rejects.toMatchObject({
      code: 'timeout',
      retryable: true,
      status: 0,
    })
    expect(clock.now() - began).toBeLessThanOrEqual(30_000)
  })

  it('ends at once, with the signal’s reason, while it waits to be sent again', async () => {
    const controller = new AbortController()
    const reason = new Error('no longer needed')
    const { budget, requests, clock } = scripted(() => failing(503), {
      clock: new TestClock(100),
    })
    const reading = caught(budget.read(address, { signal: controller.signal }))
    await new Promise((resolve) => setImmediate(resolve))
    controller.abort(reason)
    expect(await reading).toBe(reason)
    expect(requests).toHaveLength(1)
    expect(clock.ran).toEqual([])
  })

  it('ends at once, with the signal’s reason, though the request does not listen', async () => {
    const controller = new AbortController()
    const { budget } = scripted(() => new Promise(() => undefined), { clock: new TestClock(100) })
    const writing = caught(budget.writeMany(changes(1), { signal: controller.signal }))
    await new Promise((resolve) => setImmediate(resolve))
    controller.abort('enough')
    expect(await writing).toBe('enough')
  })
})

describe('a token that is refused', () => {
  it('is refreshed once, and the call is sent again', async () => {
    let refreshes = 0
    const { budget, requests } = scripted(
      (request, place) => (place === 0 ? failing(401, 'PGRST303') : landing(request)),
      { refreshToken: async () => ++refreshes > 0 },
    )
    await budget.writeMany(changes(2))
    expect([requests.length, refreshes]).toEqual([2, 1])
    expect(new Set(requests.map(({ parameters }) => parameters.p_operation_id)).size).toBe(1)
  })

  it('ends the call when the new one is refused as well, and the application hears of it', async () => {
    const { budget, requests, events } = scripted(() => failing(401, 'PGRST301'), {
      refreshToken: () => Promise.resolve(true),
    })
    await expect(budget.read(address)).rejects.toMatchObject({ code: 'unauthorized' })
    expect(requests).toHaveLength(2)
    expect(events.map(([name]) => name)).toEqual(['unauthorized'])
  })

  it.each([
    ['there is no session', () => Promise.resolve(false)],
    ['the refresh fails', () => Promise.reject(new Error('offline'))],
    ['the refresh hangs', () => new Promise<boolean>(() => undefined)],
  ])('ends the call where %s', async (_, refreshToken) => {
    const { budget, requests } = scripted(() => failing(401), { refreshToken })
    await expect(budget.read(address)).rejects.toMatchObject({ code: 'unauthorized' })
    expect(requests).toHaveLength(1)
  })

  it('is refreshed once for all calls that were sent with it', async () => {
    let token = 0
    let refreshes = 0
    const { budget } = scripted(
      async (request) => {
        const sentWith = token
        await new Promise((resolve) => setImmediate(resolve))
        return sentWith === 0 ? failing(401) : landing(request)
      },
      {
        async refreshToken() {
          refreshes++
          await new Promise((resolve) => setImmediate(resolve))
          token++
          return true
        },
        clock: new TestClock(100),
      },
    )
    await Promise.all(Array.from({ length: 20 }, () => budget.read(address)))
    expect(refreshes).toBe(1)
  })
})

describe('whatever fails, in whatever order', () => {
  const answer = fc.record({
    latency: fc.constantFrom(0, 5, 900, 19_999, 25_000, Infinity),
    failure: fc.oneof(
      fc.constantFrom(failing(0), failing(500, 'XX000'), failing(502), failing(504), failing(401)),
      fc.constantFrom(failing(500, '57014'), failing(500, '55P03'), failing(409, 'PT409')),
      fc.integer({ min: 0, max: 90_000 }).map((retryAfter) => failing(429, '', { retryAfter })),
      fc.constant(undefined),
    ),
  })

  it('the call keeps within its attempts and its time, and its operation id never changes', async () => {
    await fc.assert(
      fc.asyncProperty(
        fc.array(answer, { minLength: 1, maxLength: 8 }),
        fc.integer({ min: 1, max: 6 }),
        fc.constantFrom(500, 10_000, 60_000, 200_000),
        fc.double({ min: 0, max: 0.999, noNaN: true }),
        async (answers, attempts, timeout, chance) => {
          const clock = new TestClock()
          clock.chance = chance
          const { budget, requests } = scripted(
            async (request, place) => {
              const { latency, failure } = answers[place % answers.length]!
              await new Promise<void>((resolve) => clock.after(latency, resolve))
              return failure ?? landing(request)
            },
            { policy: { attempts, timeout }, clock, refreshToken: () => Promise.resolve(true) },
          )
          const began = clock.now()
          const result = await caught(budget.writeMany(changes(3)))
          expect(clock.now() - began).toBeLessThanOrEqual(timeout)
          expect(requests.length).toBeLessThanOrEqual(attempts)
          expect(new Set(requests.map((request) => JSON.stringify(request))).size).toBe(1)
          if ('outcomes' in result) {
            expect(result).toMatchObject({ operationId: requests[0]!.parameters.p_operation_id })
          } else {
            expect(result).toHaveProperty('code')
          }
        },
      ),
      { numRuns: 300 },
    )
  })
})
