import { beforeAll, expect, test } from 'vitest'
import { migrate, verify, type VerifyCheck } from '../../src/migrations/index.ts'
import { parseDescription } from '../../src/migrations/describe/description.ts'
import { runChecks } from '../../src/migrations/verify/checks.ts'
import type { Facts } from '../../src/migrations/verify/facts.ts'
import committedSchema from '../../src/migrations/schema.sql'
import { localOnly } from '../support/stack.ts'
import { queryOf, useCluster } from './support/cluster.ts'

const { describe } = localOnly('it makes databases')
const cluster = useCluster()

const byName = (checks: readonly VerifyCheck[]) =>
  Object.fromEntries(checks.map((check) => [check.check, check])) as Record<string, VerifyCheck>

describe('what a database can be found with', () => {
  test.each([
    [
      'function_search_path',
      'ALTER FUNCTION efir_budget.write_cells(uuid, jsonb, text, text, uuid, uuid, text) RESET search_path',
      'write_cells(',
    ],
    [
      'public_execute',
      'GRANT EXECUTE ON ALL FUNCTIONS IN SCHEMA efir_budget TO PUBLIC; GRANT SELECT ON efir_budget.planning_cells TO PUBLIC',
      'PUBLIC: EXECUTE on write_cells(',
    ],
    [
      'drift',
      `ALTER POLICY planning_cells_org_isolation ON efir_budget.planning_cells USING (${Array.from({ length: 40 }, (_, index) => `version <> ${index}`).join(' AND ')})`,
      '…',
    ],
  ])('%s after "%s"', async (check, change, found) => {
    const sql = (await cluster.freshDatabase({ migrations: 'all' })).connect()
    if (check === 'function_search_path') {
      const [row] = await sql<{ name: string }[]>`
        SELECT oid::regprocedure::text AS name FROM pg_proc
        WHERE proname = 'write_cells' AND pronamespace = 'efir_budget'::regnamespace`
      await sql.unsafe(`ALTER FUNCTION ${row!.name} RESET search_path`)
    } else await sql.unsafe(change)
    const checks = byName((await verify(queryOf(sql))).checks)
    expect(checks[check]).toMatchObject({ ok: false, severity: 'error' })
    expect(checks[check]?.found).toContain(found)
    expect(checks[check]?.hint).toBeTruthy()
  })

  test('grants to PUBLIC on tables are no functions that PUBLIC can call', async () => {
    const sql = (await cluster.freshDatabase({ migrations: 'all' })).connect()
    await sql`GRANT SELECT ON efir_budget.planning_cells TO PUBLIC`
    const checks = byName((await verify(queryOf(sql))).checks)
    expect(checks.public_execute).toMatchObject({ ok: true })
    expect(checks.anon_access).toMatchObject({ ok: false, found: 'PUBLIC: SELECT on planning_cells' })
  })

  test('indexes that are still to be built are named', async () => {
    const sql = (await cluster.freshDatabase()).connect()
    const query = queryOf(sql)
    await migrate(query, { host: true })
    await sql`
      UPDATE efir_budget.cells_migrations SET pending_indexes =
        '[{"name": "idx_own", "table": "planning_cells", "create": "CREATE INDEX idx_own ON efir_budget.planning_cells (version)"}]'
      WHERE name LIKE '014%'`
    const { checks } = await verify(query)
    expect(byName(checks).migrations).toMatchObject({ ok: false })
    expect(byName(checks).migrations?.found).toMatch(/^014_lean_indexes: idx_own to be built$/)
    // And the next run builds them.
    await migrate(query, { host: true })
    expect(byName((await verify(query)).checks).migrations).toMatchObject({ ok: true })
    expect(await sql`SELECT 1 FROM pg_class WHERE relname = 'idx_own'`).toHaveLength(1)
  })
})

test.for([
  ['api_schema', { exposedSchemas: ['public', 'efir_budget'] }, { ok: true, found: 'public, efir_budget' }],
  [
    'api_schema',
    { exposedSchemas: ['public', 'graphql_public'] },
    { ok: false, severity: 'error', found: 'exposed are public, graphql_public' },
  ],
  ['api_schema', { exposedSchemas: undefined }, { ok: false, severity: 'warning' }],
  ['owner', { owners: ['postgres'] }, { ok: true, found: 'postgres' }],
  ['owner', { owners: [] }, { ok: true, found: 'nothing to own' }],
  [
    'owner',
    { owners: ['postgres', 'someone'] },
    { ok: false, severity: 'warning', found: 'postgres, someone' },
  ],
  ['realtime_authorisation', { realtime: undefined }, { ok: true, found: 'no Realtime in this database' }],
  [
    'realtime_authorisation',
    { realtime: { isProtected: false } },
    { ok: false, found: 'row level security is off on realtime.messages' },
  ],
  ['publication', { published: [] }, { ok: false, found: 'cell_comments missing, planning_cells missing' }],
  ['drift', {}, { ok: true }],
] as const)('%s: %j is found to be %j', ([name, given, wanted]) => {
  expect(byName(runChecks({ ...facts, ...given }))[name]).toMatchObject(wanted)
})

test('drift that is only in the words of another version of Postgres is a warning', () => {
  const [first] = facts.expected.keys()
  const found = new Map(facts.found).set(first!, 'printed otherwise')
  const drift = (server: number) => byName(runChecks({ ...facts, found, server })).drift
  expect(drift(17)).toMatchObject({ ok: false, severity: 'error' })
  expect(drift(16)).toMatchObject({ ok: false, severity: 'warning' })
})

test('drift of policies of Realtime is none where there is no Realtime', () => {
  const found = new Map([...facts.found].filter(([key]) => !key.startsWith('policy realtime.')))
  expect(byName(runChecks({ ...facts, found, realtime: undefined })).drift).toMatchObject({ ok: true })
  expect(byName(runChecks({ ...facts, found })).drift?.found).toMatch(
    /policy realtime\.messages\..* is missing/,
  )
})

let facts: Facts
beforeAll(() => {
  const expected = parseDescription(committedSchema)
  facts = {
    schema: 'efir_budget',
    status: { schema: 'efir_budget', state: 'current', migrations: [] },
    ...{ expected, found: expected, expectedServer: 17, server: 17, owners: ['postgres'] },
    ...{ published: ['cell_comments', 'planning_cells'], realtime: { isProtected: true } },
    exposedSchemas: ['efir_budget'],
  }
})
