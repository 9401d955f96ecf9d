import { createCells, type Budget, type StoredCell } from '@efir/cells'
import type { TestStack } from '../../support/stack.ts'

/** A user of an organisation of their own, and what opens new budgets of it for them. */
export async function signedInImporter(stack: TestStack) {
  const organization = await stack.createOrganization()
  const user = await stack.createUser({ organization })
  const colleague = await stack.createUser({ organization })
  const cells = createCells(stack.signIn(user))
  const others = createCells(stack.signIn(colleague))
  return {
    organization,
    user,
    async newBudget(): Promise<{ readonly budget: Budget; readonly others: Budget }> {
      const { id } = await stack.createBudget({ organization })
      return { budget: cells.budget(id), others: others.budget(id) }
    },
  }
}

/** What a budget's cells show, in an order of their own. */
export async function contents(budget: Budget): Promise<readonly string[]> {
  const cells = await Array.fromAsync(budget.list({}, { pageSize: 10_000 }))
  return cells.map(line).sort()
}

function line({ module, entity, field, period, kind, value }: StoredCell): string {
  return [module, entity ?? '', field, period ?? '', kind, value ?? ''].join('/')
}
