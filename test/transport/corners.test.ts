import { createClient } from '@supabase/supabase-js'
import { describe, expect, it } from 'vitest'
import { createCells, ProtocolError, toStoredValue, type CellsOptions } from '@efir/cells'
import { Budget } from '../../src/budget.ts'
import { toPublicError } from '../../src/refusal.ts'
import { toFailure } from '../../src/transport/failure.ts'
import { parseRetryAfter } from '../../src/transport/retry-after.ts'
import { isUnsettled } from '../../src/transport/retry-policy.ts'
import { signedInUser, supabaseServer, type AnySupabaseClient } from '../../src/transport/supabase.ts'
import type { Answer } from '../../src/transport/rpc.ts'
import { budgetVersionId, changes, landing, scripted } from './support/scripted-server.ts'

const address = { module: 'core', field: 'amount' }
const supabase = createClient('http://127.0.0.1:54321', 'key')

describe('an answer that does not belong to the question', () => {
  const reading = (cells: readonly unknown[]) =>
    scripted(() => ({ status: 200, data: { revision: 7, cells } })).budget

  it.each([[[]], [[null, null]]])('is refused: %j cells for one reference', async (cells) => {
    await expect(reading(cells).read(address)).rejects.toMatchObject({
      code: 'protocol',
      message: `read_cells answered ${cells.length} cells for 1 references.`,
    })
  })

  const writing = (results: readonly unknown[]) =>
    scripted((request): Answer => {
      const { status, data } = landing(request) as { status: number; data: object }
      return { status, data: { ...data, results } }
    }).budget

  it('is refused: no result for a change', async () => {
    await expect(writing([]).writeMany(changes(1))).rejects.toMatchObject({
      message: 'write_cells gave no result for change 0.',
    })
  })

  it('is refused: a conflict told as a result, of a call that refuses whole', async () => {
    await expect(writing([['conflict', null]]).write(address, 1, { ifVersion: 0 })).rejects.toMatchObject({
      code: 'protocol',
      message: 'write_cells answered conflict in a call that refuses whole.',
    })
  })
})

describe('a call about nothing', () => {
  it('asks nobody', async () => {
    const { budget, requests } = scripted(landing)
    expect(await budget.readMany([])).toEqual([])
    await expect(budget.writeMany([])).rejects.toMatchObject({ code: 'invalid', field: 'changes' })
    expect(requests).toEqual([])
  })

  it('whose time is over before it begins asks nobody either', async () => {
    const { budget, requests } = scripted(landing)
    await expect(budget.read(address, { timeout: 0 })).rejects.toMatchObject({ code: 'timeout', status: 0 })
    expect(requests).toEqual([])
  })
})

describe('what cannot be made of arguments', () => {
  it.each<[string, CellsOptions]>([
    ['databaseSchema', { databaseSchema: 'Efir Budget' }],
    ['stream', { stream: 'pigeon' as never }],
    ['modules', { modules: {} as never }],
    ['timeout', { timeout: -1 }],
    ['retry.attempts', { retry: { attempts: 0 } }],
  ])('a client with a bad %s', (field, options) => {
    expect(() => createCells(supabase, options)).toThrow(
      expect.objectContaining({ code: 'invalid', field }) as Error,
    )
  })

  it.each([undefined, null, {}, 'https://project.example'])('a client of %j', (given) => {
    expect(() => createCells(given as never)).toThrow(
      expect.objectContaining({ code: 'invalid', field: 'supabase', given }) as Error,
    )
  })

  it('a live sheet of a budget that was opened otherwise', async () => {
    const { budget } = scripted(landing)
    await expect(budget.open()).rejects.toMatchObject({
      code: 'invalid',
      field: 'budget',
      given: budgetVersionId,
    })
    expect(budget).toBeInstanceOf(Budget)
  })

  it('a number that is no decimal, in the words for numbers', () => {
    expect(() => toStoredValue(Number.NaN)).toThrow(
      /^value is NaN; allowed: an exact decimal of .*"45000\.00"\.$/,
    )
    expect(() => toStoredValue('NaN')).toThrow(/for text pass \{ text: … \}\.$/)
  })
})

