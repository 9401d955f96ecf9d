import { describe, expect, it } from 'vitest'
import { bundle } from '../../src/migrations/index.ts'
import { freshDatabase } from '../support/stack.ts'

const { sql, createOrganization, createBudget } = await freshDatabase()
const bare = await freshDatabase({ migrations: 'none' })
const names = async (query: string) => (await sql.unsafe<{ name: string }[]>(query)).map(({ name }) => name)

const FUNCTIONS = `FROM pg_proc AS f WHERE f.pronamespace = 'efir_budget'::regnamespace`

describe('the migrated schema', () => {
  it('has the fourteen indexes by name, and the three policies', async () => {
    expect(
      await names(`SELECT indexname AS name FROM pg_indexes WHERE schemaname = 'efir_budget'
        AND tablename IN ('planning_cells', 'cell_changes', 'cell_comments') AND indexname LIKE 'idx%' ORDER BY 1`),
    ).toEqual([
      'idx_cells_locked',
      'idx_cells_lookup',
      'idx_cells_modified',
      'idx_cells_module',
      'idx_cells_version',
      'idx_changes_cell',
      'idx_changes_entity',
      'idx_changes_session',
      'idx_changes_time',
      'idx_changes_type',
      'idx_changes_user',
      'idx_comments_cell',
      'idx_comments_unresolved',
      'idx_comments_user',
    ])
    expect(
      await names(`SELECT policyname AS name FROM pg_policies WHERE schemaname = 'efir_budget'
        AND tablename IN ('planning_cells', 'cell_changes', 'cell_comments') ORDER BY 1`),
    ).toEqual(['cell_changes_org_isolation', 'cell_comments_org_isolation', 'planning_cells_org_isolation'])
  })

  it('publishes cells and comments, and not their record', async () => {
    expect(
      await names(`SELECT tablename AS name FROM pg_publication_tables
        WHERE pubname = 'supabase_realtime' AND schemaname = 'efir_budget' ORDER BY 1`),
    ).toEqual(['cell_comments', 'planning_cells'])
  })

  it('sets the search path of every function to nothing', async () => {
    expect(
      await names(
        `SELECT f.proname AS name ${FUNCTIONS} AND NOT coalesce('search_path=""' = ANY (f.proconfig), false)`,
      ),
    ).toEqual([])
  })

  it('lets PUBLIC and anon call no function, and members and the service key only those of the API', async () => {
    for (const role of ['anon', 'authenticated', 'service_role']) {
      const callable = await names(
        `SELECT f.proname AS name ${FUNCTIONS} AND has_function_privilege('${role}', f.oid, 'EXECUTE') ORDER BY 1`,
      )
      const api = [
        'acquire_leases',
        'add_comment',
        'cells_as_of',
        'changes_since',
        'comment_counts',
        'delete_comment',
        'edit_comment',
        'import_cells',
        ...(role === 'service_role' ? ['import_staged_cells'] : []),
        'inbox',
        ...(role === 'service_role' ? ['install_realtime'] : []),
        'list_cells',
        'list_changes',
        'list_comments',
        'list_leases',
        'lock_cells',
        'locked_cells',
        'mark_read',
        'my_budgets',
        'preview_redo',
        'preview_undo',
        'read_cells',
        'read_cells_as_of',
        'redo',
        'release_leases',
        'renew_leases',
        'reopen_thread',
        'resolve_thread',
        'restore_cells',
        ...(role === 'service_role' ? ['stage_cells'] : []),
        'undo',
        'undo_state',
        'unlock_cells',
        'write_cells',
      ]
      expect(callable, role).toEqual(role === 'anon' ? [] : api)
    }
  })

  it('guards every table with row level security', async () => {
    expect(
      await names(`SELECT relname AS name FROM pg_class WHERE relnamespace = 'efir_budget'::regnamespace
        AND relkind = 'r' AND NOT relrowsecurity AND relname <> 'cells_migrations'`),
    ).toEqual([])
  })

  it('explains every table, view, function, trigger and policy, and every column that 010 and later added', async () => {
    expect(
      await names(`
        SELECT c.relname AS name FROM pg_class AS c
        WHERE c.relnamespace = 'efir_budget'::regnamespace AND c.relkind IN ('r', 'v', 'S') AND c.relname <> 'cells_migrations'
          AND obj_description(c.oid, 'pg_class') IS NULL
        UNION ALL SELECT f.proname ${FUNCTIONS} AND obj_description(f.oid, 'pg_proc') IS NULL
        UNION ALL SELECT t.tgname FROM pg_trigger AS t
          INNER JOIN pg_class AS c ON c.oid = t.tgrelid
          WHERE c.relnamespace = 'efir_budget'::regnamespace AND NOT t.tgisinternal
            AND obj_description(t.oid, 'pg_trigger') IS NULL
        UNION ALL SELECT p.polname FROM pg_policy AS p INNER JOIN pg_class AS c ON c.oid = p.polrelid
          WHERE c.relname IN ('planning_cells', 'cell_changes', 'cell_comments')
            AND obj_description(p.oid, 'pg_policy') IS NULL
        UNION ALL SELECT y.typname FROM pg_type AS y
          WHERE y.typnamespace = 'efir_budget'::regnamespace AND y.typtype = 'e' AND obj_description(y.oid, 'pg_type') IS NULL
        UNION ALL SELECT a.attname FROM pg_attribute AS a
          WHERE a.attrelid = 'efir_budget.cell_changes'::regclass AND a.attnum > 14 AND NOT a.attisdropped
            AND col_description(a.attrelid, a.attnum) IS NULL`),
    ).toEqual([])
  })
})

