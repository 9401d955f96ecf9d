import { createClient } from '@supabase/supabase-js'
import { http, HttpResponse, type HttpResponseResolver } from 'msw'
import { setupServer } from 'msw/node'
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest'
import { type Budget as PublicBudget, type CellsError } from '@efir/cells'
import { Budget } from '../../src/budget.ts'
import { openTransport } from '../../src/transport/open.ts'
import { defaultPolicy } from '../../src/transport/retry-policy.ts'
import { supabaseServer } from '../../src/transport/supabase.ts'
import { budgetVersionId, changes } from './support/scripted-server.ts'
import { TestClock } from './support/test-clock.ts'

// Through supabase-js and real fetch; what comes back over the network is msw's.

const url = 'https://project.example'
const network = setupServer()
beforeAll(() => network.listen({ onUnhandledFrame: 'error' }))
afterEach(() => network.resetHandlers())
afterAll(() => network.close())

const address = { module: 'core', field: 'amount' }
const page = (title: string) =>
  `<!DOCTYPE html><html><head><title>${title}</title></head><body>…</body></html>`
const nothing = () => HttpResponse.json({ revision: 0, cells: [null] })
const caught = <T>(work: Promise<T>) => work.catch((error: unknown) => error as CellsError)

type Step = () => Response | Promise<Response>

/** A budget whose requests are answered by one step after the other, the last one for ever. */
function answered(...steps: Step[]) {
  const clock = new TestClock(15_000)
  const tokens: string[] = []
  const bodies: Record<string, unknown>[] = []
  let asked = 0
  const answer: HttpResponseResolver = async ({ request }) => {
    tokens.push(request.headers.get('authorization') ?? '')
    bodies.push((await request.clone().json()) as Record<string, unknown>)
    const step = steps[Math.min(tokens.length, steps.length) - 1]
    return await step!()
  }
  network.use(http.post(`${url}/rest/v1/rpc/:name`, answer))
  const supabase = createClient(url, 'key', { accessToken: async () => `token-${++asked}` })
  const server = supabaseServer(supabase, 'efir_budget')
  const transport = openTransport(server, defaultPolicy, { emit: () => undefined }, clock)
  const budget: PublicBudget = new Budget(budgetVersionId, transport)
  return { budget, clock, tokens, bodies, supabase }
}

describe('over the network', () => {
  it.each([
    ['a connection that breaks', () => HttpResponse.error(), 'network', 0],
    ['a server that fails', () => HttpResponse.json({ message: 'no' }, { status: 500 }), 'server', 500],
    ['a server that is not well', () => new HttpResponse('', { status: 503 }), 'server', 503],
    ['a failure whose whole body is null', () => HttpResponse.json(null, { status: 500 }), 'server', 500],
    ['a failure whose whole body is a text', () => HttpResponse.json('no', { status: 500 }), 'server', 500],
    ['a gateway’s page', () => HttpResponse.html(page('502 Bad Gateway'), { status: 502 }), 'server', 502],
    ['a gateway that waited too long', () => HttpResponse.html(page('504'), { status: 504 }), 'timeout', 504],
    ['an answer that is cut off', () => new HttpResponse('{"revision": 0, "cel'), 'protocol', undefined],
  ])('%s is passing: the call is sent again, and lands', async (_, step, code, status) => {
    const passing = answered(step, nothing)
    expect(await passing.budget.read(address)).toMatchObject({ exists: false })
    expect(passing.bodies).toHaveLength(2)

    const lasting = answered(step)
    const error = await caught(lasting.budget.read(address))
    expect(error).toMatchObject({ code, retryable: true, ...(status !== undefined && { status }) })
    expect((error as CellsError).hint).toBeTypeOf('string')
    expect((error as CellsError).message).not.toContain('<html>')
    expect(lasting.bodies).toHaveLength(4)
  })

  it.each([
    ['a sign-in page in the place of an answer', () => HttpResponse.html(page('Sign in')), '“Sign in”'],
    ['a page that says 404', () => HttpResponse.html(page('Not here'), { status: 404 }), '“Not here”'],
    ['a firewall’s page', () => HttpResponse.html(page('Blocked'), { status: 403 }), '“Blocked”'],
    ['a page without a title', () => HttpResponse.html('<p>no</p>'), 'an HTML page'],
    ['an answer in another shape', () => HttpResponse.json({ revision: 0, cells: 'none' }), 'cells'],
    ['an answer of another kind', () => HttpResponse.json([]), 'not an object'],
    ['no answer at all', () => new HttpResponse(null, { status: 204 }), 'not an object'],
    ['a 404 with an empty list', () => HttpResponse.json([], { status: 404 }), 'not an object'],
  ])('%s will be the same tomorrow: the error says what to look at', async (_, step, words) => {
    const { budget, bodies } = answered(step)
    const error = await caught(budget.read(address))
    expect(error).toMatchObject({ name: 'ProtocolError', code: 'protocol', retryable: false })
    expect((error as CellsError).message).toContain(words)
    expect((error as CellsError).hint).toMatch(/URL|migrations/)
    expect(bodies).toHaveLength(1)
  })

  it.each([
    ['seconds', { 'retry-after': '7' }, 7_000],
    [
      'a date',
      { 'retry-after': 'Mon, 23 Nov 2026 10:00:09 GMT', date: 'Mon, 23 Nov 2026 10:00:00 GMT' },
      9_000,
    ],
  ])('Retry-After in %s is waited for', async (_, headers, expected) => {
    for (const status of [429, 503]) {
      const { budget, clock } = answered(() => new HttpResponse('', { status, headers }), nothing)
      await budget.read(address)
      expect(clock.ran).toEqual([expected + 125])
    }
  })

  it('a Retry-After beyond the call’s time ends it, and the error carries it', async () => {
    const { budget, bodies } = answered(
      () => new HttpResponse('slow down', { status: 429, headers: { 'retry-after': '3600' } }),
    )
    await expect(budget.read(address)).rejects.toMatchObject({
      code: 'rate_limited',
      retryAfter: 3_600_000,
      message: 'Too many requests: slow down',
    })
    expect(bodies).toHaveLength(1)
  })

  it('the error of a broken connection carries what fetch threw', async () => {
    const { budget } = answered(() => HttpResponse.error())
    const error = await caught(budget.read(address, { retry: false }))
    expect((error as CellsError).cause).toBeInstanceOf(TypeError)
  })

  it('a write carries the same operation id, session and cells in every request', async () => {
    const { budget, bodies } = answered(() => HttpResponse.error())
    await caught(budget.writeMany(changes(2), { session: 'Paste' }))
    expect(bodies).toHaveLength(4)
    expect(new Set(bodies.map((body) => JSON.stringify(body))).size).toBe(1)
    expect(bodies[0]!.p_operation_id).toMatch(/^[0-9a-f-]{36}$/)
  })

  it('a batch that a proxy finds too large is divided', async () => {
    const { budget, bodies } = answered(
      () => HttpResponse.html(page('413 Request Entity Too Large'), { status: 413 }),
      () => HttpResponse.json({ code: 'PT404', message: 'gone', details: '{}', hint: null }, { status: 404 }),
    )
    await expect(budget.writeMany(changes(2), { mode: 'partial' })).rejects.toMatchObject({
      code: 'not_found',
    })
    expect(bodies.map(({ p_items }) => (p_items as unknown[]).length)).toEqual([2, 1])
  })
})

