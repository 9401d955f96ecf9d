import { setTimeout as sleep } from 'node:timers/promises'
import type postgres from 'postgres'
import { expect, test } from 'vitest'
import {
  bundle,
  migrationStatus,
  verify,
  type Migration,
  type MigrateProgress,
} from '../../src/migrations/index.ts'
import { migrateWith } from '../../src/migrations/migrate.ts'
import { statusOf } from '../../src/migrations/status.ts'
import { localOnly } from '../support/stack.ts'
import { queryOf, useCluster, type Database } from './support/cluster.ts'
import { addDuplicates, fillLegacy, makeLegacy } from './support/legacy.ts'

const { describe } = localOnly('it makes databases')
const cluster = useCluster()

/** A later migration that touches a table in use: a column, and two indexes. */
const next: Migration = {
  name: '900_next',
  up: `ALTER TABLE efir_budget.planning_cells ADD COLUMN note text;
    CREATE INDEX idx_next_note ON efir_budget.planning_cells (note);
    CREATE INDEX idx_next_created ON efir_budget.planning_cells (created_at) WHERE note IS NULL;
    COMMENT ON INDEX efir_budget.idx_next_note IS 'Of the test.';`,
  down: 'ALTER TABLE efir_budget.planning_cells DROP COLUMN note',
}
const longer = [...bundle, next]

async function filledDatabase(cells: number): Promise<{ database: Database; sql: postgres.Sql }> {
  const database = await cluster.freshDatabase()
  const sql = database.connect()
  await migrateWith(bundle, queryOf(sql), { host: true })
  await sql.unsafe(`
    INSERT INTO efir_budget.organizations (id, name) VALUES ('00000000-0000-4000-8000-000000000001', 'School');
    INSERT INTO efir_budget.budget_versions (id, organization_id, name)
      VALUES ('00000000-0000-4000-8000-000000000002', '00000000-0000-4000-8000-000000000001', 'Budget');
    INSERT INTO efir_budget.planning_cells (budget_version_id, module_code, field_name, period_code, value_numeric)
    SELECT '00000000-0000-4000-8000-000000000002', 'load', 'field_' || number, '2025-09', number
    FROM generate_series(1, ${cells}) AS number`)
  return { database, sql }
}

const indexesOf = async (sql: postgres.Sql): Promise<string[]> =>
  (
    await sql<{ name: string }[]>`
      SELECT class.relname || CASE WHEN indisvalid THEN '' ELSE ' invalid' END AS name
      FROM pg_index INNER JOIN pg_class AS class ON class.oid = indexrelid
      WHERE class.relname LIKE 'idx_next%' ORDER BY 1`
  ).map(({ name }) => name)

