import type postgres from 'postgres'
import { expect, test } from 'vitest'
import { bundle, migrate, migrateDown, migrationStatus, verify } from '../../src/migrations/index.ts'
import { describe as describeSchema } from '../../src/migrations/describe/description.ts'
import { rehearsal } from '../../src/migrations/query.ts'
import { localOnly } from '../support/stack.ts'
import { queryOf, useCluster } from './support/cluster.ts'
import { addDuplicates, fillLegacy, makeLegacy } from './support/legacy.ts'

const { describe } = localOnly('it makes databases')
const cluster = useCluster()
const everything = bundle.map(({ name }) => name)

const schemaOf = async (sql: postgres.Sql): Promise<Record<string, string>> => {
  const query = queryOf(sql)
  return Object.fromEntries(await rehearsal(query, () => describeSchema(query, 'efir_budget')))
}

const addCell = (sql: postgres.Sql) =>
  sql.unsafe(`
    INSERT INTO efir_budget.organizations (id, name) VALUES ('00000000-0000-4000-8000-000000000001', 'School');
    INSERT INTO efir_budget.budget_versions (id, organization_id, name)
      VALUES ('00000000-0000-4000-8000-000000000002', '00000000-0000-4000-8000-000000000001', 'Budget');
    INSERT INTO efir_budget.planning_cells (budget_version_id, module_code, field_name, value_numeric)
      VALUES ('00000000-0000-4000-8000-000000000002', 'revenue', 'rate', 1)`)

describe('going down', () => {
  test('to nothing leaves the empty schema, and up again makes the same as before', async () => {
    const sql = (await cluster.freshDatabase()).connect()
    await migrate(queryOf(sql), { host: true })
    const made = await schemaOf(sql)
    const result = await migrateDown(queryOf(sql), { to: null })
    expect(result).toEqual({
      schema: 'efir_budget',
      reverted: everything.toReversed(),
      lost: [],
      current: [],
    })
    expect(
      Object.keys(await schemaOf(sql)).filter((object) => !/^schema|^grant schema/.test(object)),
    ).toEqual([])
    expect((await migrationStatus(queryOf(sql))).state).toBe('empty')
    expect((await migrate(queryOf(sql), { host: true })).applied).toEqual(everything)
    expect(await schemaOf(sql)).toEqual(made)
  })

  // Its work grows with the square of the number of migrations.
  test(
    'step by step, and up again from every step, ends in the same schema',
    { timeout: 120_000 },
    async () => {
      const sql = (await cluster.freshDatabase()).connect()
      await migrate(queryOf(sql), { host: true })
      const made = await schemaOf(sql)
      for (const target of everything.slice(0, -1).toReversed()) {
        await migrateDown(queryOf(sql), { to: target })
        const { migrations } = await migrationStatus(queryOf(sql))
        expect(migrations.filter(({ state }) => state === 'applied').at(-1)?.name).toBe(target)
        await migrate(queryOf(sql), { host: true })
        expect(await schemaOf(sql)).toEqual(made)
      }
    },
  )

  test('refuses to drop rows unless told that they may go, and says which', async () => {
    const sql = (await cluster.freshDatabase()).connect()
    await migrate(queryOf(sql), { host: true })
    await addCell(sql)
    await expect(migrateDown(queryOf(sql), { to: '000' })).rejects.toMatchObject({
      code: 'would_lose_data',
      message: expect.stringContaining('table planning_cells') as string,
    })
    expect((await migrationStatus(queryOf(sql))).state).toBe('current')
    const { lost, current } = await migrateDown(queryOf(sql), { to: '000', dataLoss: 'accept' })
    expect(lost).toContain('table planning_cells')
    expect(current).toEqual(['000_host'])
  })

  test('refuses a target that was never applied', async () => {
    const sql = (await cluster.freshDatabase()).connect()
    await migrate(queryOf(sql), { host: true })
    await expect(migrateDown(queryOf(sql), { to: '008' })).rejects.toMatchObject({ code: 'unknown_target' })
  })

  test('refuses a database that is newer than the package', async () => {
    const sql = (await cluster.freshDatabase()).connect()
    await migrate(queryOf(sql), { host: true })
    await sql`INSERT INTO efir_budget.cells_migrations (name, checksum) VALUES ('999_future', 'x')`
    await expect(migrateDown(queryOf(sql), { to: null })).rejects.toMatchObject({ code: 'database_newer' })
  })

  test('leaves the tables of the application alone', async () => {
    const sql = (await cluster.freshDatabase()).connect()
    await makeLegacy(sql)
    await fillLegacy(sql)
    await addDuplicates(sql)
    await migrate(queryOf(sql), { adopt: { duplicates: 'keep-newest' } })
    const { lost } = await migrateDown(queryOf(sql), { to: null, dataLoss: 'accept' })
    expect(lost).toContain('table cells_adoption_duplicates')
    const tables = Object.keys(await schemaOf(sql)).filter((object) => object.startsWith('table '))
    expect(tables).toEqual(
      ['alembic_version', 'budget_versions', 'organizations', 'user_profiles'].map((name) => `table ${name}`),
    )
  })

  test('of another schema leaves the default one as it is', async () => {
    const sql = (await cluster.freshDatabase()).connect()
    await migrate(queryOf(sql), { host: true })
    await migrate(queryOf(sql), { host: true, schema: 'plan' })
    await migrateDown(queryOf(sql), { to: null, schema: 'plan' })
    const { checks } = await verify(queryOf(sql))
    expect(checks.filter(({ ok, severity }) => !ok && severity === 'error')).toEqual([])
  })
})
