import { createServer, type RequestListener } from 'node:http'
import type { AddressInfo } from 'node:net'
import { expect, it, onTestFinished } from 'vitest'
import { runCanary } from '../../src/local/canary.ts'
import { LocalStackError } from '../../src/local/errors.ts'
import { freshDatabase, localOnly } from '../support/stack.ts'

/** Runs the canary against a server of the test's own instead of REST. */
async function canaryOf(answer: RequestListener): Promise<unknown> {
  const { sql, databaseUrl } = await freshDatabase({ migrations: 'none' })
  const server = createServer(answer)
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  onTestFinished(() => void server.close())
  const failure: unknown = await runCanary({
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    anonKey: 'anon',
    serviceKey: 'service',
    jwtSecret: 'secret',
    databaseUrl,
    superuser: sql,
    gateway: {
      fetch: () => Promise.reject(new Error('not asked')),
      reloadSchema: () => Promise.resolve(),
      exposing: (_, work) => work(),
      close: () => Promise.resolve(),
    },
  }).catch((error: unknown) => error)
  expect(await sql`SELECT FROM pg_namespace WHERE nspname = 'cells_canary'`).toHaveLength(0)
  return failure
}

localOnly('it stands in for REST').describe('the canary', () => {
  it('names the first check that fails, and leaves nothing behind', async () => {
    const failure = await canaryOf((_, response) => {
      response
        .writeHead(200, { 'content-type': 'application/json' })
        .end('[{"id":1,"secret":"not for anon"}]')
    })
    expect(failure).toBeInstanceOf(LocalStackError)
    expect(failure).toMatchObject({ code: 'canary_failed', canary: 'no_grants_of_its_own' })
  })

  it('sees a refusal that lost its code', async () => {
    const failure = await canaryOf((request, response) => {
      const refused = request.url?.includes('/fresh') === true
      response
        .writeHead(refused ? 401 : 500, { 'content-type': 'application/json' })
        .end(
          JSON.stringify({ code: refused ? '42501' : 'SUP', message: 'refused', details: null, hint: null }),
        )
    })
    expect(failure).toMatchObject({ code: 'canary_failed', canary: 'raised_status_passes' })
  })
})