describe('migrating concurrently', () => {
  test('builds indexes on existing tables outside of the transaction, and says so', async () => {
    const { sql } = await filledDatabase(10)
    const events: MigrateProgress[] = []
    const onProgress = (event: MigrateProgress) => events.push(event)
    const result = await migrateWith(longer, queryOf(sql), { concurrently: true, onProgress })
    expect(result.applied).toEqual(['900_next'])
    expect(events.map(({ type }) => type)).toEqual([
      ...['applying', 'applied', 'indexing', 'indexed', 'indexing', 'indexed'],
    ])
    expect(await indexesOf(sql)).toEqual(['idx_next_created', 'idx_next_note'])
    const [comment] = await sql`SELECT obj_description('efir_budget.idx_next_note'::regclass) AS comment`
    expect(comment).toEqual({ comment: 'Of the test.' })
    expect((await statusOf(longer, queryOf(sql), 'efir_budget')).state).toBe('current')
  })

  test('makes the same schema in an empty database as one transaction does', async () => {
    const sql = (await cluster.freshDatabase()).connect()
    await migrateWith(bundle, queryOf(sql), { host: true, concurrently: true })
    expect((await migrationStatus(queryOf(sql))).state).toBe('current')
    const { checks } = await verify(queryOf(sql))
    expect(checks.filter(({ ok, severity }) => !ok && severity === 'error')).toEqual([])
  })

  test('keeps writers going: they write while indexes are built, and none fails', async () => {
    const { database, sql } = await filledDatabase(30_000)
    let building = false
    let running = true
    let written = 0
    let duringBuild = 0
    let longest = 0
    const write = async (seed: number): Promise<void> => {
      const own = database.connect()
      for (let turn = seed; running; turn += 1) {
        const started = performance.now()
        await own`UPDATE efir_budget.planning_cells SET value_numeric = value_numeric + 1
          WHERE budget_version_id = '00000000-0000-4000-8000-000000000002' AND module_code = 'load'
            AND field_name = ${`field_${1 + ((turn * 7919) % 30_000)}`} AND entity_id IS NULL AND period_code = '2025-09'`
        longest = Math.max(longest, performance.now() - started)
        written += 1
        if (building) duringBuild += 1
      }
    }
    const writers = [write(1), write(20_000), write(40_000)]
    while (written < 20) await sleep(5)
    await migrateWith(longer, queryOf(sql), {
      concurrently: true,
      onProgress: ({ type }) => {
        building = type === 'indexing'
      },
    })
    running = false
    await Promise.all(writers)
    expect(duringBuild).toBeGreaterThan(5)
    expect(longest).toBeLessThan(2_000)
    const [row] =
      await sql`SELECT (sum(value_numeric) - 30000::bigint * 30001 / 2)::int AS added FROM efir_budget.planning_cells`
    expect(row).toEqual({ added: written })
  })

  test('by several processes at once, after one that died, ends with valid indexes and one history', async () => {
    const { database, sql } = await filledDatabase(2_000)
    const dead = new AbortController()
    const reason = new Error('died')
    await expect(
      migrateWith(longer, queryOf(sql), {
        concurrently: true,
        signal: dead.signal,
        onProgress: ({ type }) => {
          if (type === 'applied') dead.abort(reason)
        },
      }),
    ).rejects.toBe(reason)
    const status = await statusOf(longer, queryOf(sql), 'efir_budget')
    expect(status.state).toBe('behind')
    expect(status.migrations.at(-1)?.pendingIndexes).toEqual(['idx_next_note', 'idx_next_created'])
    // What a build that was cut off leaves behind.
    await sql`UPDATE efir_budget.planning_cells SET note = 'same', value_numeric = value_numeric + 1`
    await expect(
      sql`CREATE UNIQUE INDEX CONCURRENTLY idx_next_note ON efir_budget.planning_cells (note)`,
    ).rejects.toMatchObject({ code: '23505' })
    expect(await indexesOf(sql)).toEqual(['idx_next_note invalid'])

    await Promise.all(
      Array.from({ length: 6 }, (_, index) =>
        migrateWith(longer, queryOf(database.connect()), { concurrently: index % 2 === 0 }),
      ),
    )
    expect(await indexesOf(sql)).toEqual(['idx_next_created', 'idx_next_note'])
    expect((await statusOf(longer, queryOf(sql), 'efir_budget')).state).toBe('current')
  })

  test('takes over tables that Alembic made, and builds their indexes afterwards', async () => {
    const sql = (await cluster.freshDatabase()).connect()
    await makeLegacy(sql)
    await fillLegacy(sql)
    await addDuplicates(sql)
    const { adoption } = await migrateWith(bundle, queryOf(sql), {
      concurrently: true,
      adopt: { duplicates: 'keep-newest' },
    })
    expect(adoption?.movedCells).toBe(2)
    const { checks } = await verify(queryOf(sql))
    expect(checks.filter(({ ok, severity }) => !ok && severity === 'error')).toEqual([])
  })
})

describe('a table that somebody holds', () => {
  test('is waited for in short turns, so that writers behind the migration are not held up', async () => {
    const { database, sql } = await filledDatabase(10)
    const reader = await database.connect().reserve()
    await reader.unsafe('BEGIN; SELECT count(*) FROM efir_budget.planning_cells')
    let retries = 0
    const migration = migrateWith(longer, queryOf(sql), {
      lockTimeout: 50,
      onProgress: ({ type }) => {
        if (type === 'retrying') retries += 1
      },
    })
    while (retries < 2) await sleep(5)
    const writer = database.connect()
    await writer`UPDATE efir_budget.planning_cells SET value_text = NULL WHERE module_code = 'load'`
    await reader.unsafe('COMMIT')
    reader.release()
    expect((await migration).applied).toEqual(['900_next'])
  })

  test('for too long ends the run, which says so and leaves nothing behind', async () => {
    const { database, sql } = await filledDatabase(10)
    const reader = await database.connect().reserve()
    await reader.unsafe('BEGIN; SELECT count(*) FROM efir_budget.planning_cells')
    await expect(migrateWith(longer, queryOf(sql), { lockTimeout: 5 })).rejects.toMatchObject({
      code: 'tables_busy',
      cause: { cause: { code: '55P03' } },
    })
    await reader.unsafe('COMMIT')
    reader.release()
    expect((await migrationStatus(queryOf(sql))).state).toBe('current')
  })
})
