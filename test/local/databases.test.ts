import { expect, it } from 'vitest'
import { freshDatabase, localOnly } from '../support/stack.ts'

localOnly('it makes databases').describe('a fresh database', async () => {
  const database = await freshDatabase()
  const organization = await database.createOrganization()
  const alice = await database.createUser({ organization })
  const budget = await database.createBudget({ organization })

  it('answers a user as row level security says', async () => {
    const rows = await database.asUser(alice.id, (sql) => sql`SELECT id FROM efir_budget.budget_versions`)
    expect(rows).toEqual([{ id: budget.id }])
  })

  it('refuses anon', async () => {
    await expect(database.asAnon((sql) => sql`SELECT id FROM efir_budget.budget_versions`)).rejects.toThrow(
      'permission denied',
    )
  })
})
