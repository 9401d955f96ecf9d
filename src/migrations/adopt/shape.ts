import type { Migration } from '../bundle.ts'
import { describe, tableOf, type Description } from '../describe/description.ts'
import type { Query } from '../query.ts'
import { forSchema } from '../schema-name.ts'

export const adoptedTables = ['planning_cells', 'cell_changes', 'cell_comments'] as const
export type AdoptedTable = (typeof adoptedTables)[number]

/** The entries of a description that belong to the three tables. */
export function ofAdoptedTables(description: Description): Description {
  const tables: readonly string[] = adoptedTables
  return new Map([...description].filter(([object]) => tables.includes(tableOf(object) ?? '')))
}

/**
 * What migration 009 makes on this very server: it is applied to a schema of its own, described, and rolled back.
 * A committed description would do for one version of Postgres; they print definitions differently.
 * Call it in a transaction.
 */
export async function rehearseShape(
  query: Query,
  schema: string,
  host: Migration,
  writeback: Migration,
): Promise<Description> {
  const stage = `cells_rehearsal_${crypto.randomUUID().replaceAll('-', '')}`
  await query('SAVEPOINT rehearsal')
  await query(forSchema(host.up, stage))
  await query(forSchema(writeback.up, stage))
  const description = await describe(query, stage)
  await query('ROLLBACK TO SAVEPOINT rehearsal')
  return new Map(
    [...ofAdoptedTables(description)].map(([object, definition]) => [
      object,
      definition.replaceAll(stage, schema),
    ]),
  )
}