describe('a token', () => {
  const expired = () => HttpResponse.json({ code: 'PGRST303', message: 'JWT expired' }, { status: 401 })
  const early = () => HttpResponse.json({ code: 'PGRST303', message: 'JWT not yet valid' }, { status: 401 })

  it('that has expired is asked for again', async () => {
    const { budget, tokens } = answered(expired, nothing)
    await budget.read(address)
    expect(tokens).toHaveLength(2)
    expect(tokens[0]).not.toBe(tokens[1])
  })

  it('that is not yet valid, for the clocks differ, ends the call and names the clock', async () => {
    const { budget, tokens } = answered(early)
    const error = await caught(budget.read(address))
    expect(error).toMatchObject({ code: 'unauthorized', retryable: false })
    expect((error as CellsError).message).toContain('not yet valid')
    expect((error as CellsError).hint).toContain('clock')
    expect(tokens).toHaveLength(2)
  })

  it('of a session is refreshed by way of supabase.auth, once for all calls', async () => {
    let refreshes = 0
    const session = (token: string) => ({
      access_token: token,
      refresh_token: `refresh-${token}`,
      token_type: 'bearer',
      expires_in: 3600,
      expires_at: Math.floor(Date.now() / 1000) + 3600,
      user: { id: 'alice', aud: 'authenticated', app_metadata: {}, user_metadata: {}, created_at: '' },
    })
    const key = 'sb-test-auth-token'
    const stored = new Map([[key, JSON.stringify(session('old'))]])
    const supabase = createClient(url, 'key', {
      auth: {
        autoRefreshToken: false,
        storageKey: key,
        storage: {
          getItem: (name) => stored.get(name) ?? null,
          setItem: (name, value) => void stored.set(name, value),
          removeItem: (name) => void stored.delete(name),
        },
      },
    })
    network.use(
      http.post(`${url}/auth/v1/token`, () => {
        refreshes++
        return HttpResponse.json(session('new'))
      }),
      http.post(`${url}/rest/v1/rpc/read_cells`, ({ request }) =>
        request.headers.get('authorization') === 'Bearer new' ? nothing() : expired(),
      ),
    )
    const transport = openTransport(
      supabaseServer(supabase, 'efir_budget'),
      defaultPolicy,
      { emit: () => undefined },
      new TestClock(15_000),
    )
    const budget = new Budget(budgetVersionId, transport)
    await Promise.all(Array.from({ length: 5 }, () => budget.read(address)))
    expect(refreshes).toBe(1)
  })

  it('of nobody cannot be refreshed: the call ends after one request', async () => {
    let requests = 0
    network.use(
      http.post(`${url}/rest/v1/rpc/read_cells`, () => {
        requests++
        return HttpResponse.json({ code: '42501', message: 'permission denied' }, { status: 401 })
      }),
    )
    const supabase = createClient(url, 'key', { auth: { persistSession: false, autoRefreshToken: false } })
    const transport = openTransport(
      supabaseServer(supabase, 'efir_budget'),
      defaultPolicy,
      { emit: () => undefined },
      new TestClock(15_000),
    )
    await expect(new Budget(budgetVersionId, transport).read(address)).rejects.toMatchObject({
      code: 'unauthorized',
    })
    expect(requests).toBe(1)
  })
})

describe('a signal', () => {
  it('ends a request under way, and a wait, with its reason', async () => {
    const reason = new Error('no longer needed')
    for (const step of [
      () => new Promise<Response>(() => undefined),
      () => new HttpResponse('', { status: 503, headers: { 'retry-after': '20' } }),
    ]) {
      const controller = new AbortController()
      const { budget, bodies } = answered(() => {
        setImmediate(() => controller.abort(reason))
        return step()
      })
      expect(await caught(budget.read(address, { signal: controller.signal }))).toBe(reason)
      expect(bodies).toHaveLength(1)
    }
  })
})
