import { partsOf, type Description, type Difference } from '../describe/description.ts'
import type { Query } from '../query.ts'
import { countIfPossible } from './column-repairs.ts'
import { findings, type Findings } from './findings.ts'
import type { Obstacle, Repair } from './report.ts'

/** How to bring one constraint to its wanted form. Only reads. */
export async function inspectConstraint(
  query: Query,
  schema: string,
  { object, expected, found: present }: Difference,
  wanted: Description,
  found: Description,
): Promise<Findings> {
  const { table, name } = partsOf(object)
  const on = `${schema}.${table}`
  const drop = (reason: string): Repair => ({
    object,
    reason,
    statement: `ALTER TABLE ${on} DROP CONSTRAINT "${name}"`,
  })

  if (expected === undefined) {
    const definition = present ?? ''
    // The same under another name is renamed by the branch below, from the side of the wanted name.
    if (missingTwin(table, definition, wanted, found) !== undefined) return findings({})
    const isForeignKey = definition.startsWith('FOREIGN KEY')
    if (isForeignKey && table === 'cell_changes') {
      return findings({ drops: [drop('a record outlives what it is about')] })
    }
    const columns = columnsOf(definition)
    const isReplaced =
      columns !== undefined &&
      [...wanted].some(
        ([other, wantedDefinition]) =>
          other.startsWith(`constraint ${table}.`) && columnsOf(wantedDefinition) === columns,
      )
    return isReplaced ? findings({ drops: [drop('replaced')] }) : findings({ kept: [object] })
  }

  if (present === undefined) {
    const twin = [...found].find(
      ([other, definition]) =>
        other.startsWith(`constraint ${table}.`) && definition === expected && !wanted.has(other),
    )
    if (twin !== undefined) {
      const statement = `ALTER TABLE ${on} RENAME CONSTRAINT "${partsOf(twin[0]).name}" TO ${name}`
      return findings({ additions: [{ object, reason: 'had another name', statement }] })
    }
  }
  const addition = {
    object,
    reason: present === undefined ? 'missing' : 'other definition',
    statement: `ALTER TABLE ${on} ADD CONSTRAINT ${name} ${expected}`,
  }
  return findings({
    drops: present === undefined ? [] : [drop(`was: ${present}`)],
    additions: [addition],
    obstacles: await violations(query, on, object, expected),
  })
}

/**
 * Rows that a constraint to be added would refuse. Unique keys are the duplicates' business, and columns that are not there yet,
 * or not of their type, have a line of their own.
 */
async function violations(query: Query, on: string, object: string, definition: string): Promise<Obstacle[]> {
  const check = /^CHECK \(([\s\S]+)\)$/.exec(definition)
  if (check !== null) {
    const condition = `NOT (${String(check[1])})`
    const rows = (await countIfPossible(query, on, condition)) ?? 0
    if (rows === 0) return []
    const hint = `Look at them: SELECT * FROM ${on} WHERE ${condition}`
    return [{ object, message: `${rows} rows have a value that is none of the allowed ones`, hint }]
  }
  const key = /^FOREIGN KEY \((\w+)\) REFERENCES (\S+?)\((\w+)\)/.exec(definition)
  if (key === null) return []
  const [, column = '', target = '', targetColumn = ''] = key
  const condition = `${column} IS NOT NULL AND NOT EXISTS (SELECT FROM ${target} AS target WHERE target.${targetColumn} = ${on}.${column})`
  const rows = (await countIfPossible(query, on, condition)) ?? 0
  if (rows === 0) return []
  const hint = `Look at them: SELECT * FROM ${on} WHERE ${condition}`
  return [{ object, message: `${rows} rows point at a row of ${target} that does not exist`, hint }]
}

function missingTwin(
  table: string,
  definition: string,
  wanted: Description,
  found: Description,
): string | undefined {
  return [...wanted.keys()].find(
    (object) =>
      object.startsWith(`constraint ${table}.`) && wanted.get(object) === definition && !found.has(object),
  )
}

/** What a key or foreign key is about: `UNIQUE (a, b)` and `UNIQUE NULLS NOT DISTINCT (a, b)` are the same. */
function columnsOf(definition: string): string | undefined {
  const match = /^(PRIMARY KEY|UNIQUE|FOREIGN KEY)[^(]*(\([^)]*\))/.exec(definition)
  return match === null ? undefined : `${String(match[1])} ${String(match[2])}`
}
