/** Budgets for histories, made many at a time, with the users who write to them. */
import type { FreshDatabase } from '../../support/stack.ts'

const NAMES = ['ana', 'ben', 'cho', 'dev'] as const
const BUDGETS = 500

/**
 * Every budget holds cells from before the log, as an adopted database has them: for each name a history may use, one per
 * value it may plant. A history takes those that it planted and makes the others itself.
 */
const PLANTED = ['a', 'b', 'c', 'd', 'e', 'f'].flatMap((cell) => [`${cell}=7`, `${cell}=null`])

export interface Grounds {
  readonly take: (count: number) => Promise<readonly string[]>
  readonly idOf: (name: string) => string
  readonly nameOf: (id: string | null) => string | null
}

export async function prepareGrounds(database: FreshDatabase): Promise<Grounds> {
  const organization = await database.createOrganization()
  const users = await Promise.all(NAMES.map(() => database.createUser({ organization })))
  const ids = new Map(NAMES.map((name, index) => [name as string, users[index]!.id]))
  const names = new Map([...ids].map(([name, id]) => [id, name]))
  let budgets: string[] = []
  let making: Promise<void> | undefined

  const make = async () => {
    const rows = await database.sql.begin(async (sql) => {
      const made = await sql<{ id: string }[]>`
        INSERT INTO efir_budget.budget_versions (organization_id, name)
        SELECT ${organization.id}::uuid, 'History' FROM generate_series(1, ${BUDGETS}) RETURNING id`
      await sql`ALTER TABLE efir_budget.planning_cells DISABLE TRIGGER USER`
      await sql`
        INSERT INTO efir_budget.planning_cells (budget_version_id, module_code, field_name, value_numeric)
        SELECT budget.id, 'core', planted.field, CASE WHEN planted.field LIKE '%=7' THEN 7 END
        FROM unnest(${made.map(({ id }) => id)}::uuid[]) AS budget (id), unnest(${PLANTED}::text[]) AS planted (field)`
      await sql`ALTER TABLE efir_budget.planning_cells ENABLE TRIGGER USER`
      return made
    })
    budgets = [...budgets, ...rows.map(({ id }) => id)]
    making = undefined
  }

  return {
    async take(count) {
      while (budgets.length < count) await (making ??= make())
      return budgets.splice(0, count)
    },
    idOf: (name) => ids.get(name)!,
    nameOf: (id) => (id === null ? null : (names.get(id) ?? id)),
  }
}
