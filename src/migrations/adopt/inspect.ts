import { compare, partsOf, type Description, type Difference } from '../describe/description.ts'
import type { Query } from '../query.ts'
import { inspectColumn, type Findings } from './column-repairs.ts'
import { inspectConstraint } from './constraint-repairs.ts'
import type { AdoptOptions, Obstacle, Repair } from './report.ts'
import { adoptedTables } from './shape.ts'

/** Repairs in the order in which they can be made: what stands in the way goes first, what checks the rows last. */
export type Inspection = {
  readonly unchanged: number
  readonly drops: readonly Repair[]
  readonly columns: readonly Repair[]
  readonly additions: readonly Repair[]
  readonly kept: readonly string[]
  readonly obstacles: readonly Obstacle[]
}

/** Lays the three tables beside what migration 009 makes. Only reads. */
export async function inspect(
  query: Query,
  schema: string,
  wanted: Description,
  found: Description,
  options: AdoptOptions,
): Promise<Inspection> {
  const drops: Repair[] = []
  const columns: Repair[] = []
  const additions: Repair[] = []
  const kept: string[] = []
  const obstacles: Obstacle[] = []
  const differences = compare(wanted, found)

  for (const difference of differences) {
    const { object, expected, found: present } = difference
    const { kind, table, name } = partsOf(object)
    const on = `${schema}.${table}`
    if (kind === 'column') {
      if (expected === undefined) kept.push(object)
      else addAll(await inspectColumn(query, on, name, expected, present), columns, obstacles)
    } else if (kind === 'constraint') {
      const outcome = await inspectConstraint(query, schema, difference, wanted, found)
      drops.push(...outcome.drops)
      additions.push(...outcome.additions)
      obstacles.push(...outcome.obstacles)
      kept.push(...outcome.kept)
    } else if (kind === 'index') {
      if (expected === undefined) kept.push(object)
      else {
        if (present !== undefined)
          drops.push({ object, reason: `was: ${present}`, statement: `DROP INDEX ${schema}.${name}` })
        additions.push({
          object,
          reason: present === undefined ? 'missing' : 'other definition',
          statement: expected,
        })
      }
    } else if (kind === 'policy') {
      // A permissive policy opens what the others close, so the one that let every signed-in user in must go.
      if (expected === undefined && !name.endsWith('_authenticated_access')) kept.push(object)
      else {
        if (present !== undefined) {
          drops.push({
            object,
            reason: `was: ${oneLine(present)}`,
            statement: `DROP POLICY ${quoted(name)} ON ${on}`,
          })
        }
        if (expected !== undefined) {
          additions.push({
            object,
            reason: 'organisations are kept apart by it',
            statement: `CREATE POLICY ${name} ON ${on} AS ${expected}`,
          })
        }
      }
    } else if (kind === 'trigger') {
      addTrigger(difference, on, name, options, { drops, kept, obstacles })
    } else if (kind === 'table') {
      if (!(present ?? '').includes('security: on')) {
        additions.push({
          object,
          reason: 'row level security was off',
          statement: `ALTER TABLE ${on} ENABLE ROW LEVEL SECURITY`,
        })
      }
      if (expected?.replace('off', 'on') !== present?.replace('off', 'on'))
        kept.push(`${object}: ${oneLine(present ?? '')}`)
    } else if (kind === 'publication') {
      const [publication = '', member = ''] = object.slice('publication '.length).split('.')
      const statement = (change: string) =>
        `ALTER PUBLICATION ${publication} ${change} TABLE ${schema}.${member}`
      if (present !== undefined)
        drops.push({ object, reason: 'in another form, or not wanted', statement: statement('DROP') })
      if (expected !== undefined)
        additions.push({ object, reason: 'Realtime follows it', statement: statement('ADD') })
    } else if (kind.startsWith('comment') && expected !== undefined) {
      const what = kind.slice('comment '.length).toUpperCase()
      const target = name === '' ? on : `${on}.${name}`
      additions.push({
        object,
        reason: 'says what it is',
        statement: `COMMENT ON ${what} ${target} IS ${literal(expected)}`,
      })
    }
  }
  additions.push(...grantRepairs(schema, wanted, differences))

  return {
    unchanged: [...wanted].filter(([object, definition]) => found.get(object) === definition).length,
    drops,
    columns,
    additions,
    kept,
    obstacles,
  }
}

/** Grants are set anew as a whole: that is shorter than taking back one by one, and leaves nothing over. */
function grantRepairs(schema: string, wanted: Description, differences: readonly Difference[]): Repair[] {
  return adoptedTables.flatMap((table) => {
    const prefix = `grant table ${table} to `
    const differing = differences.filter(({ object }) => object.startsWith(prefix))
    if (differing.length === 0) return []
    const on = `${schema}.${table}`
    const found = differing.map(
      ({ object, found: has }) => `${object.slice(prefix.length)} has ${has ?? 'nothing'}`,
    )
    const revoke: Repair = {
      object: `grants on ${table}`,
      reason: found.join('; '),
      statement: `REVOKE ALL ON ${on} FROM PUBLIC, anon, authenticated, service_role`,
    }
    const grants = [...wanted].filter(([object]) => object.startsWith(prefix))
    return [
      revoke,
      ...grants.map(([object, privileges]) => ({
        object,
        reason: 'the least that the library needs',
        statement: `GRANT ${privileges} ON ${on} TO ${object.slice(prefix.length)}`,
      })),
    ]
  })
}

function addTrigger(
  { object, found }: Difference,
  on: string,
  name: string,
  options: AdoptOptions,
  lists: { drops: Repair[]; kept: string[]; obstacles: Obstacle[] },
): void {
  if (options.triggers === 'keep') lists.kept.push(object)
  else if (options.triggers === 'drop') {
    const reason = `was: ${oneLine(found ?? '')}`
    lists.drops.push({ object, reason, statement: `DROP TRIGGER ${quoted(name)} ON ${on}` })
  } else {
    lists.obstacles.push({
      object,
      message: `is a trigger of the application: ${oneLine(found ?? '')}`,
      hint: "Say triggers: 'drop' if it moves the version or writes the log, 'keep' if it does neither.",
    })
  }
}

const addAll = (findings: Findings, repairs: Repair[], obstacles: Obstacle[]) => {
  repairs.push(...findings.repairs)
  obstacles.push(...findings.obstacles)
}
const oneLine = (text: string) => text.replaceAll(/\s+/g, ' ')
const quoted = (name: string) => `"${name.replaceAll('"', '""')}"`
const literal = (text: string) => `'${text.replaceAll("'", "''")}'`
