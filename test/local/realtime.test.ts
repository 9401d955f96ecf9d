import { describe, expect, it } from 'vitest'
import { useStack } from '../support/stack.ts'
import { collect, joined } from './support/channels.ts'

const stack = await useStack()

async function tenants() {
  const organization = await stack.createOrganization()
  const [alice, bob] = [await stack.createUser({ organization }), await stack.createUser({ organization })]
  const budget = await stack.createBudget({ organization })
  return { organization, alice, bob, budget }
}

describe('a broadcast from the database', () => {
  it('reaches a member of the organisation, as the commit of a write', async () => {
    const { alice, bob, budget } = await tenants()
    const listener = stack.signIn(bob)
    const channel = await joined(listener, `cells:${budget.id}`, { private: true })
    const commits = collect(channel, 'commit')
    const { error } = await stack
      .signIn(alice)
      .schema('efir_budget')
      .rpc('write_cells', {
        p_budget_version_id: budget.id,
        p_items: [{ module: 'revenue', field: 'tuition', period: '2026-01', number: '45000.0001' }],
      })
    expect(error).toBeNull()
    const [commit] = await commits.first(1)
    expect(commit).toMatchObject({
      revision: 1,
      from: 0,
      to: 1,
      commits: [{ revision: 1, actor: alice.id, cells: [expect.arrayContaining(['45000.0001'])] }],
      id: expect.any(String) as string,
    })
  })
})
