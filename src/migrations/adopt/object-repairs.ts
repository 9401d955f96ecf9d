import { partsOf, type Description, type Difference } from '../describe/description.ts'
import { findings, type Findings } from './findings.ts'
import type { AdoptOptions, Repair } from './report.ts'
import { adoptedTables } from './shape.ts'

const oneLine = (text: string) => text.replaceAll(/\s+/g, ' ')
const quoted = (name: string) => `"${name.replaceAll('"', '""')}"`
const literal = (text: string) => `'${text.replaceAll("'", "''")}'`

export function inspectIndex(
  schema: string,
  { object, expected, found }: Difference,
  replacedLater: (index: string) => boolean,
): Findings {
  const { name } = partsOf(object)
  if (expected === undefined) return findings({ kept: [object] })
  if (found === undefined)
    return findings({ additions: [{ object, reason: 'missing', statement: expected }] })
  if (replacedLater(name)) return findings({ left: [object] })
  return findings({
    drops: [{ object, reason: `was: ${found}`, statement: `DROP INDEX ${schema}.${name}` }],
    additions: [{ object, reason: 'other definition', statement: expected }],
  })
}

/** A permissive policy opens what the others close, so the one that let in whoever is signed in must go. */
export function inspectPolicy(schema: string, { object, expected, found }: Difference): Findings {
  const { table, name } = partsOf(object)
  const on = `${schema}.${table}`
  if (expected === undefined && !name.endsWith('_authenticated_access')) return findings({ kept: [object] })
  const drop = {
    object,
    reason: `was: ${oneLine(found ?? '')}`,
    statement: `DROP POLICY ${quoted(name)} ON ${on}`,
  }
  const add = {
    object,
    reason: 'organisations are kept apart by it',
    statement: `CREATE POLICY ${name} ON ${on} AS ${expected ?? ''}`,
  }
  return findings({
    drops: found === undefined ? [] : [drop],
    additions: expected === undefined ? [] : [add],
  })
}

export function inspectTrigger(
  schema: string,
  { object, found }: Difference,
  decision: NonNullable<AdoptOptions['triggers']>,
): Findings {
  const { table, name } = partsOf(object)
  const definition = oneLine(found ?? '')
  if (decision === 'keep') return findings({ kept: [object] })
  if (decision === 'drop') {
    const statement = `DROP TRIGGER ${quoted(name)} ON ${schema}.${table}`
    return findings({ drops: [{ object, reason: `was: ${definition}`, statement }] })
  }
  return findings({
    obstacles: [
      {
        object,
        message: `is a trigger of the application: ${definition}`,
        hint: "Say triggers: 'drop' if it moves the version or writes the log, 'keep' if it does neither.",
      },
    ],
  })
}

export function inspectTable(schema: string, { object, expected, found = '' }: Difference): Findings {
  const statement = `ALTER TABLE ${schema}.${partsOf(object).table} ENABLE ROW LEVEL SECURITY`
  const isSecured = found.includes('security: on')
  const rest = found.replace('security: off', 'security: on')
  return findings({
    additions: isSecured ? [] : [{ object, reason: 'row level security was off', statement }],
    kept: rest === expected ? [] : [`${object}: ${oneLine(found)}`],
  })
}

export function inspectPublication(schema: string, { object, expected, found }: Difference): Findings {
  const { table: publication, name: member } = partsOf(object)
  const change = (how: string) => `ALTER PUBLICATION ${publication} ${how} TABLE ${schema}.${member}`
  return findings({
    drops:
      found === undefined
        ? []
        : [{ object, reason: 'not wanted, or in another form', statement: change('DROP') }],
    additions:
      expected === undefined ? [] : [{ object, reason: 'Realtime follows it', statement: change('ADD') }],
  })
}

export function inspectComment(schema: string, { object, expected }: Difference): Findings {
  if (expected === undefined) return findings({})
  const { kind, table, name } = partsOf(object)
  const target = name === '' ? `${schema}.${table}` : `${schema}.${table}.${name}`
  const statement = `COMMENT ON ${kind.slice('comment '.length).toUpperCase()} ${target} IS ${literal(expected)}`
  return findings({ additions: [{ object, reason: 'says what it is', statement }] })
}

/** Grants are set anew as a whole: that is shorter than taking back one by one, and leaves nothing over. */
export function inspectGrants(
  schema: string,
  wanted: Description,
  differences: readonly Difference[],
): Findings {
  const additions = adoptedTables.flatMap((table): Repair[] => {
    const ofTable = new RegExp(`^grant (?:table ${table}|column ${table}\\.\\w+) to `)
    const differing = differences.filter(({ object }) => ofTable.test(object))
    if (differing.length === 0) return []
    const on = `${schema}.${table}`
    const prefix = `grant table ${table} to `
    return [
      {
        object: `grants on ${table}`,
        reason: differing.map(({ object, found }) => `${object.slice(6)}: ${found ?? 'nothing'}`).join('; '),
        statement: `REVOKE ALL ON ${on} FROM PUBLIC, anon, authenticated, service_role`,
      },
      ...[...wanted]
        .filter(([object]) => object.startsWith(prefix))
        .map(([object, privileges]) => ({
          object,
          reason: 'what the library needs',
          statement: `GRANT ${privileges} ON ${on} TO ${object.slice(prefix.length)}`,
        })),
    ]
  })
  return findings({ additions })
}