describe('the files', () => {
  it('never build the name of the schema, so that another can be put in its place', () => {
    for (const { name, up, down } of bundle)
      for (const text of [up, down]) expect(text, name).not.toMatch(/efir_budget_|_efir_budget|'efir'|efir\./)
  })
})

describe('down and up again', () => {
  it('leave no trace of 010 and later, and give the same schema', async () => {
    const organization = await createOrganization()
    const { id } = await createBudget({ organization })
    await sql`INSERT INTO efir_budget.planning_cells (budget_version_id, module_code, field_name, value_numeric) VALUES (${id}, 'm', 'f', 1)`
    const shape = () => sql.unsafe(SHAPE)
    const before = await shape()
    const later = bundle.filter(({ name }) => name > '010')
    for (const { down } of [...later].reverse()) await sql.unsafe(down).simple()
    const given = await sql.unsafe(SHAPE)
    for (const { up } of later) await sql.unsafe(up).simple()
    expect(await shape()).toEqual(before)
    for (const { up } of bundle.filter(({ name }) => name < '010')) await bare.sql.unsafe(up).simple()
    expect(given.filter((row) => !String(row.name).startsWith('cells_migrations'))).toEqual(
      await bare.sql.unsafe(SHAPE),
    )
    expect(
      await sql`SELECT value_numeric, version FROM efir_budget.planning_cells WHERE budget_version_id = ${id}`,
    ).toEqual([{ value_numeric: '1.0000', version: 1 }])
  })
})

const SHAPE = `
  SELECT 'column' AS kind, c.table_name || '.' || c.column_name AS name, c.data_type || coalesce(c.column_default, '') AS shape
  FROM information_schema.columns AS c WHERE c.table_schema = 'efir_budget'
  UNION ALL SELECT 'index', indexname, indexdef FROM pg_indexes WHERE schemaname = 'efir_budget'
  UNION ALL SELECT 'function', f.proname, pg_get_functiondef(f.oid) || coalesce(f.proacl::text, '') ${FUNCTIONS}
  UNION ALL SELECT 'trigger', t.tgname, pg_get_triggerdef(t.oid) FROM pg_trigger AS t
    INNER JOIN pg_class AS c ON c.oid = t.tgrelid
    WHERE c.relnamespace = 'efir_budget'::regnamespace AND NOT t.tgisinternal
  UNION ALL SELECT 'policy', policyname, coalesce(qual, '') || coalesce(with_check, '') FROM pg_policies WHERE schemaname = 'efir_budget'
  UNION ALL SELECT 'constraint', conname, pg_get_constraintdef(oid) FROM pg_constraint WHERE connamespace = 'efir_budget'::regnamespace
  UNION ALL SELECT 'grants', relname, coalesce(relacl::text, '') FROM pg_class WHERE relnamespace = 'efir_budget'::regnamespace
  ORDER BY 1, 2, 3`
