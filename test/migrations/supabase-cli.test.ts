import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { expect, onTestFinished, test } from 'vitest'
import {
  bundle,
  migrate,
  migrationStatus,
  renderSql,
  supabaseFiles,
  verify,
} from '../../src/migrations/index.ts'
import { localOnly } from '../support/stack.ts'
import { queryOf, useCluster } from './support/cluster.ts'
import { runProgram } from './support/program.ts'

const { describe } = localOnly('it makes databases')
const cluster = useCluster()
const program = fileURLToPath(new URL('../../node_modules/.bin/supabase', import.meta.url))

/** A project of the Supabase CLI with nothing but migrations. */
async function project(): Promise<{ migrations: string; up: (url: string) => Promise<string> }> {
  const folder = await mkdtemp(join(tmpdir(), 'cells-supabase-'))
  onTestFinished(() => rm(folder, { recursive: true }))
  const migrations = join(folder, 'supabase', 'migrations')
  await mkdir(migrations, { recursive: true })
  return {
    migrations,
    async up(url) {
      const { exitCode, stdout, stderr } = await runProgram(
        program,
        ['migration', 'up', `--remote=${url}`, '--yes', '--workdir', folder],
        // A home of its own, so that it finds nobody's login and leaves nothing behind; nothing goes over the network.
        {
          cwd: folder,
          env: { HOME: folder, SUPABASE_YES: '1', SUPABASE_TELEMETRY_DISABLED: '1', DO_NOT_TRACK: '1' },
        },
      )
      if (exitCode !== 0)
        throw new Error(`supabase migration up ended with ${String(exitCode)}:\n${stdout}${stderr}`)
      return stdout + stderr
    },
  }
}

describe('the Supabase CLI', () => {
  test('applies the rendered files to an empty database, which then verifies and counts as migrated', async () => {
    const { migrations, up } = await project()
    const database = await cluster.freshDatabase()
    const query = queryOf(database.connect())
    const rendered = await renderSql({ host: true })

    // An application that had the first release, and files of its own since.
    const first = supabaseFiles(rendered.slice(0, 3), [])
    for (const { fileName, sql } of first) await writeFile(join(migrations, fileName), sql)
    const own = '20260601120000_own.sql'
    await writeFile(join(migrations, own), 'CREATE TABLE public.news (id int);')
    await up(database.url)
    expect((await migrationStatus(query)).state).toBe('behind')

    // The next release adds its files behind those.
    const all = supabaseFiles(rendered, [...first.map(({ fileName }) => fileName), own])
    const added = all.filter(({ state }) => state === 'new')
    expect(added).toHaveLength(rendered.length - 3)
    expect(added.every(({ fileName }) => fileName > own)).toBe(true)
    for (const { fileName, sql } of added) await writeFile(join(migrations, fileName), sql)
    await up(database.url)

    expect((await migrationStatus(query)).state).toBe('current')
    const { checks } = await verify(query)
    expect(checks.filter(({ ok, severity }) => !ok && severity === 'error')).toEqual([])
    expect((await migrate(query, { host: true })).applied).toEqual([])
    expect((await migrationStatus(query)).migrations).toHaveLength(bundle.length)
  }, 120_000)
})
