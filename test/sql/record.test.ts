import { describe, expect, it } from 'vitest'
import { freshKey, freshTenants, recordOf, refusalOf, write } from './support/cells.ts'

const { sql, budget, asAlice, asAnon, asService, createBudget, createOrganization, ours } =
  await freshTenants()

const TABLES = ['cell_changes', 'cell_commits', 'cell_sessions', 'budget_revisions', 'cell_operations']

const made = async (in_: string) => {
  const { results } = await asAlice((as) =>
    write(as, in_, [
      { ...freshKey(), number: '1' },
      { ...freshKey(), text: 'x' },
    ]),
  )
  return results.map((result) => result[1] as string)
}

describe('the record of changes', () => {
  const attempts = (table: string) => [
    `UPDATE efir_budget.${table} SET budget_version_id = budget_version_id`,
    `DELETE FROM efir_budget.${table}`,
    `TRUNCATE efir_budget.${table}`,
    `INSERT INTO efir_budget.${table} SELECT * FROM efir_budget.${table} LIMIT 1`,
  ]

  it.each([
    ['a member', asAlice],
    ['the service key', asService],
    ['anon', asAnon],
  ] as const)('cannot be changed by %s', async (_, as) => {
    for (const attempt of TABLES.flatMap(attempts))
      expect((await refusalOf(as((run) => run.unsafe(attempt)))).code, attempt).toBe('42501')
  })

  it.each([
    ['a member', asAlice],
    ['the service key', asService],
  ] as const)(
    'cannot be changed by %s even where a host has granted everything on all tables',
    async (_, as) => {
      await made(budget)
      const rollback = new Error('roll back')
      for (const attempt of TABLES.flatMap(attempts)) {
        const refusal = await refusalOf(
          sql.begin(async (owner) => {
            await owner`GRANT ALL ON ALL TABLES IN SCHEMA efir_budget TO anon, authenticated, service_role`
            await owner`GRANT ALL ON ALL ROUTINES IN SCHEMA efir_budget TO anon, authenticated, service_role`
            await owner`GRANT ALL ON ALL SEQUENCES IN SCHEMA efir_budget TO anon, authenticated, service_role`
            await owner`SELECT set_config('role', ${as === asAlice ? 'authenticated' : 'service_role'}, true)`
            await owner.unsafe(attempt)
            throw rollback
          }),
        )
        expect(refusal.code, attempt).toBe('PT403')
      }
    },
  )

  it("is the members' to read, and nobody else's", async () => {
    const [id] = await made(budget)
    const count = `SELECT FROM efir_budget.cell_changes WHERE cell_id = '${id!}'`
    expect(await asAlice((as) => as.unsafe(count))).toHaveLength(1)
    expect(await asService((as) => as.unsafe(count))).toHaveLength(1)
    expect((await refusalOf(asAnon((as) => as.unsafe(count)))).code).toBe('42501')
  })
})

describe('the deletion of a budget', () => {
  it('takes its cells with it, and the record outlives them', async () => {
    const doomed = (await createBudget({ organization: ours })).id
    const ids = await made(doomed)
    await asAlice((as) => write(as, doomed, [{ id: ids[0], delete: true }]))
    await asService((as) => as`DELETE FROM efir_budget.budget_versions WHERE id = ${doomed}`)
    expect(
      await sql`SELECT FROM efir_budget.planning_cells WHERE budget_version_id = ${doomed}`,
    ).toHaveLength(0)
    const [deleted, taken] = [await recordOf(sql, ids[0]!), await recordOf(sql, ids[1]!)]
    expect(deleted.map((row) => [row.action, row.revision])).toEqual([
      ['insert', '1'],
      ['delete', '2'],
    ])
    expect(taken.map((row) => [row.action, row.revision, row.old_text, row.new_version])).toEqual([
      ['insert', '1', null, 1],
      ['delete', '3', 'x', 2],
    ])
  })

  it('works through the organisation too', async () => {
    const organization = await createOrganization()
    const doomed = (await createBudget({ organization })).id
    await asService((as) => write(as, doomed, [{ ...freshKey(), number: '1' }]))
    await sql`DELETE FROM efir_budget.organizations WHERE id = ${organization.id}`
    expect(await sql`SELECT FROM efir_budget.cell_changes WHERE budget_version_id = ${doomed}`).toHaveLength(
      2,
    )
  })
})

describe('every committed change', () => {
  it('belongs to a commit that has a revision', async () => {
    expect(
      await sql`
        SELECT FROM efir_budget.cell_changes AS change
        LEFT JOIN efir_budget.cell_commits AS made ON made.commit_id = change.commit_id
        WHERE made.revision IS NULL`,
    ).toHaveLength(0)
  })
})
