import type postgres from 'postgres'
import { expect, test } from 'vitest'
import { migrate, verify, type VerifyCheck } from '../../src/migrations/index.ts'
import { localOnly } from '../support/stack.ts'
import { startRealtime, withoutRealtime } from '../sql/support/realtime.ts'
import { queryOf, useCluster } from './support/cluster.ts'

const { describe } = localOnly('it makes databases')
const cluster = useCluster()

async function migrated(schema = 'efir_budget'): Promise<postgres.Sql> {
  const isDefault = schema === 'efir_budget'
  const sql = (await cluster.freshDatabase({ migrations: isDefault ? 'all' : 'none' })).connect()
  if (!isDefault) await migrate(queryOf(sql), { host: true, schema })
  return sql
}

const failed = async (sql: postgres.Sql, schema?: string): Promise<Record<string, VerifyCheck>> => {
  const { checks } = await verify(queryOf(sql), { schema })
  return Object.fromEntries(checks.filter(({ ok }) => !ok).map((check) => [check.check, check]))
}

describe('verify', () => {
  test.each(['efir_budget', 'plan'])('finds nothing wrong in a migrated schema %s', async (schema) => {
    const sql = await migrated(schema)
    const { ok, checks } = await verify(queryOf(sql), { schema })
    // Which schemas the API exposes is not to be seen in this database.
    expect(checks.filter((check) => !check.ok).map(({ check }) => check)).toEqual(['api_schema'])
    expect(ok).toBe(true)
  })

  test('counts what the deployment guide counts', async () => {
    const { checks } = await verify(queryOf(await migrated()))
    const expected = (name: string) => checks.find(({ check }) => check === name)?.expected
    expect(expected('tables')).toMatch(/^3: /)
    expect(expected('indexes')).toMatch(/^14: /)
    expect(expected('policies')).toMatch(/^3: /)
    expect(expected('publication')).toBe(
      'supabase_realtime with cell_comments, planning_cells and without cell_changes',
    )
  })

  test('finds everything missing in an empty database, and says what to do', async () => {
    const sql = (await cluster.freshDatabase()).connect()
    const wrong = await failed(sql)
    expect(Object.keys(wrong)).toEqual(
      expect.arrayContaining(['migrations', 'tables', 'indexes', 'policies', 'publication']),
    )
    expect(wrong.migrations?.hint).toContain('migrate up')
  })

  test.each([
    ['indexes', 'DROP INDEX efir_budget.idx_cells_locked', 'idx_cells_locked missing'],
    [
      'row_level_security',
      'ALTER TABLE efir_budget.cell_changes DISABLE ROW LEVEL SECURITY',
      'cell_changes: off',
    ],
    [
      'policies',
      'DROP POLICY cell_comments_org_isolation ON efir_budget.cell_comments',
      'cell_comments_org_isolation missing',
    ],
    [
      'publication',
      'ALTER PUBLICATION supabase_realtime DROP TABLE efir_budget.cell_comments',
      'cell_comments missing',
    ],
    [
      'publication',
      'ALTER PUBLICATION supabase_realtime ADD TABLE efir_budget.cell_changes',
      'cell_changes is published',
    ],
    ['anon_access', 'GRANT SELECT ON efir_budget.planning_cells TO anon', 'anon: SELECT on planning_cells'],
    [
      'anon_access',
      'GRANT SELECT (value_numeric) ON efir_budget.planning_cells TO anon',
      'anon: SELECT on planning_cells.value_numeric',
    ],
    ['api_grants', 'GRANT TRUNCATE ON efir_budget.planning_cells TO authenticated', 'TRUNCATE'],
    ['api_grants', 'REVOKE SELECT ON efir_budget.planning_cells FROM authenticated', 'SELECT'],
    ['api_grants', 'REVOKE USAGE ON SCHEMA efir_budget FROM authenticated', 'no USAGE for authenticated'],
    [
      'api_grants',
      'GRANT SELECT ON efir_budget.cells_migrations TO service_role',
      'cells_migrations to service_role',
    ],
    [
      'other_policies',
      'CREATE POLICY open ON efir_budget.planning_cells USING (true)',
      'planning_cells.open',
    ],
    [
      'drift',
      'ALTER TABLE efir_budget.cell_comments ALTER COLUMN is_resolved SET DEFAULT true',
      'DEFAULT true',
    ],
    [
      'drift',
      'ALTER TABLE efir_budget.planning_cells DROP CONSTRAINT uq_planning_cell',
      'uq_planning_cell is missing',
    ],
    [
      'drift',
      'ALTER POLICY planning_cells_org_isolation ON efir_budget.planning_cells USING (true)',
      'USING (true)',
    ],
    [
      'additions',
      'ALTER TABLE efir_budget.planning_cells ADD COLUMN colour text',
      'column planning_cells.colour',
    ],
    [
      'realtime_authorisation',
      'ALTER TABLE realtime.messages DISABLE ROW LEVEL SECURITY',
      'row level security is off',
    ],
  ])('finds by %s what "%s" did', async (check, change, found) => {
    const sql = await migrated()
    await sql.unsafe(change)
    const wrong = await failed(sql)
    expect(Object.keys(wrong)).toContain(check)
    expect(wrong[check]?.found).toContain(found)
    expect(wrong[check]?.hint).toBeTruthy()
  })

  test('finds an index that was left invalid', async () => {
    const sql = await migrated()
    await sql.unsafe(`
      INSERT INTO efir_budget.organizations (id, name) VALUES ('00000000-0000-4000-8000-000000000001', 'School');
      INSERT INTO efir_budget.budget_versions (organization_id, name)
        VALUES ('00000000-0000-4000-8000-000000000001', 'A'), ('00000000-0000-4000-8000-000000000001', 'B')`)
    await sql.unsafe(`INSERT INTO efir_budget.planning_cells (budget_version_id, module_code, field_name)
      SELECT id, 'revenue', 'rate' FROM efir_budget.budget_versions`)
    await sql
      .unsafe('CREATE UNIQUE INDEX CONCURRENTLY idx_broken ON efir_budget.planning_cells (module_code)')
      .catch(() => undefined)
    expect((await failed(sql)).index_validity?.found).toContain('planning_cells.idx_broken')
  })

  test('wants the policies of the channels where Realtime is, and says what makes them', async () => {
    const sql = await migrated()
    await withoutRealtime(sql)
    await startRealtime(sql)
    const wrong = await failed(sql)
    expect(wrong.realtime_authorisation?.hint).toContain('efir_budget.install_realtime()')
    await sql`SELECT efir_budget.install_realtime()`
    expect(Object.keys(await failed(sql))).toEqual(['api_schema'])
    await sql`DROP POLICY "efir_budget: not without signing in" ON realtime.messages`
    expect((await failed(sql)).realtime_authorisation?.found).toBe(
      'policy "efir_budget: not without signing in" missing',
    )
  })

  test('leaves tables and functions of the application out of it', async () => {
    const sql = await migrated()
    await sql.unsafe(`
      CREATE TABLE efir_budget.news (id int); GRANT SELECT ON efir_budget.news TO anon;
      CREATE FUNCTION efir_budget.hello() RETURNS int LANGUAGE sql AS 'SELECT 1'`)
    expect(Object.keys(await failed(sql))).toEqual(['api_schema'])
  })

  test('changes nothing: a session that may only read is enough for it', async () => {
    const database = await cluster.freshDatabase({ migrations: 'all' })
    const name = new URL(database.url).pathname.slice(1)
    await database.connect().unsafe(`ALTER DATABASE "${name}" SET default_transaction_read_only = on`)
    const sql = database.connect()
    await expect(sql`CREATE TABLE public.written ()`).rejects.toMatchObject({ code: '25006' })
    expect((await verify(queryOf(sql))).checks.length).toBeGreaterThan(0)
    expect(await sql`SHOW search_path`).not.toEqual([{ search_path: '""' }])
  })
})
