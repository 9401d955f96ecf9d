import { randomUUID } from 'node:crypto'
import type postgres from 'postgres'
import { freshNumber } from './calls.ts'
import type { Picked } from './world.ts'

const SELECT = `SELECT id, value_numeric, version, is_locked FROM efir_budget.planning_cells
  WHERE budget_version_id = $1 AND module_code = $2 AND entity_id IS NOT DISTINCT FROM $3 AND field_name = $4
  AND period_code IS NOT DISTINCT FROM $5`
const BY_FULL_KEY = SELECT.replaceAll('IS NOT DISTINCT FROM', '=')
const UPDATE = `UPDATE efir_budget.planning_cells
  SET value_numeric = $3, value_text = NULL, version = version + 1, modified_by = $4, modified_at = now()
  WHERE id = $1 AND version = $2`
const RECORD = `INSERT INTO efir_budget.cell_changes (
    cell_id, budget_version_id, module_code, entity_id, field_name, period_code, old_value, new_value, session_id,
    sequence_number, changed_by
  ) VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11)`

/**
 * What an application does without this library: per cell it reads, updates where the version still is what it
 * read, and adds a record of the change, on the tables of 009 and over one connection.
 */
export async function writeNaively(
  sql: postgres.Sql,
  budget: string,
  user: string,
  cells: readonly Picked[],
): Promise<void> {
  const session = randomUUID()
  for (const [index, { module, entity, field, period }] of cells.entries()) {
    const query = entity === null || period === null ? SELECT : BY_FULL_KEY
    const [found] = await sql.unsafe<{ id: string; value_numeric: string | null; version: number }[]>(
      query,
      [budget, module, entity, field, period],
      { prepare: true },
    )
    if (found === undefined) throw new Error('The naive client does not find a cell.')
    const number = freshNumber()
    const { count } = await sql.unsafe(UPDATE, [found.id, found.version, number, user], { prepare: true })
    if (count !== 1) throw new Error('The naive client met a conflict.')
    await sql.unsafe(
      RECORD,
      [found.id, budget, module, entity, field, period, found.value_numeric, number, session, index, user],
      { prepare: true },
    )
  }
}
