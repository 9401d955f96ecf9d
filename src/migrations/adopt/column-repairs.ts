import { queryText, type Query } from '../query.ts'
import { parseColumn, type Column } from './column.ts'
import type { Obstacle, Repair } from './report.ts'

export type Findings = { readonly repairs: Repair[]; readonly obstacles: Obstacle[] }

/** How to bring one column to its wanted form, or what stands against it. Only reads. */
export async function inspectColumn(
  query: Query,
  table: string,
  name: string,
  wantedDefinition: string,
  foundDefinition: string | undefined,
): Promise<Findings> {
  const object = `column ${table.split('.')[1] ?? table}.${name}`
  const wanted = parseColumn(wantedDefinition)
  const repairs: Repair[] = []
  const repair = (reason: string, change: string) =>
    repairs.push({ object, reason, statement: `ALTER TABLE ${table} ${change}` })

  if (foundDefinition === undefined) {
    if (wanted.notNull && wanted.default === undefined && (await count(query, table, 'true')) > 0) {
      const hint = `Add ${table}.${name} (${wanted.type}) and fill it.`
      return {
        repairs,
        obstacles: [{ object, message: 'is missing, and every row needs a value in it', hint }],
      }
    }
    repair('missing', `ADD COLUMN ${name} ${wantedDefinition}`)
    return { repairs, obstacles: [] }
  }

  const found = parseColumn(foundDefinition)
  const obstacles: Obstacle[] = []
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
    const fill = await inspectNulls(query, table, name, wanted)
    repairs.push(...fill.repairs.map((each) => ({ ...each, object })))
    obstacles.push(...fill.obstacles.map((each) => ({ ...each, object })))
    repair('was nullable', `ALTER COLUMN ${name} SET NOT NULL`)
  }
  return { repairs, obstacles }
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
  await query('SAVEPOINT type_change')
  try {
    const changed = await count(
      query,
      table,
      `${name}::${wanted.type}::${found.type} IS DISTINCT FROM ${name}`,
    )
    await query('RELEASE SAVEPOINT type_change')
    return changed === 0 ? `ALTER COLUMN ${name} TYPE ${type} USING ${name}::${wanted.type}` : undefined
  } catch {
    // No such cast, or a value that the new type refuses.
    await query('ROLLBACK TO SAVEPOINT type_change')
    return undefined
  }
}

/** Rows that hold NULL where a value is wanted: filled from the default or from what the row belongs to. */
async function inspectNulls(
  query: Query,
  table: string,
  name: string,
  wanted: Column,
): Promise<{ repairs: Omit<Repair, 'object'>[]; obstacles: Omit<Obstacle, 'object'>[] }> {
  const nulls = await count(query, table, `${name} IS NULL`)
  if (nulls === 0) return { repairs: [], obstacles: [] }
  const reason = `${nulls} rows without a value`
  if (wanted.default !== undefined) {
    return {
      repairs: [
        { reason, statement: `UPDATE ${table} SET ${name} = ${wanted.default} WHERE ${name} IS NULL` },
      ],
      obstacles: [],
    }
  }
  const derived = derivedValue(table, name)
  const lost =
    derived === undefined ? nulls : await count(query, table, `${name} IS NULL AND (${derived}) IS NULL`)
  const statement = `UPDATE ${table} SET ${name} = (${derived ?? 'NULL'}) WHERE ${name} IS NULL`
  return {
    repairs: derived === undefined ? [] : [{ reason, statement }],
    obstacles:
      lost === 0
        ? []
        : [
            {
              message: `${lost} rows have no value, and none can be derived`,
              hint: `Look at them: SELECT * FROM ${table} WHERE ${name} IS NULL. Give them a value, or move them elsewhere.`,
            },
          ],
  }
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