describe('what a server, or what stands before it, may say', () => {
  it('is a failure without words', () => {
    expect(toFailure({ message: undefined as never }, 500).message).toBe(
      'The server failed with status 500: it gave no reason',
    )
    expect(toFailure({ message: 'x'.repeat(500) }, 500).message).toHaveLength(35 + 300)
  })

  it('is a refusal that lists what was acceptable too: it is left out', () => {
    const details = JSON.stringify({
      results: [
        [0, 'unchanged', null],
        [1, 'not_found', 'Gone.'],
      ],
    })
    const refusal = toFailure({ code: 'PT404', message: 'No.', details }, 404)
    expect(toPublicError(refusal)).toMatchObject({
      refused: [{ status: 'not_found', index: 1, message: 'Gone.' }],
    })
  })

  it('is a hint that is empty, which is none', () => {
    expect(toFailure({ message: 'fetch failed', hint: '', code: '' }, 0).hint).toMatch(
      /^Is the device online/,
    )
    expect(toFailure({ message: 'No.', hint: '', code: 'PT404' }, 404).hint).toBeUndefined()
    expect(toFailure({ message: 'No.', hint: '', code: '23514' }, 400).hint).toMatch(
      /^A rule of the database/,
    )
  })

  it('is a time to come back, by its own clock or by ours', () => {
    const at = (milliseconds: number) => new Date(Date.now() + milliseconds).toUTCString()
    expect(parseRetryAfter(new Headers({ 'retry-after': at(60_000) }))).toBeGreaterThan(50_000)
    expect(parseRetryAfter(new Headers({ 'retry-after': at(-60_000) }))).toBe(0)
    // The server's clock runs an hour ahead: what counts is the difference.
    const date = at(3_600_000)
    const ahead = { date, 'retry-after': at(3_660_000) }
    expect(parseRetryAfter(new Headers(ahead))).toBeCloseTo(60_000, -4)
    expect(parseRetryAfter(new Headers({ 'retry-after': 'soon' }))).toBeUndefined()
    expect(parseRetryAfter(undefined)).toBeUndefined()
  })

  it('is an answer that is none, and settles nothing that was open before', () => {
    const foreign = new ProtocolError('a page')
    const damaged = new ProtocolError('cut off', { retryable: true })
    expect([isUnsettled(foreign, false), isUnsettled(foreign, true)]).toEqual([false, true])
    expect([isUnsettled(damaged, false), isUnsettled(damaged, true)]).toEqual([true, true])
  })
})

describe('a supabase-js client', () => {
  it.each([
    ['nobody is signed in', null],
    ['the token is none', 'no-token'],
    ['the token is of a program', `x.${btoa(JSON.stringify({ role: 'service_role' }))}.x`],
  ])('has no user where %s', async (_, token) => {
    const client = { realtime: { accessToken: () => Promise.resolve(token) } } as unknown as AnySupabaseClient
    expect(await signedInUser(client)).toBeNull()
    expect(await signedInUser({ realtime: {} } as unknown as AnySupabaseClient)).toBeNull()
  })

  it('may have a builder that shows no fetch: Retry-After is then not known, and all else works', async () => {
    const reply = { data: null, error: { message: 'slow down' }, status: 429 }
    const builder = { abortSignal: () => Promise.resolve(reply) }
    const client = { schema: () => ({ rpc: () => builder }) } as unknown as AnySupabaseClient
    const answer = await supabaseServer(client, 's').request('read_cells', {}, new AbortController().signal)
    expect(answer).toMatchObject({ status: 429, failure: { code: 'rate_limited', retryAfter: undefined } })
  })

  it('whose auth is not to be had asks for tokens by itself', async () => {
    const client = {
      get auth(): never {
        throw new Error('accessToken option')
      },
    } as unknown as AnySupabaseClient
    expect(await supabaseServer(client, 's').refreshToken()).toBe(true)
  })
})
