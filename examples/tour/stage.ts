import type { Cells } from '@efir/cells'
import { createCells } from '@efir/cells'
import type { LocalStack } from '@efir/cells/local'

interface Person {
  readonly name: string
  readonly id: string
  readonly email: string
  readonly cells: Cells
}

export interface Stage {
  readonly organization: string
  readonly title: string
  readonly budgetVersionId: string
  readonly alice: Person
  readonly bob: Person
  /** A member of another organisation. */
  readonly mallory: Person
}

/** The cast of the tour: found again where an earlier run has made it, or made now. */
export async function setStage(stack: LocalStack): Promise<Stage> {
  const treasury = await organization(stack, 'Treasury')
  const strangers = await organization(stack, 'Another organisation')
  const title = 'US federal receipts'
  return {
    organization: 'Treasury',
    title,
    budgetVersionId: await budget(stack, treasury, title),
    alice: await person(stack, treasury, 'Alice'),
    bob: await person(stack, treasury, 'Bob'),
    mallory: await person(stack, strangers, 'Mallory'),
  }
}

async function organization(stack: LocalStack, name: string): Promise<string> {
  const [found] = await stack.sql<{ id: string }[]>`
    SELECT id FROM efir_budget.organizations WHERE name = ${name}`
  return (found ?? (await stack.createOrganization(name))).id
}

async function budget(stack: LocalStack, owner: string, name: string): Promise<string> {
  const [found] = await stack.sql<{ id: string }[]>`
    SELECT id FROM efir_budget.budget_versions WHERE organization_id = ${owner} AND name = ${name}`
  return (found ?? (await stack.createBudget({ organization: owner, name }))).id
}

async function person(stack: LocalStack, member: string, name: string): Promise<Person> {
  const email = `${name.toLowerCase()}@example.com`
  const [found] = await stack.sql<{ id: string }[]>`SELECT id FROM auth.users WHERE email = ${email}`
  const { id } = found ?? (await stack.createUser({ organization: member, email }))
  return { name, id, email, cells: createCells(stack.signIn({ id, email })) }
}
