import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { ValidationError } from '@efir/cells'
import { toFailure } from '../../src/transport/failure.ts'
import { decide, defaultPolicy, withPatience } from '../../src/transport/retry-policy.ts'
import { parseRetryAfter } from '../../src/transport/retry-after.ts'

const failed = (status: number, code = '', more = {}, context = {}) => ({
  failure: toFailure({ code, message: 'said so' }, status, context),
  attempt: 1,
  elapsed: 0,
  items: 1,
  refreshed: false,
  unsettled: false,
  ...more,
})

describe('after a failure', () => {
  it('waits twice as long each time, by half a wait of chance, and never longer than the longest', () => {
    const waits = (random: number) =>
      [1, 2, 3, 4, 5, 6, 7].map((attempt) =>
        decide({ ...defaultPolicy, attempts: 9 }, failed(0, '', { attempt }), random),
      )
    expect(waits(0).map((wait) => 'after' in wait && wait.after)).toEqual([
      125, 250, 500, 1000, 2000, 4000, 4000,
    ])
    expect(waits(1).map((wait) => 'after' in wait && wait.after)).toEqual([
      250, 500, 1000, 2000, 4000, 8000, 8000,
    ])
  })

  it('waits as long as the server asks, even beyond the longest wait of its own', () => {
    const asked = failed(503, '', {}, { retryAfter: 20_000 })
    expect(decide(defaultPolicy, asked, 0)).toEqual({ next: 'retry', after: 20_000 })
    expect(decide(defaultPolicy, asked, 0.5)).toEqual({ next: 'retry', after: 20_125 })
  })

  it('gives up at once where the server asks for more time than there is', () => {
    const asked = failed(429, '', { elapsed: 1_000 }, { retryAfter: 59_500 })
    expect(decide(defaultPolicy, asked, 0)).toEqual({ next: 'give up' })
  })

  it('asks for a new token once', () => {
    expect(decide(defaultPolicy, failed(401), 0)).toEqual({ next: 'refresh' })
    expect(decide(defaultPolicy, failed(401, '', { refreshed: true }), 0)).toEqual({ next: 'give up' })
  })

  it.each([
    [413, ''],
    [500, '57014'],
  ])('would rather divide many items than send them again after %i %s', (status, code) => {
    expect(decide(defaultPolicy, failed(status, code, { items: 2 }), 0)).toEqual({ next: 'divide' })
    expect(decide(defaultPolicy, failed(status, code), 0)).not.toEqual({ next: 'divide' })
  })

  it('does not divide after a statement timeout while an earlier request may have landed', () => {
    const timeout = failed(500, '57014', { items: 2, attempt: 2, unsettled: true })
    expect(decide(defaultPolicy, timeout, 0)).toMatchObject({ next: 'retry' })
  })

  it('never exceeds its attempts and its time, whatever fails and however chance falls', () => {
    const statuses = fc.constantFrom(0, 400, 401, 403, 404, 408, 413, 429, 500, 502, 503, 504, 540)
    const codes = fc.constantFrom('', '57014', '55P03', 'XX000', '42501', 'PT409', 'PGRST202')
    fc.assert(
      fc.property(
        statuses,
        codes,
        fc.record({
          attempt: fc.integer({ min: 1, max: 9 }),
          elapsed: fc.integer({ min: 0, max: 90_000 }),
          items: fc.integer({ min: 1, max: 3 }),
          refreshed: fc.boolean(),
          unsettled: fc.boolean(),
        }),
        fc.option(fc.integer({ min: 0, max: 100_000 }), { nil: undefined }),
        fc.double({ min: 0, max: 0.999, noNaN: true }),
        (status, code, situation, retryAfter, random) => {
          const decision = decide(defaultPolicy, failed(status, code, situation, { retryAfter }), random)
          if (decision.next === 'retry') {
            expect(situation.attempt).toBeLessThan(defaultPolicy.attempts)
            expect(situation.elapsed + decision.after).toBeLessThan(defaultPolicy.timeout)
            expect(decision.after).toBeGreaterThanOrEqual(retryAfter ?? 125)
          }
          if (decision.next === 'refresh') expect(situation.refreshed).toBe(false)
        },
      ),
    )
  })
})

describe('patience', () => {
  it('of one call goes before that of the client', () => {
    expect(withPatience(defaultPolicy, { timeout: 5, retry: { attempts: 2 } })).toEqual({
      ...defaultPolicy,
      timeout: 5,
      attempts: 2,
    })
    expect(withPatience(defaultPolicy, { retry: false })).toEqual({ ...defaultPolicy, attempts: 1 })
  })

  it.each([
    [{ timeout: -1 }, 'timeout'],
    [{ attemptTimeout: NaN }, 'attemptTimeout'],
    [{ retry: { attempts: 0 } }, 'retry.attempts'],
    [{ retry: { attempts: 1.5 } }, 'retry.attempts'],
    [{ retry: { baseDelay: '1' as never } }, 'retry.baseDelay'],
  ])('is refused where it is none: %o', (patience, field) => {
    expect(() => withPatience(defaultPolicy, patience)).toThrow(ValidationError)
    expect(() => withPatience(defaultPolicy, patience)).toThrow(field)
  })
})

describe('Retry-After', () => {
  it.each([
    ['120', undefined, 120_000],
    ['0', undefined, 0],
    ['Mon, 23 Nov 2026 10:00:30 GMT', 'Mon, 23 Nov 2026 10:00:00 GMT', 30_000],
    ['Mon, 23 Nov 2026 09:00:00 GMT', 'Mon, 23 Nov 2026 10:00:00 GMT', 0],
    ['soon', undefined, undefined],
    ['', undefined, undefined],
  ])('%j asks, by the server’s clock, for %s milliseconds', (given, date, expected) => {
    const headers = new Headers({ 'retry-after': given, ...(date !== undefined && { date }) })
    expect(parseRetryAfter(headers)).toBe(expected)
  })

  it('is unknown where there are no headers', () => {
    expect(parseRetryAfter(undefined)).toBeUndefined()
    expect(parseRetryAfter(new Headers())).toBeUndefined()
  })
})
