import { describe as group, expect, test } from 'vitest'
import {
  bundle,
  migrate,
  migrateDown,
  migrationStatus,
  renderSql,
  supabaseFiles,
  type Query,
} from '../../src/migrations/index.ts'
import { buildPendingIndexes } from '../../src/migrations/build-indexes.ts'
import { checkServer } from '../../src/migrations/preconditions.ts'
import { splitStatements, withoutComments } from '../../src/migrations/statements.ts'
import { localOnly } from '../support/stack.ts'
import { queryOf, useCluster } from './support/cluster.ts'

const { describe } = localOnly('it makes databases')
const cluster = useCluster()

group('rendered files', () => {
  test('of the way down take back the newest first, each with its record', async () => {
    const up = await renderSql({ schema: 'plan', host: true })
    const down = await renderSql({ schema: 'plan', host: true, direction: 'down' })
    expect(down.map(({ name }) => name)).toEqual(up.map(({ name }) => name).toReversed())
    for (const { name, sql } of down) {
      expect(sql).toContain(`DELETE FROM plan.cells_migrations WHERE name = '${name}';`)
      expect(sql).not.toContain('efir_budget')
    }
  })

  test('follow the newest file of a folder, whatever else lies in it', () => {
    const rendered = [
      { name: '009_a', sql: '' },
      { name: '010_b', sql: '' },
    ]
    const existing = ['20270228235959_own.sql', 'README.md', '20260601000000_older.sql']
    expect(supabaseFiles(rendered, existing).map(({ fileName }) => fileName)).toEqual([
      '20270301000000_efir_cells_009_a.sql',
      '20270301000001_efir_cells_010_b.sql',
    ])
  })
})

group('statements', () => {
  test.each([
    [
      'a dollar quote that is never closed',
      'SELECT 1; SELECT $body$ a; b',
      ['SELECT 1', 'SELECT $body$ a; b'],
    ],
    ['a comment that is never closed', 'SELECT 1; /* a; b', ['SELECT 1']],
    [
      'comments within comments',
      'SELECT 1 /* a /* ; */ ; */; SELECT 2',
      ['SELECT 1 /* a /* ; */ ; */', 'SELECT 2'],
    ],
  ])('hide semicolons in %s', (_, text, statements) => {
    expect(splitStatements(text)).toEqual(statements)
  })

  test('are told from the comments before them', () => {
    expect(withoutComments('/* why */ -- and\n/* how /* so */ */ SELECT 1')).toBe('SELECT 1')
    expect(withoutComments('-- nothing')).toBe('')
  })
})

describe('the way down', () => {
  test('of what is down already does nothing', async () => {
    const query = queryOf((await cluster.freshDatabase()).connect())
    expect(await migrateDown(query, { to: null })).toEqual({
      schema: 'efir_budget',
      ...{ reverted: [], lost: [], current: [] },
    })
    await expect(migrateDown(query, { to: '009' })).rejects.toMatchObject({
      code: 'unknown_target',
      message: '"009" is no applied migration; there are none.',
    })
    await migrate(query, { host: true })
    const last = bundle.at(-1)!.name
    expect(await migrateDown(query, { to: last })).toMatchObject({ reverted: [] })
  })

  test('names the columns that it would drop with what they hold', async () => {
    const sql = (await cluster.freshDatabase()).connect()
    await migrate(queryOf(sql), { host: true })
    await sql.unsafe(`
      INSERT INTO efir_budget.organizations (id, name) VALUES ('00000000-0000-4000-8000-000000000001', 'School');
      INSERT INTO efir_budget.budget_versions (id, organization_id, name)
        VALUES ('00000000-0000-4000-8000-000000000002', '00000000-0000-4000-8000-000000000001', 'Budget');
      INSERT INTO efir_budget.planning_cells (budget_version_id, module_code, field_name, value_text)
        VALUES ('00000000-0000-4000-8000-000000000002', 'revenue', 'note', 'later')`)
    await expect(migrateDown(queryOf(sql), { to: '009' })).rejects.toMatchObject({
      code: 'would_lose_data',
      message: expect.stringContaining('column cell_changes.new_text') as string,
    })
  })
})

describe('the status', () => {
  test('is a contradiction where a record is of another text', async () => {
    const sql = (await cluster.freshDatabase({ migrations: 'all' })).connect()
    await sql`UPDATE efir_budget.cells_migrations SET checksum = repeat('0', 64) WHERE name LIKE '012%'`
    const status = await migrationStatus(queryOf(sql))
    expect(status.state).toBe('contradiction')
    expect(status.migrations.find(({ name }) => name.startsWith('012'))).toMatchObject({ state: 'changed' })
  })
})

describe('an index that is still to be built', () => {
  const pending = async (create: string) => {
    const sql = (await cluster.freshDatabase({ migrations: 'all' })).connect()
    const index = { name: 'idx_own', table: 'planning_cells', create }
    await sql`
      UPDATE efir_budget.cells_migrations SET pending_indexes = ${sql.json([index])} WHERE name LIKE '014%'`
    return { sql, query: queryOf(sql) }
  }

  test('and cannot be is named, with why, and stays on record', async () => {
    const { query } = await pending('CREATE INDEX idx_own ON efir_budget.planning_cells (colour)')
    await expect(migrate(query)).rejects.toMatchObject({
      code: 'failed',
      message: expect.stringMatching(/^Building the index idx_own failed: .*colour/) as string,
      cause: { code: '42703' },
    })
    expect((await migrationStatus(query)).state).toBe('behind')
  })

  test.each(['42P07', '40P01'])(
    'is looked at again after %s, for somebody else may be building it',
    async (code) => {
      const { sql, query } = await pending('CREATE INDEX idx_own ON efir_budget.planning_cells (version)')
      let failures = 1
      const meddled: Query = async (text, parameters) => {
        if (text.includes('CONCURRENTLY') && failures-- > 0) throw Object.assign(new Error('taken'), { code })
        return await query(text, parameters)
      }
      const built: string[] = []
      await buildPendingIndexes(meddled, 'efir_budget', {
        lockTimeout: 1_000,
        signal: undefined,
        onBuilt: (name) => void built.push(name),
      })
      expect(built).toEqual(['idx_own'])
      expect(
        await sql`SELECT 1 FROM pg_index WHERE indexrelid = 'efir_budget.idx_own'::regclass AND indisvalid`,
      ).toHaveLength(1)
    },
  )

  test('is built under a limit of the session’s only after a warning', async () => {
    const { sql, query } = await pending('CREATE INDEX idx_own ON efir_budget.planning_cells (version)')
    await sql`SET statement_timeout = '7min'`
    const warnings: string[] = []
    await migrate(query, {
      onProgress: (event) => {
        if (event.type === 'warning') warnings.push(event.message)
      },
    })
    expect(warnings).toEqual([
      "This session's statement_timeout is 7min: a longer index build will be cut off.",
    ])
  })
})

test('a server that is too old is refused by its version', async () => {
  const of = (version: string) => checkServer(() => Promise.resolve([{ version }]))
  await expect(of('140012')).rejects.toMatchObject({
    code: 'unsupported_server',
    message: expect.stringMatching(/^The server is Postgres 14; 15 or later is needed/) as string,
  })
  await of('150000')
})
