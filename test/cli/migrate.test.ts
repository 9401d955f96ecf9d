import { mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { expect, onTestFinished, test } from 'vitest'
import { bundle } from '../../src/migrations/index.ts'
import { useCluster } from '../migrations/support/cluster.ts'
import { addDuplicates, ids, makeLegacy } from '../migrations/support/legacy.ts'
import { efirCells } from '../migrations/support/program.ts'
import { localOnly } from '../support/stack.ts'
import { callCommand } from './support/call.ts'

const local = localOnly('it makes databases')
const cluster = useCluster()
const count = bundle.length

const call = (argv: string[], env: Record<string, string> = {}, signal?: AbortSignal) =>
  callCommand(argv, { env, ...(signal && { signal }) })

async function folder(): Promise<string> {
  const path = await mkdtemp(join(tmpdir(), 'cells-sql-'))
  onTestFinished(() => rm(path, { recursive: true }))
  return path
}

local.describe('efir-cells migrate', () => {
  test('goes up, tells its status, verifies and goes down, with exit codes for scripts', async () => {
    const env = { DATABASE_URL: (await cluster.freshDatabase()).url }
    expect(await call(['migrate', 'status'], env)).toMatchObject({
      exitCode: 3,
      stdout: expect.stringContaining('efir_budget: empty') as string,
    })
    const dry = await call(['migrate', 'up', '--host', '--dry-run'], env)
    expect(dry).toMatchObject({
      exitCode: 0,
      stdout: expect.stringContaining('Would apply:\n  000_host') as string,
    })

    const up = await call(['migrate', 'up', '--host'], env)
    expect(up).toMatchObject({
      exitCode: 0,
      stdout: `Applied ${count} of ${count} migrations to efir_budget.\n`,
    })
    expect(up.stderr).toContain(`000_host (1 of ${count})`)
    expect(await call(['migrate', 'up'], env)).toMatchObject({ exitCode: 0, stderr: '' })
    expect(await call(['migrate', 'status'], env)).toMatchObject({ exitCode: 0 })

    const verified = await call(['migrate', 'verify'], env)
    expect(verified).toMatchObject({
      exitCode: 0,
      stdout: expect.stringContaining('ok    tables: 3') as string,
    })
    expect((await call(['migrate', 'verify', '--strict'], env)).exitCode).toBe(4)

    expect(await call(['migrate', 'down', '--to', '009'], env)).toMatchObject({
      exitCode: 0,
      stdout: expect.stringContaining('efir_budget has 2 migrations left.') as string,
    })
    expect((await call(['migrate', 'status'], env)).exitCode).toBe(3)
    expect((await call(['migrate', 'down', '--to', '008'], env)).exitCode).toBe(2)
  })

  test('answers in JSON, results and errors alike', async () => {
    const { url } = await cluster.freshDatabase()
    const up = await call(['migrate', 'up', '--json', '--db-url', url])
    expect(up).toMatchObject({ exitCode: 5, stderr: '' })
    expect(JSON.parse(up.stdout)).toMatchObject({ error: { code: 'host_missing' } })
    await call(['migrate', 'up', '--host', '--db-url', url])
    const status = await call(['migrate', 'status', '--json', '--db-url', url])
    expect(JSON.parse(status.stdout)).toMatchObject({ schema: 'efir_budget', state: 'current' })
    const verified = await call(['migrate', 'verify', '--json', '--db-url', url])
    expect(JSON.parse(verified.stdout)).toMatchObject({ ok: true })
  })

  test('lists the cells that share a key, and moves them when told to', async () => {
    const database = await cluster.freshDatabase()
    const sql = database.connect()
    await makeLegacy(sql)
    await addDuplicates(sql)
    const env = { SUPABASE_DB_URL: database.url, DATABASE_URL: 'postgres://nowhere.invalid/x' }
    const refused = await call(['migrate', 'up'], env)
    expect(refused.exitCode).toBe(5)
    expect(refused.stderr).toContain(`newest ${ids.newer}`)
    const dry = await call(['migrate', 'up', '--dry-run', '--duplicates', 'keep-newest'], env)
    expect(dry).toMatchObject({
      exitCode: 0,
      stdout: expect.stringContaining('2 cells would move') as string,
    })
    const moved = await call(['migrate', 'up', '--duplicates', 'keep-newest'], env)
    expect(moved).toMatchObject({
      exitCode: 0,
      stdout: expect.stringContaining('planning_cells: 4 → 2') as string,
    })
    const down = await call(['migrate', 'down', '--to', 'nothing'], env)
    expect(down).toMatchObject({
      exitCode: 5,
      stderr: expect.stringContaining('cells_adoption_duplicates') as string,
    })
  })

  test('fails on drift, and on a database that is newer, each with its exit code', async () => {
    const database = await cluster.freshDatabase({ migrations: 'all' })
    const sql = database.connect()
    const env = { DATABASE_URL: database.url }
    await sql`DROP INDEX efir_budget.idx_comments_user`
    expect(await call(['migrate', 'verify'], env)).toMatchObject({
      exitCode: 4,
      stdout: expect.stringContaining('FAIL  indexes: idx_comments_user missing') as string,
    })
    await sql`INSERT INTO efir_budget.cells_migrations (name, checksum) VALUES ('999_future', 'x')`
    expect((await call(['migrate', 'status'], env)).exitCode).toBe(6)
    expect((await call(['migrate', 'up'], env)).exitCode).toBe(6)
  })

  test('stops on Ctrl+C without leaving half of it behind', async () => {
    const env = { DATABASE_URL: (await cluster.freshDatabase()).url }
    const interruption = new AbortController()
    interruption.abort()
    expect(await call(['migrate', 'up', '--host'], env, interruption.signal)).toMatchObject({ exitCode: 130 })
    expect((await call(['migrate', 'status'], env)).exitCode).toBe(3)
  })

  test('started in six processes at once migrates once', async () => {
    const { url } = await cluster.freshDatabase()
    const runs = await Promise.all(
      Array.from({ length: 6 }, () =>
        efirCells(['migrate', 'up', '--host', '--json'], { DATABASE_URL: url }),
      ),
    )
    expect(runs.map(({ exitCode }) => exitCode)).toEqual([0, 0, 0, 0, 0, 0])
    const applied = runs.map(({ stdout }) => (JSON.parse(stdout) as { applied: string[] }).applied.length)
    expect(applied.sort((a, b) => a - b)).toEqual([0, 0, 0, 0, 0, count])
  })
})

test('a database that cannot be reached, or does not let us in, is said without the password', async () => {
  const refused = await call(['migrate', 'status', '--db-url', 'postgres://me:hunter22@127.0.0.1:1/db'])
  expect(refused.exitCode).toBe(7)
  expect(refused.stdout + refused.stderr).not.toContain('hunter22')
})

test('commands that make no sense are refused, with what to do', async () => {
  expect(await call(['migrate', 'status'])).toMatchObject({
    exitCode: 2,
    stderr: expect.stringContaining('SUPABASE_DB_URL') as string,
  })
  expect((await call(['migrate', 'sideways'])).exitCode).toBe(2)
  expect((await call(['migrate', 'up', '--lock-timeout', 'soon'])).exitCode).toBe(2)
  expect((await call(['migrate', 'down'])).exitCode).toBe(2)
  expect((await call(['migrate', 'sql', '--schema', 'public'])).exitCode).toBe(2)
  expect(await call(['migrate', 'status', '--db-url', 'mysql://me:hunter22@host/db'])).toMatchObject({
    exitCode: 2,
  })
  const malformed = await call(['migrate', 'status', '--db-url', 'postgres://me:hun/ter#22@host/db'])
  expect(malformed.exitCode).toBe(2)
  expect(malformed.stderr).not.toContain('hun/ter#22')
})

test('--help shows examples and exit codes', async () => {
  const help = await call(['migrate', '--help'])
  expect(help).toMatchObject({ exitCode: 0 })
  expect(help.stdout).toContain('Exit codes:')
  expect((await call(['migrate', 'up', '--help'])).stdout).toContain('Examples:')
})

test('sql without a folder prints one transaction', async () => {
  const { stdout, exitCode } = await call(['migrate', 'sql', '--schema', 'plan'])
  expect(exitCode).toBe(0)
  expect(stdout).toMatch(/^BEGIN;\n/)
  expect(stdout.trimEnd()).toMatch(/COMMIT;$/)
  expect(stdout).not.toContain('efir_budget.')
})

test('sql writes files for the Supabase CLI once, whatever was there before', async () => {
  const path = await folder()
  const first = await call(['migrate', 'sql', '--out', path, '--host'])
  expect(first.exitCode).toBe(0)
  const files = await readdir(path)
  expect(files).toHaveLength(count)
  expect(files[0]).toBe('20260101000000_efir_cells_000_host.sql')
  const again = await call(['migrate', 'sql', '--out', path, '--host', '--json'])
  expect((JSON.parse(again.stdout) as { state: string }[]).every(({ state }) => state === 'unchanged')).toBe(
    true,
  )
  expect(await readdir(path)).toEqual(files)

  await writeFile(join(path, files[0]!), '-- edited')
  expect(await call(['migrate', 'sql', '--out', path, '--host'])).toMatchObject({ exitCode: 1 })
  expect(await readFile(join(path, files[0]!), 'utf8')).toBe('-- edited')
  expect((await call(['migrate', 'sql', '--out', path, '--host', '--force'])).exitCode).toBe(0)
})

test('sql puts its files behind those that the application has', async () => {
  const path = await folder()
  await writeFile(join(path, '20270315235959_budget_versions.sql'), 'SELECT 1')
  await call(['migrate', 'sql', '--out', path])
  const files = (await readdir(path)).sort()
  expect(files[0]).toBe('20270315235959_budget_versions.sql')
  expect(files[1]).toBe('20270316000000_efir_cells_009_planning_cells_writeback.sql')
  await call(['migrate', 'sql', '--out', path])
  expect((await readdir(path)).sort()).toEqual(files)
})
