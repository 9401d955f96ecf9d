import { mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs'
import { createServer } from 'node:net'
import { join } from 'node:path'
import { describe, expect, it, onTestFinished, vi } from 'vitest'
import { startLocalStack } from '../../src/local/index.ts'
import { keep, keptRows, killWithWatchdog, postmaster, runs, somewhere } from './support/places.ts'
import { processesWith, runStackProgram } from './support/program.ts'

// Every test of this file starts stacks of its own, with real processes, whichever Supabase the others run against.
// On a busy machine a start that takes a second takes ten.
vi.setConfig({ testTimeout: 120_000 })

describe('a stack with a directory', () => {
  it('keeps its data and its keys', async () => {
    const directory = somewhere()
    const first = await startLocalStack({ directory, migrations: 'none' })
    await keep(first.databaseUrl, 1)
    await first.stop()
    await using second = await startLocalStack({ directory, migrations: 'none' })
    expect(await keptRows(second.databaseUrl)).toEqual([{ id: 1 }])
    expect([second.anonKey, second.serviceKey, second.jwtSecret]).toEqual([
      first.anonKey,
      first.serviceKey,
      first.jwtSecret,
    ])
    // Neither is it had twice by one process.
    await expect(startLocalStack({ directory })).rejects.toMatchObject({
      name: 'LocalStackError',
      code: 'directory_in_use',
    })
  })

  it('migrates once', async () => {
    const directory = somewhere()
    const first = await startLocalStack({ directory })
    const organization = await first.createOrganization('Kept')
    await first.stop()
    await using second = await startLocalStack({ directory })
    expect(
      await second.sql`SELECT name FROM efir_budget.organizations WHERE id = ${organization.id}`,
    ).toEqual([{ name: 'Kept' }])
  })

  it('is had by one of two who start at once, and the other is told', async () => {
    const directory = somewhere()
    const programs = [runStackProgram({ directory }), runStackProgram({ directory })]
    const replies = await Promise.all(programs.map((program) => program.started()))
    expect(replies.filter(({ code }) => code === 'directory_in_use')).toHaveLength(1)
    expect(replies.filter(({ url }) => (url as string | undefined) !== undefined)).toHaveLength(1)
  })

  it('starts again at once after its process was killed', async () => {
    const directory = somewhere()
    const program = runStackProgram({ directory })
    const { databaseUrl } = await program.started()
    await keep(databaseUrl, 1)
    await program.kill('SIGKILL')
    await using stack = await startLocalStack({ directory, migrations: 'none' })
    expect(await keptRows(stack.databaseUrl)).toEqual([{ id: 1 }])
  })

  it('stops the Postgres that a killed process left running, and loses nothing', async () => {
    const directory = somewhere()
    const program = runStackProgram({ directory })
    const { databaseUrl } = await program.started()
    const orphan = postmaster(directory)
    await keep(databaseUrl, 1)
    await killWithWatchdog(program, directory)
    await keep(databaseUrl, 2)
    await using stack = await startLocalStack({ directory, migrations: 'none' })
    expect(runs(orphan)).toBe(false)
    expect(await keptRows(stack.databaseUrl)).toEqual([{ id: 1 }, { id: 2 }])
  })

  it('recovers when all was killed at once', async () => {
    const directory = somewhere()
    const program = runStackProgram({ directory })
    const { databaseUrl } = await program.started()
    const pid = postmaster(directory)
    await keep(databaseUrl, 1)
    await killWithWatchdog(program, directory)
    process.kill(pid, 'SIGKILL')
    await using stack = await startLocalStack({ directory, migrations: 'none' })
    expect(await keptRows(stack.databaseUrl)).toEqual([{ id: 1 }])
  })

  it('is not fooled by a stale postmaster.pid that names a living stranger', async () => {
    const directory = somewhere()
    const first = await startLocalStack({ directory, migrations: 'none' })
    await keep(first.databaseUrl, 1)
    await first.stop()
    const data = join(directory, 'postgres')
    writeFileSync(join(data, 'postmaster.pid'), `${process.pid}\n${data}\n0\n5432\n\n127.0.0.1\n\nready   \n`)
    await using stack = await startLocalStack({ directory, migrations: 'none' })
    expect(await keptRows(stack.databaseUrl)).toEqual([{ id: 1 }])
  })

  it('starts after a start that was killed half-way', async () => {
    const directory = somewhere()
    const program = runStackProgram({ directory })
    await vi.waitFor(
      () =>
        expect(readdirSync(directory).some((name) => name.startsWith('postgres.initialising'))).toBe(true),
      { interval: 5, timeout: 10_000 },
    )
    await program.kill('SIGKILL')
    await using stack = await startLocalStack({ directory, migrations: 'none' })
    await keep(stack.databaseUrl, 1)
    expect(readdirSync(directory).sort()).toEqual(['postgres', 'stack.json', 'stack.lock'])
  })

  it('refuses a directory whose "postgres" is no cluster, and leaves it as it is', async () => {
    const directory = somewhere()
    const file = join(directory, 'postgres', 'precious.txt')
    mkdirSync(join(directory, 'postgres'), { recursive: true })
    writeFileSync(file, 'mine')
    await expect(startLocalStack({ directory })).rejects.toMatchObject({ code: 'directory_unusable' })
    expect(readFileSync(file, 'utf8')).toBe('mine')
  })

  it.each(['api', 'database'] as const)(
    'says that the %s’s port is taken, and leaves nothing running',
    async (which) => {
      const directory = somewhere()
      const server = createServer()
      await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
      onTestFinished(() => void server.close())
      const { port } = server.address() as { port: number }
      await expect(
        startLocalStack({ directory, migrations: 'none', ports: { [which]: port } }),
      ).rejects.toMatchObject({ code: 'port_taken' })
      expect(processesWith('postgres', directory)).toEqual([])
      await using stack = await startLocalStack({ directory, migrations: 'none' })
      expect(stack.url).not.toContain(String(port))
    },
  )
})
