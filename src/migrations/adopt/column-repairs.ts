import { queryText, type Query } from '../query.ts'
import { partsOf, type Difference } from '../describe/description.ts'
import { parseColumn, type Column } from './column.ts'
import { findings, type Findings } from './findings.ts'
import type { Obstacle, Repair } from './report.ts'

/** How to bring one column to its wanted form, or what stands against it. Only reads. */
export async function inspectColumn(query: Query, schema: string, difference: Difference): Promise<Findings> {
  const { object, expected, found: present } = difference
  if (expected === undefined) return findings({ kept: [object] })
  const { table: bare, name } = partsOf(object)
  const table = `${schema}.${bare}`
  const wanted = parseColumn(expected)
  const columns: Repair[] = []
  const obstacles: Obstacle[] = []
  const repair = (reason: string, change: string) =>
    columns.push({ object, reason, statement: `ALTER TABLE ${table} ${change}` })

  if (present === undefined) {
    if (wanted.notNull && wanted.default === undefined && (await count(query, table, 'true')) > 0) {
      const hint = `Add ${table}.${name} (${wanted.type}) and fill it.`
      return findings({
        obstacles: [{ object, message: 'is missing, and every row needs a value in it', hint }],
      })
    }
    repair('missing', `ADD COLUMN ${name} ${expected}`)
    return findings({ columns })
  }

  const found = parseColumn(present)
  if (found.type !== wanted.type || found.collation !== wanted.collation) {
    const change = await typeChange(query, table, name, found, wanted)
    if (change === undefined) {
      obstacles.push({
        object,
        message: `is ${found.type}, and has values that ${wanted.type} cannot hold unchanged`,
        hint: `Look for values that change: SELECT ${name} FROM ${table} WHERE ${name} IS DISTINCT FROM ${name}::${wanted.type}`,
      })
    } else {
      // The old default may not fit the new type; the wanted one is set below.
      if (found.default !== undefined) repair('default of the old type', `ALTER COLUMN ${name} DROP DEFAULT`)
      repair(`was ${found.type}`, change)
    }
  }
  if (found.default !== wanted.default || found.type !== wanted.type) {
    if (wanted.default !== undefined) {
      repair(`default was ${found.default ?? 'none'}`, `ALTER COLUMN ${name} SET DEFAULT ${wanted.default}`)
    } else if (found.default !== undefined) {
      repair(`default was ${found.default}`, `ALTER COLUMN ${name} DROP DEFAULT`)
    }
  }
  if (found.notNull && !wanted.notNull) repair('was NOT NULL', `ALTER COLUMN ${name} DROP NOT NULL`)
  if (!found.notNull && wanted.notNull) {
    const fill = await inspectNulls(query, object, table, name, wanted)
    columns.push(...fill.columns)
    obstacles.push(...fill.obstacles)
    repair('was nullable', `ALTER COLUMN ${name} SET NOT NULL`)
  }
  return findings({ columns, obstacles })
}

/** The ALTER that changes the type, if every value comes through it unchanged. */
async function typeChange(
  query: Query,
  table: string,
  name: string,
  found: Column,
  wanted: Column,
): Promise<string | undefined> {
  const type = wanted.collation === undefined ? wanted.type : `${wanted.type} COLLATE ${wanted.collation}`
  // What the session's time zone happens to be is no reason to shift every moment of the past.
  const isMoment = found.type === 'timestamp without time zone' && wanted.type === 'timestamp with time zone'
  if (isMoment) return `ALTER COLUMN ${name} TYPE ${type} USING ${name} AT TIME ZONE 'UTC'`
  // Nor is there an answer where there is no such cast, or a value that the new type refuses.
  const changed = await countIfPossible(
    query,
    table,
    `${name}::${wanted.type}::${found.type} IS DISTINCT FROM ${name}`,
  )
  return changed === 0 ? `ALTER COLUMN ${name} TYPE ${type} USING ${name}::${wanted.type}` : undefined
}

/** Rows that hold NULL where a value is wanted: filled from the default or from what the row belongs to. */
async function inspectNulls(
  query: Query,
  object: string,
  table: string,
  name: string,
  wanted: Column,
): Promise<Findings> {
  const nulls = await count(query, table, `${name} IS NULL`)
  if (nulls === 0) return findings({})
  const value = wanted.default ?? derivedValue(table, name)
  const lost =
    value === undefined
      ? nulls
      : ((await countIfPossible(query, table, `${name} IS NULL AND (${value}) IS NULL`)) ?? nulls)
  const statement = `UPDATE ${table} SET ${name} = (${value ?? 'NULL'}) WHERE ${name} IS NULL`
  const obstacle = {
    object,
    message: `${lost} rows have no value, and none can be derived`,
    hint: `Look at them: SELECT * FROM ${table} WHERE ${name} IS NULL. Give them a value, or move them elsewhere.`,
  }
  return findings({
    columns: value === undefined ? [] : [{ object, reason: `${nulls} rows without a value`, statement }],
    obstacles: lost === 0 ? [] : [obstacle],
  })
}

/** Where a change record lacks the cell or the field, the one usually tells the other. */
function derivedValue(table: string, name: string): string | undefined {
  const [schema, relation] = table.split('.')
  if (relation !== 'cell_changes') return undefined
  if (name === 'field_name') {
    return `SELECT cell.field_name FROM ${schema}.planning_cells AS cell WHERE cell.id = ${table}.cell_id`
  }
  if (name !== 'cell_id') return undefined
  return `SELECT cell.id FROM ${schema}.planning_cells AS cell
    WHERE cell.budget_version_id = ${table}.budget_version_id AND cell.module_code = ${table}.module_code
      AND cell.entity_id IS NOT DISTINCT FROM ${table}.entity_id AND cell.field_name = ${table}.field_name
      AND cell.period_code IS NOT DISTINCT FROM ${table}.period_code
    ORDER BY cell.modified_at DESC NULLS LAST, cell.version DESC NULLS LAST, cell.id DESC LIMIT 1`
}

export async function count(query: Query, table: string, condition: string): Promise<number> {
  return Number(await queryText(query, `SELECT count(*)::text FROM ${table} WHERE ${condition}`))
}

/** The same; `undefined` where the columns that the condition speaks of are missing, or of a type that has no answer. */
export async function countIfPossible(
  query: Query,
  table: string,
  condition: string,
): Promise<number | undefined> {
  await query('SAVEPOINT rows_counted')
  try {
    const rows = await count(query, table, condition)
    await query('RELEASE SAVEPOINT rows_counted')
    return rows
  } catch (error) {
    await query('ROLLBACK TO SAVEPOINT rows_counted')
    // What the condition or a value is to blame for has no answer; a time limit, say, is the caller's to know.
    if (!/^(?:22|42)/.test(String((error as { readonly code?: unknown }).code))) throw error
    return undefined
  }
}
