import type { Sql } from 'postgres'
import { cellKey, type ResolvedAddress } from '@efir/cells'
import type { LiveClient } from './live-client.ts'

interface Change extends ResolvedAddress {
  readonly version: number
  readonly number: string | null
  readonly text: string | null
  readonly deleted: boolean
  readonly operation: string | null
}

/** Holds what the clients were told against what the database has on record. Returns what does not fit. */
export async function compareWithRecords(
  sql: Sql,
  budgetVersionId: string,
  clients: readonly LiveClient[],
): Promise<string[]> {
  const changes = await sql<Change[]>`
    SELECT module_code AS module, entity_id AS entity, field_name AS field, period_code AS period, new_version AS version,
      trim_scale(new_value)::text AS number, new_text AS text, is_deleted AS deleted, operation_id AS operation
    FROM efir_budget.cell_changes
    -- The undo of a change that lies under others is on record, and changes no cell.
    WHERE budget_version_id = ${budgetVersionId} AND new_version IS DISTINCT FROM old_version
    ORDER BY new_version`
  const problems: string[] = []
  const records = new Map<string, Change>()
  const landed = new Set<string>()
  const heights = new Map<string, number>()
  for (const change of changes) {
    const key = cellKey(change)
    const height = heights.get(key) ?? 0
    if (change.version !== height + 1) problems.push(`${key}: version ${change.version} after ${height}`)
    heights.set(key, change.version)
    records.set(`${key} ${change.version}`, change)
    if (change.operation === null) continue
    const landing = `${key} by ${change.operation}`
    if (landed.has(landing)) problems.push(`${landing} landed twice`)
    landed.add(landing)
  }
  for (const client of clients) {
    const writes = Map.groupBy(client.told, ({ key }) => key)
    const own = changes.filter(({ operation }) => client.operations.has(operation ?? ''))
    for (const [key, landings] of Map.groupBy(own, cellKey)) {
      const { length } = writes.get(key) ?? []
      if (landings.length > length) {
        problems.push(`${client.name}: ${length} writes to ${key} landed ${landings.length} times`)
      }
    }
    for (const { key, outcome, isOrphan } of client.told) {
      // Whoever could have been told is gone.
      if (isOrphan) continue
      if (outcome === undefined) problems.push(`${client.name}: nobody told what became of a write to ${key}`)
      else if ('error' in outcome) {
        if (!client.reported.has(outcome.error)) {
          problems.push(`${client.name}: ${key} was refused, and no event told: ${String(outcome.error)}`)
        }
      } else if (outcome.cell.exists) {
        const { version, value } = outcome.cell
        const record = records.get(`${key} ${version}`)
        if (record === undefined || (record.text ?? record.number) !== value) {
          problems.push(
            `${client.name}: ${key} = ${value} was accepted as ${version}, on record is ${JSON.stringify(record)}`,
          )
        }
      }
    }
    for (const { cell, theirs } of client.conflicts) {
      const record = records.get(`${cellKey(cell)} ${theirs.version}`)
      if (client.ownOperations.has(record?.operation ?? '')) {
        problems.push(`${client.name}: its write to ${cellKey(cell)} met its own at ${theirs.version}`)
      }
    }
  }
  return problems
}
