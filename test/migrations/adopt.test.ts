import { readFileSync } from 'node:fs'
import type postgres from 'postgres'
import { expect, test } from 'vitest'
import { bundle, migrate, migrationStatus, verify, type MigrationError } from '../../src/migrations/index.ts'
import { localOnly } from '../support/stack.ts'
import { queryOf, useCluster } from './support/cluster.ts'
import { addDuplicates, fillLegacy, ids, makeLegacy } from './support/legacy.ts'

const { describe } = localOnly('it makes databases')
const cluster = useCluster()

async function legacyDatabase(
  options: { rows?: boolean; duplicates?: boolean } = {},
): Promise<{ sql: postgres.Sql; query: ReturnType<typeof queryOf> }> {
  const sql = (await cluster.freshDatabase()).connect()
  await makeLegacy(sql)
  if (options.rows ?? true) await fillLegacy(sql)
  if (options.duplicates ?? false) await addDuplicates(sql)
  return { sql, query: queryOf(sql) }
}

/** Every row of the three tables, in the columns that they had before, in a stable order. */
async function contents(sql: postgres.Sql): Promise<Record<string, unknown[]>> {
  const cells = await sql`
    SELECT id, budget_version_id, module_code, entity_id, field_name, period_code, value_numeric::text, value_text,
      coalesce(is_locked, false) AS is_locked, lock_reason, coalesce(version, 1) AS version
    FROM efir_budget.planning_cells ORDER BY id`
  const changes = await sql`
    SELECT id, budget_version_id, module_code, entity_id, period_code, old_value::text, new_value::text,
      change_type, session_id, coalesce(sequence_number, 0) AS sequence_number, changed_by, changed_at
    FROM efir_budget.cell_changes ORDER BY id`
  const comments = await sql`
    SELECT id, comment_text, coalesce(is_resolved, false) AS is_resolved, created_by, created_at
    FROM efir_budget.cell_comments ORDER BY id`
  return { cells: [...cells], changes: [...changes], comments: [...comments] }
}

const failureOf = async (work: Promise<unknown>): Promise<MigrationError> =>
  await work.then(
    () => {
      throw new Error('it did not fail')
    },
    (error: unknown) => error as MigrationError,
  )

