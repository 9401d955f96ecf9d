import type postgres from 'postgres'
import { expect, test } from 'vitest'
import { migrate, migrationStatus, verify, type MigrationError } from '../../src/migrations/index.ts'
import { localOnly } from '../support/stack.ts'
import { queryOf, useCluster } from './support/cluster.ts'
import { fillLegacy, makeLegacy } from './support/legacy.ts'

// Tables as Alembic made them, and as somebody has gone on with them since.

const { describe } = localOnly('it makes databases')
const cluster = useCluster()

async function legacyWith(change: string, options: { readonly rows?: boolean } = {}) {
  const sql = (await cluster.freshDatabase()).connect()
  await makeLegacy(sql)
  if (options.rows ?? true) await fillLegacy(sql)
  await sql.unsafe(change)
  return { sql, query: queryOf(sql) }
}

const failureOf = async (work: Promise<unknown>): Promise<MigrationError> =>
  await work.then(
    () => expect.unreachable(),
    (error: unknown) => error as MigrationError,
  )

const cellsIn = async (sql: postgres.Sql): Promise<number> => {
  const [row] = await sql<{ count: number }[]>`SELECT count(*)::int AS count FROM efir_budget.planning_cells`
  return row!.count
}

describe('tables that somebody went on with', () => {
  test.each([
    [
      'an index that is missing is made',
      'DROP INDEX efir_budget.idx_comments_user',
      ['index cell_comments.idx_comments_user', 'missing'],
    ],
    [
      'row level security that is off is switched on',
      'ALTER TABLE efir_budget.cell_changes DISABLE ROW LEVEL SECURITY',
      ['table cell_changes', 'row level security was off'],
    ],
    [
      'a column that may be empty, and is missing, is added',
      'ALTER TABLE efir_budget.planning_cells DROP COLUMN lock_reason',
      ['column planning_cells.lock_reason', 'missing'],
    ],
    [
      'a kind of work that no record has is added',
      'ALTER TABLE efir_budget.cell_changes DROP COLUMN change_type',
      ['column cell_changes.change_type', 'missing'],
    ],
    [
      'a version that is a text becomes a number',
      'ALTER TABLE efir_budget.planning_cells ALTER COLUMN version TYPE text',
      ['column planning_cells.version', 'was text'],
    ],
    [
      'a default that there should be none of is dropped',
      "ALTER TABLE efir_budget.planning_cells ALTER COLUMN lock_reason SET DEFAULT 'closed'",
      ['column planning_cells.lock_reason', "default was 'closed'::character varying"],
    ],
    [
      'a second key of the same columns is dropped',
      `ALTER TABLE efir_budget.planning_cells ADD CONSTRAINT uq_again
         UNIQUE (budget_version_id, module_code, entity_id, field_name, period_code)`,
      ['constraint planning_cells.uq_again', 'replaced'],
    ],
  ])('%s', async (_, change, [object, reason]) => {
    const { sql, query } = await legacyWith(change)
    const { adoption } = await migrate(query)
    expect(adoption?.repairs).toContainEqual(expect.objectContaining({ object, reason }))
    expect(await cellsIn(sql)).toBe(122)
    const { checks } = await verify(query)
    for (const name of ['drift', 'row_level_security', 'indexes']) {
      expect(checks.find(({ check }) => check === name)).toMatchObject({ ok: true })
    }
  })

  test('a column that may be empty, and was told not to be, may be empty again', async () => {
    const change = `ALTER TABLE efir_budget.planning_cells ALTER COLUMN value_text SET NOT NULL`
    const { query } = await legacyWith(change, { rows: false })
    const { adoption } = await migrate(query)
    expect(adoption?.repairs).toContainEqual(
      expect.objectContaining({ object: 'column planning_cells.value_text', reason: 'was NOT NULL' }),
    )
  })

  test("the application's own constraints and restrictive policies stay", async () => {
    const { sql, query } = await legacyWith(`
      ALTER TABLE efir_budget.planning_cells ADD CONSTRAINT ck_own CHECK (version < 1000000),
        ADD CONSTRAINT uq_own UNIQUE (id, version);
      CREATE POLICY office_hours ON efir_budget.planning_cells AS RESTRICTIVE USING (true)`)
    const { adoption } = await migrate(query)
    expect(adoption?.kept).toEqual(
      expect.arrayContaining([
        'constraint planning_cells.ck_own',
        'constraint planning_cells.uq_own',
        'policy planning_cells.office_hours',
      ]),
    )
    const constraints = await sql`SELECT conname FROM pg_constraint WHERE conname IN ('ck_own', 'uq_own')`
    expect(constraints).toHaveLength(2)
    const policies = await sql`SELECT polname FROM pg_policy WHERE polname = 'office_hours'`
    expect(policies).toHaveLength(1)
  })

  test('triggers stay where the application says so', async () => {
    const { sql, query } = await legacyWith(`
      CREATE FUNCTION efir_budget.look() RETURNS trigger LANGUAGE plpgsql AS 'BEGIN RETURN NEW; END';
      CREATE TRIGGER look BEFORE UPDATE ON efir_budget.planning_cells
        FOR EACH ROW EXECUTE FUNCTION efir_budget.look()`)
    const { adoption } = await migrate(query, { adopt: { triggers: 'keep' } })
    expect(adoption?.kept).toContain('trigger planning_cells.look')
    expect(await sql`SELECT tgname FROM pg_trigger WHERE tgname = 'look'`).toHaveLength(1)
  })

  test.each([
    [
      'a column that every row needs a value in is missing',
      'ALTER TABLE efir_budget.cell_comments DROP COLUMN comment_text',
      'column cell_comments.comment_text is missing, and every row needs a value in it',
    ],
    [
      'a column holds what its type refuses',
      `ALTER TABLE efir_budget.cell_changes ALTER COLUMN session_id TYPE text USING session_id::text;
       UPDATE efir_budget.cell_changes SET session_id = 'spring' WHERE change_type = 'import'`,
      'column cell_changes.session_id is text, and has values that uuid cannot hold unchanged',
    ],
    [
      'a version is none',
      `ALTER TABLE efir_budget.planning_cells ALTER COLUMN version TYPE text;
       UPDATE efir_budget.planning_cells SET version = 'draft' WHERE is_locked`,
      'column planning_cells.version is text, and has values that integer cannot hold unchanged',
    ],
    [
      'cells have no period to tell them by',
      'ALTER TABLE efir_budget.planning_cells DROP COLUMN period_code CASCADE',
      'column planning_cells.period_code is missing, and without it nobody can tell whether cells share a key',
    ],
    [
      'rows point at users that there are not',
      `ALTER TABLE efir_budget.planning_cells DROP CONSTRAINT planning_cells_modified_by_fkey;
       UPDATE efir_budget.planning_cells SET modified_by = gen_random_uuid() WHERE is_locked`,
      'constraint planning_cells.planning_cells_modified_by_fkey 1 rows point at a row of auth.users that does not exist',
    ],
  ])('where %s, they are refused and left as they were', async (_, change, obstacle) => {
    const { sql, query } = await legacyWith(change)
    const failure = await failureOf(migrate(query))
    expect(failure.code).toBe('adoption_refused')
    expect(failure.adoption?.obstacles.map(({ object, message }) => `${object} ${message}`)).toContain(
      obstacle,
    )
    expect((await migrationStatus(query)).state).toBe('empty')
    expect(await cellsIn(sql)).toBe(122)
  })

  test('a repair that the database refuses is named, and nothing is changed', async () => {
    const { sql, query } = await legacyWith(`
      ALTER TABLE efir_budget.planning_cells ALTER COLUMN module_code TYPE text;
      CREATE VIEW efir_budget.modules AS SELECT DISTINCT module_code FROM efir_budget.planning_cells`)
    const failure = await failureOf(migrate(query))
    expect(failure).toMatchObject({ code: 'failed', cause: { code: '0A000' } })
    expect(failure.message).toMatch(/^Adopting column planning_cells\.module_code failed: .* \(ALTER TABLE /)
    expect((await migrationStatus(query)).state).toBe('empty')
    expect(await sql`SELECT module_code FROM efir_budget.modules`).toHaveLength(2)
  })
})

describe('the record of who made the tables', () => {
  test.each([
    ['is not there', 'DROP TABLE efir_budget.alembic_version', 'unknown', 'adopted (unknown): '],
    ['says nothing', 'DELETE FROM efir_budget.alembic_version', 'alembic', 'adopted (alembic): '],
  ])('%s: the adoption says what it knows', async (_, change, source, note) => {
    const { query } = await legacyWith(change, { rows: false })
    const { adoption } = await migrate(query)
    expect(adoption).toMatchObject({ source, alembicVersion: undefined })
    const { migrations } = await migrationStatus(query)
    expect(migrations.find(({ name }) => name.startsWith('009'))?.note).toContain(note)
  })

  test('is found in the schema public too', async () => {
    const { query } = await legacyWith('ALTER TABLE efir_budget.alembic_version SET SCHEMA public', {
      rows: false,
    })
    expect((await migrate(query)).adoption?.alembicVersion).toBe('009_planning_cells_writeback')
  })
})
