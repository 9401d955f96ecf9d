import { randomUUID } from 'node:crypto'
import { existsSync, mkdirSync, readdirSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, it, vi } from 'vitest'
import { startLocalStack } from '../../src/local/index.ts'
import { eventually, killWithWatchdog, ownTemp, postmaster, query, runs } from './support/places.ts'
import { processesWith, runStackProgram } from './support/program.ts'

// Every test of this file starts stacks of its own, with real processes, whichever Supabase the others run against.
// On a busy machine a start that takes a second takes ten.
vi.setConfig({ testTimeout: 120_000 })

describe('a stack without a directory', () => {
  it('leaves nothing when it stops, and may be stopped twice', async () => {
    const stack = await startLocalStack({ migrations: 'none' })
    const pid = postmaster(stack.directory)
    await Promise.all([stack.stop(), stack.stop()])
    await stack.stop()
    expect(existsSync(stack.directory)).toBe(false)
    expect(runs(pid)).toBe(false)
  })

  it('lets its process end once it is stopped', async () => {
    const program = runStackProgram({}, 'stop')
    await program.started()
    expect(await program.ended).toBe(0)
  })

  it.each(['SIGTERM', 'SIGKILL'] as const)('leaves nothing when its process gets a %s', async (signal) => {
    const program = runStackProgram()
    const { directory } = await program.started()
    const pid = postmaster(directory)
    await program.kill(signal)
    await eventually(() => {
      expect(runs(pid)).toBe(false)
      expect(existsSync(directory)).toBe(false)
    })
  })

  it('leaves nothing when its process exits, and leaves the exit code alone', async () => {
    const program = runStackProgram({}, 'exit')
    const { directory } = await program.started()
    expect(await program.ended).toBe(3)
    await eventually(() => {
      expect(existsSync(directory)).toBe(false)
    })
  })

  it('leaves nothing when its process is killed while it starts', async () => {
    const environment = ownTemp()
    const program = runStackProgram({}, undefined, environment)
    await program.next()
    await vi.waitFor(() => expect(readdirSync(environment.TMPDIR)).toHaveLength(1), { interval: 5 })
    await vi.waitFor(() => expect(processesWith('cells-watchdog', environment.TMPDIR)).toHaveLength(1), {
      interval: 5,
    })
    await program.kill('SIGKILL')
    await eventually(() => {
      expect(readdirSync(environment.TMPDIR)).toEqual([])
    })
  })

  it('removes what a killed one could not, and nothing that is another’s', async () => {
    const environment = ownTemp()
    const dead = runStackProgram({}, undefined, environment)
    const { directory } = await dead.started()
    const orphan = postmaster(directory)
    await killWithWatchdog(dead, directory)
    expect(runs(orphan)).toBe(true)
    const alive = runStackProgram({}, undefined, environment)
    const neighbour = await alive.started()
    const foreign = join(environment.TMPDIR, 'efir-cells-of-mine')
    mkdirSync(foreign)

    const third = runStackProgram({}, 'stop', environment)
    await third.started()
    await third.ended
    expect(runs(orphan)).toBe(false)
    expect(existsSync(directory)).toBe(false)
    expect(existsSync(foreign)).toBe(true)
    expect(await query(neighbour.databaseUrl, 'SELECT 1 AS alive')).toEqual([{ alive: 1 }])
  })
})

const openSockets = (): number =>
  process.getActiveResourcesInfo().filter((name) => name === 'TCPSocketWrap').length

describe('a stack that loses its database', () => {
  // JSON takes the short road through the gateway.
  it.each([
    ['text', 'pg_sleep(20)::text'],
    ['jsonb', 'to_jsonb(pg_sleep(20)::text)'],
  ])(
    'answers the request whose connection was ended, and goes on with a new one: of %s',
    async (type, value) => {
      await using stack = await startLocalStack({ migrations: 'none' })
      await stack.sql.unsafe(
        `CREATE FUNCTION public.sleep() RETURNS ${type} LANGUAGE sql AS $$ SELECT ${value} $$`,
      )
      await stack.reloadSchema()
      const reply = stack.serviceClient().rpc('sleep').then()
      const backend = await vi.waitFor(async () => {
        const [row] = await stack.sql<{ pid: number }[]>`
        SELECT pid FROM pg_stat_activity
        WHERE application_name = 'cells-gateway' AND state = 'active' AND query LIKE '%sleep%'`
        expect(row).toBeDefined()
        return row!.pid
      })
      process.kill(backend, 'SIGTERM')
      expect(await reply).toMatchObject({ status: 503 })
      expect(await stack.serviceClient().rpc('absent')).toMatchObject({ status: 404 })
      await stack.sql`DROP FUNCTION public.sleep()`
      await stack.reloadSchema()
      expect(await stack.serviceClient().rpc('sleep')).toMatchObject({ status: 404 })
    },
  )

  it('fails a transaction of `sql` that was idle when its connection ended, and stays up', async () => {
    await using stack = await startLocalStack({ migrations: 'none' })
    const transaction = stack.sql.begin(async (sql) => {
      const [row] = await sql<{ pid: number }[]>`SELECT pg_backend_pid() AS pid`
      const socketsBefore = openSockets()
      process.kill(row!.pid, 'SIGTERM')
      await vi.waitFor(() => expect(openSockets()).toBeLessThan(socketsBefore))
      // The driver has been told that it is closed by then.
      await new Promise((resolve) => setTimeout(resolve, 100))
      return await sql`SELECT 2 AS two`
    })
    await expect(transaction).rejects.toMatchObject({ code: 'CONNECTION_CLOSED' })
    expect(await stack.sql`SELECT 3 AS three`).toEqual([{ three: 3 }])
  })

  it('answers that it is unreachable when Postgres has died, and can be stopped', async () => {
    const stack = await startLocalStack()
    const organizations = () => stack.serviceClient().schema('efir_budget').from('organizations').select()
    expect(await organizations()).toMatchObject({ status: 200 })
    const shortRoad = () =>
      stack
        .serviceClient()
        .schema('efir_budget')
        .rpc('changes_since', { p_budget_version_id: randomUUID(), p_revision: 0 })
    expect(await shortRoad()).toMatchObject({ error: { code: 'PT404' } })
    process.kill(postmaster(stack.directory), 'SIGKILL')
    await vi.waitFor(async () => {
      for (const reply of [await organizations().retry(false), await shortRoad()]) {
        expect(reply).toMatchObject({ status: 503, error: { code: 'PGRST001' } })
      }
    })
    await stack.stop()
    expect(existsSync(stack.directory)).toBe(false)
  })
})

describe('a start', () => {
  it('that is aborted leaves nothing', async () => {
    const controller = new AbortController()
    let directory = ''
    const start = startLocalStack({
      signal: controller.signal,
      onProgress: (event) => {
        if (event.step === 'log') directory ||= /\/\S*efir-cells-\w+/.exec(event.line)?.[0] ?? ''
        if (event.step === 'roles') controller.abort()
      },
    })
    await expect(start).rejects.toMatchObject({ code: 'aborted' })
    expect(directory).not.toBe('')
    expect(existsSync(directory)).toBe(false)
    expect(processesWith('postgres', directory)).toEqual([])
  })
})