describe('tables that Alembic made', () => {
  test('are taken over without a row', async () => {
    const { query } = await legacyDatabase({ rows: false })
    const { adoption, applied } = await migrate(query)
    expect(applied[0]).toBe('009_planning_cells_writeback')
    expect(adoption).toMatchObject({ source: 'alembic', alembicVersion: '009_planning_cells_writeback' })
    expect(
      (await migrationStatus(query)).migrations.find(({ name }) => name.startsWith('009')),
    ).toMatchObject({
      state: 'applied',
      note: expect.stringContaining('adopted (alembic') as string,
    })
  })

  test('are taken over with every row they have: values, locks, comments, changes', async () => {
    const { sql, query } = await legacyDatabase()
    const before = await contents(sql)
    const { adoption, current } = await migrate(query)
    expect(current).toEqual(bundle.filter(({ optional }) => optional === undefined).map(({ name }) => name))
    expect(await contents(sql)).toEqual(before)
    expect(adoption?.counts).toEqual({
      planning_cells: { before: 122, after: 122 },
      cell_changes: { before: 123, after: 123 },
      cell_comments: { before: 2, after: 2 },
    })
    // What a record lacked is taken from the cell.
    const derived = await sql`
      SELECT cell_id, field_name FROM efir_budget.cell_changes WHERE change_type IN ('manual', 'undo') ORDER BY field_name, cell_id`
    expect([...derived]).toEqual([
      { cell_id: ids.text, field_name: 'note' },
      { cell_id: ids.text, field_name: 'note' },
      { cell_id: ids.locked, field_name: 'rate' },
    ])
  })

  test('pass every check of verify afterwards', async () => {
    const { query } = await legacyDatabase({ duplicates: true })
    await migrate(query, { adopt: { duplicates: 'keep-newest' } })
    const { checks, ok } = await verify(query)
    expect(checks.filter((check) => !check.ok).map(({ check, found }) => `${check}: ${found}`)).toEqual([
      'api_schema: not to be seen in the database: look in the settings of the API',
    ])
    expect(ok).toBe(true)
  })

  test('are reported, and left alone, by a dry run', async () => {
    const { sql, query } = await legacyDatabase({ duplicates: true })
    const before = await contents(sql)
    const result = await migrate(query, { dryRun: true })
    expect(result.applied).toEqual([])
    expect(result.pending[0]).toBe('009_planning_cells_writeback')
    const { adoption } = result
    expect(adoption?.obstacles.map(({ object }) => object)).toEqual([
      'constraint planning_cells.uq_planning_cell',
    ])
    expect(adoption?.duplicates).toHaveLength(2)
    expect(adoption?.repairs.map(({ object }) => object)).toEqual(
      expect.arrayContaining([
        'policy planning_cells.planning_cells_authenticated_access',
        'policy planning_cells.planning_cells_org_isolation',
        'index cell_comments.idx_comments_user',
        'constraint planning_cells.uq_planning_cell',
        'constraint cell_changes.cell_changes_cell_id_fkey',
        'column planning_cells.version',
        'publication supabase_realtime.cell_changes',
      ]),
    )
    // What 014 makes anew is not made twice.
    expect(adoption?.left).toContain('index planning_cells.idx_cells_locked')
    expect(await contents(sql)).toEqual(before)
    expect((await migrationStatus(query)).state).toBe('empty')
    const policies = await sql`SELECT polname FROM pg_policy WHERE polname LIKE '%isolation'`
    expect([...policies]).toEqual([])
  })

  test('with cells of one key are refused, with the list of them, and left as they were', async () => {
    const { sql, query } = await legacyDatabase({ duplicates: true })
    const before = await contents(sql)
    const failure = await failureOf(migrate(query))
    expect(failure.code).toBe('adoption_refused')
    expect(failure.message).toContain('4 cells share 2 keys')
    expect(failure.adoption?.duplicates).toEqual([
      {
        budgetVersionId: ids.budget,
        module: 'costs',
        entity: ids.entity,
        field: 'total',
        period: null,
        keeps: ids.fourth,
        cells: [
          expect.objectContaining({ id: ids.fourth, number: '2.0000', version: 2 }),
          expect.objectContaining({ id: ids.third }),
        ],
      },
      {
        budgetVersionId: ids.budget,
        module: 'costs',
        entity: null,
        field: 'total',
        period: null,
        keeps: ids.newer,
        cells: [
          expect.objectContaining({
            id: ids.newer,
            number: '11.5000',
            comments: 1,
            changes: 1,
            isLocked: false,
          }),
          expect.objectContaining({
            id: ids.older,
            number: '10.5000',
            comments: 1,
            changes: 1,
            isLocked: true,
          }),
        ],
      },
    ])
    expect(await contents(sql)).toEqual(before)
    expect((await migrationStatus(query)).state).toBe('empty')
  })

  test('keep the newest of one key on request, and nothing of the others is lost', async () => {
    const { sql, query } = await legacyDatabase({ duplicates: true })
    const before = await contents(sql)
    const original = await sql`
      SELECT to_jsonb(cell) AS cell FROM efir_budget.planning_cells AS cell
      WHERE id IN ${sql([ids.older, ids.third])} ORDER BY id`
    const { adoption } = await migrate(query, { adopt: { duplicates: 'keep-newest' } })
    expect(adoption).toMatchObject({
      movedCells: 2,
      movedComments: 1,
      counts: {
        planning_cells: { before: 126, after: 124 },
        cell_changes: { before: 125, after: 125 },
        cell_comments: { before: 4, after: 4 },
      },
    })

    const moved = await sql`
      SELECT cell_id, kept_cell_id, cell, cardinality(comment_ids) AS comments
      FROM efir_budget.cells_adoption_duplicates ORDER BY cell_id`
    expect([...moved]).toEqual([
      { cell_id: ids.older, kept_cell_id: ids.newer, cell: original[0]?.cell as unknown, comments: 1 },
      { cell_id: ids.third, kept_cell_id: ids.fourth, cell: original[1]?.cell as unknown, comments: 0 },
    ])
    // The comment of the cell that moved is now on the cell that stayed; the records keep the cell they are about.
    const comments = await sql`
      SELECT comment_text FROM efir_budget.cell_comments WHERE cell_id = ${ids.newer} ORDER BY comment_text`
    expect(comments.map(({ comment_text }) => comment_text as string)).toEqual([
      'New quote.',
      'The board said 10.5.',
    ])
    const after = await contents(sql)
    expect(after.changes).toEqual(before.changes)
    expect(after.comments).toEqual(before.comments)
    const [change] =
      await sql`SELECT count(*)::int AS count FROM efir_budget.cell_changes WHERE cell_id = ${ids.older}`
    expect(change).toEqual({ count: 1 })
    // The lock of the older one stays on.
    const [kept] = await sql`
      SELECT value_numeric::text AS number, is_locked, lock_reason FROM efir_budget.planning_cells WHERE id = ${ids.newer}`
    expect(kept).toEqual({ number: '11.5000', is_locked: true, lock_reason: 'Approved by the board' })
  })

  test('are not robbed of a cell that a table of the application points at', async () => {
    const { sql, query } = await legacyDatabase({ duplicates: true })
    await sql.unsafe(`
      CREATE TABLE efir_budget.attachments (cell uuid REFERENCES efir_budget.planning_cells (id) ON DELETE CASCADE);
      INSERT INTO efir_budget.attachments VALUES ('${ids.older}'), ('${ids.newer}')`)
    const failure = await failureOf(migrate(query, { adopt: { duplicates: 'keep-newest' } }))
    expect(failure.code).toBe('adoption_refused')
    expect(failure.message).toContain('efir_budget.attachments.cell (1 rows)')
    await sql`UPDATE efir_budget.attachments SET cell = ${ids.newer}`
    await migrate(query, { adopt: { duplicates: 'keep-newest' } })
    const [row] = await sql`SELECT count(*)::int AS count FROM efir_budget.attachments`
    expect(row).toEqual({ count: 2 })
  })

  test('with rows that the form of 009 cannot hold are refused, each with what to look at', async () => {
    const { sql, query } = await legacyDatabase()
    await sql.unsafe(`
      UPDATE efir_budget.planning_cells SET value_text = 'both' WHERE id = '${ids.locked}';
      UPDATE efir_budget.planning_cells SET value_type = 'guess' WHERE module_code = 'enrollment' AND period_code = '2025-01';
      INSERT INTO efir_budget.cell_comments (comment_text) VALUES ('About nothing.');
      ALTER TABLE efir_budget.planning_cells ALTER COLUMN lock_reason TYPE text;
      UPDATE efir_budget.planning_cells SET lock_reason = repeat('long ', 100) WHERE is_locked`)
    const failure = await failureOf(migrate(query))
    const obstacles = failure.adoption?.obstacles.map(({ object, message }) => `${object} ${message}`)
    expect(obstacles).toEqual([
      'column cell_comments.cell_id 1 rows have no value, and none can be derived',
      'column planning_cells.lock_reason is text, and has values that character varying(200) cannot hold unchanged',
      'constraint planning_cells.ck_planning_cells_value_type 10 rows have a value that is none of the allowed ones',
      'rows of planning_cells 1 cells hold a number and a text at once',
    ])
    expect(failure.adoption?.obstacles.every(({ hint }) => hint.includes('SELECT'))).toBe(true)
  })

  test('may have cells that nobody counted the versions of: they start at 1', async () => {
    const { sql, query } = await legacyDatabase()
    await sql`UPDATE efir_budget.planning_cells SET version = 0 WHERE module_code = 'enrollment'`
    await migrate(query)
    const versions = await sql`SELECT DISTINCT version FROM efir_budget.planning_cells ORDER BY 1`
    expect(versions.map(({ version }) => version as number)).toEqual([1, 4])
  })

  test('in other types are converted where every value comes through unchanged', async () => {
    const { sql, query } = await legacyDatabase()
    await sql.unsafe(`
      ALTER TABLE efir_budget.planning_cells ALTER COLUMN value_numeric TYPE numeric(20, 4),
        ALTER COLUMN module_code TYPE text, ALTER COLUMN version TYPE bigint,
        ALTER COLUMN created_at TYPE timestamp USING created_at AT TIME ZONE 'UTC'`)
    const [before] =
      await sql`SELECT min(created_at AT TIME ZONE 'UTC') AS moment FROM efir_budget.planning_cells`
    // What the session's time zone happens to be must not move anything.
    await sql`SET timezone = 'Asia/Riyadh'`
    await migrate(query)
    const [after] = await sql`SELECT min(created_at) AS moment FROM efir_budget.planning_cells`
    expect(after).toEqual(before)
    const { checks } = await verify(query)
    expect(checks.find(({ check }) => check === 'drift')).toMatchObject({ ok: true })
  })

  test("keep the application's own columns and indexes, and ask about its triggers", async () => {
    const { sql, query } = await legacyDatabase()
    await sql.unsafe(`
      ALTER TABLE efir_budget.planning_cells ADD COLUMN colour text DEFAULT 'red';
      CREATE INDEX idx_own ON efir_budget.planning_cells (colour);
      CREATE FUNCTION efir_budget.bump() RETURNS trigger LANGUAGE plpgsql AS
        'BEGIN NEW.version := OLD.version + 1; RETURN NEW; END';
      CREATE TRIGGER bump_version BEFORE UPDATE ON efir_budget.planning_cells
        FOR EACH ROW EXECUTE FUNCTION efir_budget.bump()`)
    const failure = await failureOf(migrate(query))
    expect(failure.adoption?.obstacles.map(({ object }) => object)).toEqual([
      'trigger planning_cells.bump_version',
    ])
    const { adoption } = await migrate(query, { adopt: { triggers: 'drop' } })
    expect(adoption?.kept).toEqual(
      expect.arrayContaining(['column planning_cells.colour', 'index planning_cells.idx_own']),
    )
    const [row] =
      await sql`SELECT count(*)::int AS count FROM efir_budget.planning_cells WHERE colour = 'red'`
    expect(row).toEqual({ count: 122 })
    const { checks } = await verify(query)
    expect(checks.find(({ check }) => check === 'additions')).toMatchObject({
      ok: false,
      severity: 'warning',
      found: 'column planning_cells.colour, index planning_cells.idx_own',
    })
  })

  test("leave the application's own columns writable", async () => {
    const { sql, query } = await legacyDatabase()
    await sql`ALTER TABLE efir_budget.planning_cells ADD COLUMN colour text DEFAULT 'red'`
    await migrate(query)
    await sql`UPDATE efir_budget.planning_cells SET colour = 'blue' WHERE id = ${ids.text}`
    const [cell] = await sql`SELECT colour FROM efir_budget.planning_cells WHERE id = ${ids.text}`
    expect(cell).toEqual({ colour: 'blue' })
  })

  test('no longer let a signed-in user of another organisation in, nor anon', async () => {
    const { sql, query } = await legacyDatabase()
    await migrate(query)
    const policies = await sql`
      SELECT polname FROM pg_policy
      WHERE polrelid = ANY (ARRAY['efir_budget.planning_cells', 'efir_budget.cell_changes', 'efir_budget.cell_comments']::regclass[])
      ORDER BY 1`
    expect(
      policies.map(({ polname }) => polname as string).filter((name) => name.endsWith('access')),
    ).toEqual([])
    const stranger = '00000000-0000-4000-8000-00000000ffff'
    const seen = await sql.begin(async (transaction) => {
      await transaction`SELECT set_config('role', 'authenticated', true),
        set_config('request.jwt.claims', ${JSON.stringify({ sub: stranger })}, true)`
      return await transaction`SELECT id FROM efir_budget.planning_cells`
    })
    expect([...seen]).toEqual([])
    await expect(
      sql.begin(async (transaction) => {
        await transaction`SELECT set_config('role', 'anon', true)`
        return await transaction`SELECT id FROM efir_budget.planning_cells`
      }),
    ).rejects.toMatchObject({ code: '42501' })
  })

  test('need the organisation of a budget: they are told so, and the guide has what to run', async () => {
    const { sql, query } = await legacyDatabase()
    await sql.unsafe(`
      ALTER TABLE efir_budget.budget_versions DROP COLUMN organization_id;
      DROP TABLE efir_budget.user_profiles, efir_budget.organizations`)
    await expect(migrate(query)).rejects.toMatchObject({
      code: 'host_missing',
      message: expect.stringContaining('budget_versions.organization_id') as string,
    })
    const guide = readFileSync(new URL('../../docs/guide/migrations.md', import.meta.url), 'utf8')
    await sql.unsafe(/```sql\n([\s\S]*?)```/.exec(guide)?.[1] ?? 'no SQL in the guide')
    await migrate(query)
    const seen = await sql.begin(async (transaction) => {
      await transaction`SELECT set_config('role', 'authenticated', true),
        set_config('request.jwt.claims', ${JSON.stringify({ sub: ids.user })}, true)`
      return await transaction`SELECT id FROM efir_budget.planning_cells`
    })
    expect(seen).toHaveLength(122)
  })

  test('in part only, or with a lost record, are refused', async () => {
    const partial = await legacyDatabase({ rows: false })
    await partial.sql`DROP TABLE efir_budget.cell_comments`
    await expect(migrate(partial.query)).rejects.toMatchObject({ code: 'unrecorded' })

    const forgotten = (await cluster.freshDatabase()).connect()
    await migrate(queryOf(forgotten), { host: true })
    await forgotten`DROP TABLE efir_budget.cells_migrations`
    await expect(migrate(queryOf(forgotten))).rejects.toMatchObject({
      code: 'unrecorded',
      message: expect.stringContaining('cell_commits') as string,
    })
  })

  test('taken over by twenty at once are taken over once', async () => {
    const database = await cluster.freshDatabase()
    const first = database.connect()
    await makeLegacy(first)
    await fillLegacy(first)
    const results = await Promise.all(Array.from({ length: 20 }, () => migrate(queryOf(database.connect()))))
    expect(results.filter(({ adoption }) => adoption !== undefined)).toHaveLength(1)
  })
})
