import { createClient } from '@supabase/supabase-js'
import { delay, http, HttpResponse } from 'msw'
import { setupServer } from 'msw/node'
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest'
import { createCells, isCellsError, type CellsOptions, type StoredCell } from '@efir/cells'
import { everyCall, forgotten, type EveryCall } from './support/every-call.ts'

// What each public method makes of a network that fails: through supabase-js and fetch; the answers are msw's.

const url = 'https://project.example'
const network = setupServer()
beforeAll(() => network.listen({ onUnhandledFrame: 'error' }))
afterEach(() => network.resetHandlers())
afterAll(() => network.close())

const id = '0199a3c4-0000-7000-8000-0000000000c1'
const cell: StoredCell = {
  ...{ module: 'revenue', entity: null, field: 'growth', period: '2026', exists: true, id },
  ...{ kind: 'number', value: '1', valueType: 'input', isLocked: false, lockReason: null },
  ...{ version: 1, modifiedBy: null, modifiedAt: '2026-11-23T08:00:00+00:00' },
}

/** What becomes of a call where every request is answered so, and what was sent. */
async function failed(
  { run }: EveryCall,
  answer: () => Response | Promise<Response>,
  more: CellsOptions = {},
) {
  const requests: string[] = []
  network.use(
    http.post(`${url}/rest/v1/rpc/:name`, async ({ request, params }) => {
      requests.push(`${String(params.name)} ${await request.text()}`)
      return await answer()
    }),
  )
  const supabase = createClient(url, 'key', { accessToken: () => Promise.resolve('token') })
  const cells = createCells(supabase, { retry: { attempts: 3, baseDelay: 0 }, ...more })
  const budget = cells.budget('0199a3c4-0000-7000-8000-000000000001')
  const error: unknown = await run({ cells, budget }, { cell, comment: id }).then(
    () => expect.unreachable('The call was answered.'),
    (reason: unknown) => reason,
  )
  if (!isCellsError(error)) throw error
  // However often it was sent, it is the same call, with the same operation id.
  expect(new Set(requests).size).toBe(1)
  expect(error.hint).toMatch(/\w/)
  return { error, requests: requests.length }
}

it('knows every public method', () => {
  expect(forgotten(createCells(createClient(url, 'key')))).toEqual([])
})

describe.each(everyCall)('$name', (call) => {
  it.each([
    ['a connection that breaks', 'network', () => HttpResponse.error()],
    ['a server that fails', 'server', () => HttpResponse.json({ message: 'no' }, { status: 500 })],
    ['a gateway’s page', 'server', () => HttpResponse.html('<title>502</title>', { status: 502 })],
    ['JSON that is cut off', 'protocol', () => new HttpResponse('{"revision": 1, "ce')],
  ] as const)('is sent again after %s, and says so in the end', async (_, code, answer) => {
    const { error, requests } = await failed(call, answer)
    expect(error).toMatchObject({ code, retryable: true })
    expect(requests).toBe(3)
  })

  it.each([
    ['a sign-in page', () => HttpResponse.html('<title>Sign in</title>'), /Sign in/],
    ['an answer in another shape', () => HttpResponse.json({ version: 'next' }), /expected shape/],
    ['an answer of another kind', () => HttpResponse.json(7), /expected shape/],
  ] as const)('takes %s for no answer', async (_, answer, words) => {
    const { error, requests } = await failed(call, answer)
    expect(error).toMatchObject({ code: 'protocol', retryable: false })
    expect(error.message).toMatch(words)
    expect(requests).toBe(1)
  })

  it('waits as long as the server asks, and not beyond its own time', async () => {
    const headers = { 'retry-after': '5' }
    const answer = () => HttpResponse.json({ message: 'slow down' }, { status: 429, headers })
    const { error, requests } = await failed(call, answer, { timeout: 1_000 })
    expect(error).toMatchObject({ code: 'rate_limited', status: 429, retryAfter: 5_000, retryable: true })
    expect(requests).toBe(1)
  })

  it('gives up a request that nobody answers', async () => {
    const answer = async () => {
      await delay('infinite')
      return HttpResponse.error()
    }
    const { error, requests } = await failed(call, answer, { attemptTimeout: 100 })
    expect(error).toMatchObject({ code: 'timeout', status: 0, retryable: true })
    expect(requests).toBe(3)
  })

  it('names the clock where a token is of the future', async () => {
    const early = { code: 'PGRST303', message: 'JWT issued at future' }
    const { error } = await failed(call, () => HttpResponse.json(early, { status: 401 }))
    expect(error).toMatchObject({ code: 'unauthorized', retryable: false })
    expect(error.hint).toContain('clock')
  })
})
