import type postgres from 'postgres'
import { expect, test } from 'vitest'
import {
  bundle,
  migrate,
  migrateDown,
  MigrationError,
  verify,
  type MigrateProgress,
  type Query,
} from '../../src/migrations/index.ts'
import { migrateWith } from '../../src/migrations/migrate.ts'
import { localOnly } from '../support/stack.ts'
import { queryOf, useCluster } from './support/cluster.ts'

const { describe } = localOnly('it makes databases')
const cluster = useCluster()
const everything = bundle.map(({ name }) => name)

async function tables(sql: postgres.Sql, schema = 'efir_budget'): Promise<string[]> {
  const rows = await sql<{ name: string }[]>`
    SELECT table_name AS name FROM information_schema.tables WHERE table_schema = ${schema} ORDER BY 1`
  return rows.map(({ name }) => name)
}

describe('migrate', () => {
  test('makes everything in an empty database, as an owner who is no superuser, and says what it did', async () => {
    const sql = (await cluster.freshDatabase()).connect()
    const events: MigrateProgress[] = []
    const result = await migrate(queryOf(sql), { host: true, onProgress: (event) => events.push(event) })
    expect(result).toEqual({
      schema: 'efir_budget',
      applied: everything,
      pending: [],
      current: everything,
      adoption: undefined,
    })
    expect(events.map((event) => `${event.type} ${'name' in event ? event.name : ''}`)).toEqual(
      everything.flatMap((name) => [`applying ${name}`, `applied ${name}`]),
    )
    expect(await tables(sql)).toEqual(
      expect.arrayContaining(['budget_versions', 'cell_changes', 'cell_comments', 'planning_cells']),
    )
  })

  test('changes nothing the second time', async () => {
    const sql = (await cluster.freshDatabase()).connect()
    await migrate(queryOf(sql), { host: true })
    const record = () => sql`SELECT * FROM efir_budget.cells_migrations ORDER BY name`
    const first = await record()
    expect(await migrate(queryOf(sql), { host: true })).toMatchObject({ applied: [], current: everything })
    expect(await migrate(queryOf(sql))).toMatchObject({ applied: [], current: everything })
    expect(await record()).toEqual(first)
  })

  test('run by twenty connections at once leaves one history', async () => {
    const database = await cluster.freshDatabase()
    const connections = Array.from({ length: 20 }, () => database.connect())
    const results = await Promise.all(connections.map((sql) => migrate(queryOf(sql), { host: true })))
    expect(results.filter(({ applied }) => applied.length > 0)).toHaveLength(1)
    expect(results.every(({ current }) => current.length === everything.length)).toBe(true)
    const rows = await connections[0]!`SELECT name FROM efir_budget.cells_migrations ORDER BY name`
    expect(rows.map(({ name }) => String(name))).toEqual(everything)
  })

  test('keeps its record from the API roles, default privileges notwithstanding', async () => {
    const sql = (await cluster.freshDatabase()).connect()
    await sql.unsafe(`CREATE SCHEMA efir_budget;
      ALTER DEFAULT PRIVILEGES IN SCHEMA efir_budget GRANT ALL ON TABLES TO anon, authenticated, service_role`)
    await migrate(queryOf(sql), { host: true })
    const rows = await sql`
      SELECT rolname FROM pg_roles
      WHERE rolname IN ('anon', 'authenticated', 'service_role', 'authenticator')
        AND has_table_privilege(oid, 'efir_budget.cells_migrations', 'SELECT, INSERT, UPDATE, DELETE')`
    expect(rows).toEqual([])
  })

  test('makes another schema on request, and leaves no trace of the default one', async () => {
    const sql = (await cluster.freshDatabase()).connect()
    await migrate(queryOf(sql), { host: true, schema: 'plan' })
    expect(await tables(sql, 'plan')).toContain('planning_cells')
    expect(await tables(sql)).toEqual([])
    const [row] = await sql`
      SELECT count(*)::int AS count FROM pg_proc WHERE prosrc LIKE '%efir_budget%'`
    expect(row).toEqual({ count: 0 })
  })

  test('leaves an empty database empty when a file fails, and names the file, the line and the cause', async () => {
    const sql = (await cluster.freshDatabase()).connect()
    const broken = [...bundle, { name: '999_broken', up: 'SELECT 1;\nSELECT wrong;', down: '' }]
    const failure = await migrateWith(broken, queryOf(sql), { host: true }).catch((error: unknown) => error)
    expect(failure).toBeInstanceOf(MigrationError)
    expect(failure).toMatchObject({
      code: 'failed',
      file: '999_broken.up.sql',
      message: '999_broken.up.sql line 2 failed: column "wrong" does not exist',
      cause: { code: '42703' },
    })
    expect(await tables(sql)).toEqual([])
  })

  test('refuses a database whose record was written by a newer version', async () => {
    const sql = (await cluster.freshDatabase()).connect()
    await migrate(queryOf(sql), { host: true })
    await sql`INSERT INTO efir_budget.cells_migrations (name, checksum) VALUES ('999_future', 'x')`
    await expect(migrate(queryOf(sql))).rejects.toMatchObject({ code: 'database_newer' })
  })

  test('refuses a database in which another form of a migration was applied', async () => {
    const sql = (await cluster.freshDatabase()).connect()
    await migrate(queryOf(sql), { host: true })
    await sql`UPDATE efir_budget.cells_migrations SET checksum = 'x' WHERE name LIKE '009%'`
    await expect(migrate(queryOf(sql))).rejects.toMatchObject({
      code: 'checksum_mismatch',
      file: '009_planning_cells_writeback.up.sql',
    })
  })

  test('says which tables of the application are missing, and does not guess', async () => {
    const sql = (await cluster.freshDatabase()).connect()
    await expect(migrate(queryOf(sql))).rejects.toMatchObject({
      code: 'host_missing',
      message: expect.stringContaining('budget_versions.organization_id') as string,
    })
    expect(await tables(sql)).toEqual([])
  })

  test('refuses to make host tables over those of the application', async () => {
    const sql = (await cluster.freshDatabase()).connect()
    await sql.unsafe('CREATE SCHEMA efir_budget; CREATE TABLE efir_budget.organizations (id uuid)')
    await expect(migrate(queryOf(sql), { host: true })).rejects.toMatchObject({ code: 'host_exists' })
  })

  test('refuses a query function that spreads over a pool', async () => {
    const database = await cluster.freshDatabase()
    const pool = [database.connect(), database.connect()]
    let turn = 0
    const spread = queryOf(pool[0]!)
    const other = queryOf(pool[1]!)
    await expect(
      migrate((text, parameters) => ((turn += 1) % 2 === 0 ? spread : other)(text, parameters), {
        host: true,
      }),
    ).rejects.toMatchObject({ code: 'not_one_session' })
    expect(await tables(pool[0]!)).toEqual([])
  })

  test('works behind a pooler in transaction mode, which keeps a session for a transaction only', async () => {
    const database = await cluster.freshDatabase()
    const servers = [database.connect(), database.connect(), database.connect()].map(queryOf)
    let turn = 0
    let held: Query | undefined
    const pooled: Query = async (text, parameters) => {
      const server = held ?? servers[(turn += 1) % servers.length]!
      if (text.startsWith('BEGIN')) held = server
      if (/^(COMMIT|ROLLBACK)$/.test(text)) held = undefined
      return await server(text, parameters)
    }
    expect((await migrate(pooled, { host: true })).applied).toEqual(everything)
    await migrateDown(pooled, { to: '009' })
    await migrate(pooled, { concurrently: true })
    expect((await verify(pooled)).ok).toBe(true)
  })

  test('leaves nothing behind when its connection is lost half-way, though the driver connects again', async () => {
    const database = await cluster.freshDatabase()
    const sql = database.connect()
    const other = database.connect()
    const query: Query = async (text, parameters) => {
      if (text.includes('CREATE TABLE efir_budget.cell_commits')) {
        await other`SELECT pg_terminate_backend(pid) FROM pg_stat_activity
          WHERE datname = current_database() AND pid <> pg_backend_pid()`
      }
      return await queryOf(sql)(text, parameters)
    }
    await expect(migrate(query, { host: true })).rejects.toThrow()
    expect(await tables(other)).toEqual([])
    expect((await migrate(queryOf(sql), { host: true })).applied).toEqual(everything)
  })

  test('stops on request: before it begins, while it waits, and between two files', async () => {
    const database = await cluster.freshDatabase()
    const sql = database.connect()
    const reason = new Error('enough')
    await expect(migrate(queryOf(sql), { host: true, signal: AbortSignal.abort(reason) })).rejects.toBe(
      reason,
    )

    const between = new AbortController()
    await expect(
      migrate(queryOf(sql), {
        host: true,
        signal: between.signal,
        onProgress: (event) => {
          if (event.type === 'applied') between.abort(reason)
        },
      }),
    ).rejects.toBe(reason)
    expect(await tables(sql)).toEqual([])

    const holder = database.connect()
    await holder.begin(async (held) => {
      await held`SELECT pg_advisory_xact_lock(hashtextextended('@efir/cells migrations efir_budget', 0))`
      const waiting = new AbortController()
      await expect(
        migrate(queryOf(sql), {
          host: true,
          signal: waiting.signal,
          onProgress: (event) => {
            if (event.type === 'waiting') waiting.abort(reason)
          },
        }),
      ).rejects.toBe(reason)
    })
    expect(await tables(sql)).toEqual([])
  })
})
