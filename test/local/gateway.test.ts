import { randomUUID } from 'node:crypto'
import { describe, expect, it } from 'vitest'
import { provideAuth } from '../../src/local/gateway.ts'
import { localOnly, useStack } from '../support/stack.ts'

it('leaves the warnings of the process as they were', async () => {
  const before: unknown = Reflect.get(process, 'emitWarning')
  // Port 9 is "discard", where no database is.
  await provideAuth('postgres://nobody:nothing@127.0.0.1:9/none').catch(() => undefined)
  expect(Reflect.get(process, 'emitWarning')).toBe(before)
})

describe('Auth, for a page of another origin', async () => {
  const stack = await useStack()
  const origin = 'https://app.example.com'
  const signUp = (password: string) =>
    fetch(`${stack.url}/auth/v1/signup`, {
      method: 'POST',
      headers: { apikey: stack.anonKey, origin, 'content-type': 'application/json' },
      body: JSON.stringify({ email: `${randomUUID()}@example.com`, password }),
    })

  it('says in its answer that the page may read it, not in that to its preflight alone', async () => {
    const preflight = await fetch(`${stack.url}/auth/v1/signup`, {
      method: 'OPTIONS',
      headers: {
        origin,
        'access-control-request-method': 'POST',
        'access-control-request-headers': 'apikey,content-type',
      },
    })
    expect(preflight.ok).toBe(true)
    // Too short a password: nobody is made.
    const refused = await signUp('short')
    expect(refused.status).toBeGreaterThanOrEqual(400)
    for (const { headers } of [preflight, refused]) {
      expect(['*', origin]).toContain(headers.get('access-control-allow-origin'))
    }
    expect(await refused.json()).toMatchObject({ code: expect.anything() as unknown })
  })

  localOnly('it makes a user by sign-up').it('says so where it signs somebody up too', async () => {
    const answer = await signUp('a long enough password')
    expect(answer.status).toBe(200)
    expect(['*', origin]).toContain(answer.headers.get('access-control-allow-origin'))
  })
})
