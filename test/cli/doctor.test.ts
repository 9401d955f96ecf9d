import { describe, expect, test } from 'vitest'
import { freshDatabase, useStack } from '../support/stack.ts'
import { efirCells, member } from './support/command.ts'

const stack = await useStack()
// Of its own: other suites change functions and policies in the run's one for a moment, as hosts may.
const { databaseUrl } = await freshDatabase()

type Report = { readonly ok: boolean; readonly checks: { readonly check: string; readonly status: string }[] }
const statuses = (stdout: string) =>
  Object.fromEntries((JSON.parse(stdout) as Report).checks.map(({ check, status }) => [check, status]))

describe('efir-cells doctor', { timeout: 120_000 }, () => {
  test('finds nothing wrong where nothing is, from the project to the private channel', async () => {
    const { env } = await member(stack)
    const ended = await efirCells(['doctor'], { env })
    expect(ended).toMatchObject({ exitCode: 0, stderr: '' })
    expect(ended.stdout).toContain('ok    budget: read at revision')
    expect(ended.stdout).toContain('ok    realtime: joined the private channel')
    expect(ended.stdout).toContain('skip  migrations')
    expect(ended.stdout).toContain('Nothing stands in the way.')
  })

  test('looks at the migrations where it has the database', async () => {
    const { env } = await member(stack)
    const ended = await efirCells(['doctor', '--json'], { env: { ...env, SUPABASE_DB_URL: databaseUrl } })
    expect(ended).toMatchObject({ exitCode: 0 })
    expect(statuses(ended.stdout)).toMatchObject({ tables: 'ok', publication: expect.any(String) as string })
  })

  test('says of each thing that is wrong what to do', async () => {
    const { env, user } = await member(stack)
    const stranger = await member(stack)
    const expired = await stack.signToken({ sub: user.id }, { expiresIn: -60 })
    const of = async (changes: Record<string, string>) =>
      await efirCells(['doctor', '--json'], { env: { ...env, ...changes } })

    const [nowhere, signedOut, foreign, hidden, nobody, noDatabase] = await Promise.all([
      of({ SUPABASE_URL: 'http://127.0.0.1:1' }),
      of({ CELLS_ACCESS_TOKEN: expired }),
      of({ CELLS_BUDGET: stranger.budget.id }),
      of({ CELLS_SCHEMA: 'hidden' }),
      of({ CELLS_ACCESS_TOKEN: '' }),
      of({ SUPABASE_DB_URL: 'postgres://me:hunter22@127.0.0.1:1/db' }),
    ])
    expect(nowhere.exitCode).toBe(4)
    expect(statuses(nowhere.stdout)).toMatchObject({ project: 'fail' })
    expect(statuses(signedOut.stdout)).toMatchObject({ key: 'fail', schema: 'fail' })
    expect(statuses(foreign.stdout)).toMatchObject({ schema: 'ok', budget: 'fail', realtime: 'fail' })
    expect(statuses(hidden.stdout)).toMatchObject({ schema: 'fail' })
    expect(statuses(nobody.stdout)).toMatchObject({ key: 'warn', realtime: 'skip' })
    expect(statuses(noDatabase.stdout)).toMatchObject({ database: 'fail' })
  }, 120_000)
})
