import { expect, it } from 'vitest'
import { useStack } from '../support/stack.ts'

const stack = await useStack()

it('shows a member the budgets of his own organisation and of no other', async () => {
  const [ours, theirs] = [await stack.createOrganization(), await stack.createOrganization()]
  const budget = await stack.createBudget({ organization: ours })
  await stack.createBudget({ organization: theirs })
  const alice = await stack.createUser({ organization: ours })
  const { data } = await stack.signIn(alice).schema('efir_budget').from('budget_versions').select('id')
  expect(data).toEqual([{ id: budget.id }])
})
