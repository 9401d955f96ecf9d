import { compare, tableOf, type Difference } from '../describe/description.ts'
import type { Facts } from './facts.ts'

/** One thing that was looked at, and what was found. */
export type VerifyCheck = {
  /** A name that stays: `tables`, `indexes`, `anon_access`, … */
  readonly check: string
  readonly ok: boolean
  /** How bad it is where `ok` is false. A `warning` may be right where the application meant it. */
  readonly severity: 'error' | 'warning'
  readonly found: string
  readonly expected: string
  /** What to do about it; only where `ok` is false. */
  readonly hint: string | undefined
}

const tables = ['cell_changes', 'cell_comments', 'planning_cells']
const publishedTables = ['cell_comments', 'planning_cells']
const policies = tables.map((table) => `${table}.${table}_org_isolation`)
const indexes = [
  ...['idx_cells_locked', 'idx_cells_lookup', 'idx_cells_modified', 'idx_cells_module', 'idx_cells_version'],
  ...[
    'idx_changes_cell',
    'idx_changes_entity',
    'idx_changes_session',
    'idx_changes_time',
    'idx_changes_type',
  ],
  ...['idx_changes_user', 'idx_comments_cell', 'idx_comments_unresolved', 'idx_comments_user'],
]

/** What the deployment guide counts, then what keeps organisations apart, then everything else. */
export function runChecks(facts: Facts): readonly VerifyCheck[] {
  return [
    migrations(facts),
    counted(facts, 'tables', tables, 'table ', (name) => name),
    counted(facts, 'indexes', indexes, 'index ', (name) => name.split('.')[1] ?? name),
    rowLevelSecurity(facts),
    counted(facts, 'policies', policies, 'policy ', (name) => name),
    publication(facts),
    indexValidity(facts),
    anonAccess(facts),
    publicExecute(facts),
    apiGrants(facts),
    otherPolicies(facts),
    functionSearchPath(facts),
    oneOwner(facts),
    realtimeAuthorisation(facts),
    exposedSchema(facts),
    drift(facts),
    additions(facts),
  ]
}

function result(
  check: string,
  wrong: readonly string[],
  right: { expected: string; found: string; hint: string; severity?: VerifyCheck['severity'] },
): VerifyCheck {
  const ok = wrong.length === 0
  return {
    check,
    ok,
    severity: right.severity ?? 'error',
    expected: right.expected,
    found: ok ? right.found : wrong.join(', '),
    hint: ok ? undefined : right.hint,
  }
}

function migrations({ status }: Facts): VerifyCheck {
  const wrong = status.migrations
    .filter(
      ({ state, pendingIndexes }) => !['applied', 'not_wanted'].includes(state) || pendingIndexes.length > 0,
    )
    .map(({ name, state, pendingIndexes }) =>
      pendingIndexes.length > 0 ? `${name}: ${pendingIndexes.join(', ')} to be built` : `${name}: ${state}`,
    )
  const applied = status.migrations.filter(({ state }) => state === 'applied').length
  return result('migrations', wrong, {
    expected: 'all applied, in the bundled form',
    found: `${applied} applied`,
    hint: 'Run efir-cells migrate up (with the newest version of the package that runs against this database).',
  })
}

/** Names that a guide tells people to count. */
function counted(
  { found }: Facts,
  check: string,
  wanted: readonly string[],
  prefix: string,
  nameOf: (name: string) => string,
): VerifyCheck {
  const present = new Set(
    [...found.keys()].filter((key) => key.startsWith(prefix)).map((key) => nameOf(key.slice(prefix.length))),
  )
  const missing = wanted.filter((name) => !present.has(name)).map((name) => `${name} missing`)
  return result(check, missing, {
    expected: `${wanted.length}: ${wanted.join(', ')}`,
    found: `${wanted.length}`,
    hint: 'Something took away what the migrations made. Compare with the drift below.',
  })
}

function rowLevelSecurity({ found, expected }: Facts): VerifyCheck {
  const ours = [...expected.keys()].filter((key) => key.startsWith('table '))
  const off = ours.filter((key) => found.get(key)?.includes('security: off') === true)
  return result(
    'row_level_security',
    off.map((key) => `${key.slice(6)}: off`),
    {
      expected: `on for ${ours.length} tables`,
      found: 'on',
      hint: 'ALTER TABLE … ENABLE ROW LEVEL SECURITY: without it every signed-in user reads every organisation.',
    },
  )
}

function publication({ published }: Facts): VerifyCheck {
  const wrong = [
    ...publishedTables.filter((table) => !published.includes(table)).map((table) => `${table} missing`),
    ...(published.includes('cell_changes') ? ['cell_changes is published'] : []),
  ]
  return result('publication', wrong, {
    expected: `supabase_realtime with ${publishedTables.join(', ')} and without cell_changes`,
    found: publishedTables.join(', '),
    hint: 'ALTER PUBLICATION supabase_realtime ADD TABLE … (or DROP TABLE): Realtime sends what is in it.',
  })
}

function indexValidity({ found }: Facts): VerifyCheck {
  const invalid = [...found].filter(([key, text]) => key.startsWith('index ') && text.endsWith(' INVALID'))
  return result(
    'index_validity',
    invalid.map(([key]) => key.slice(6)),
    {
      expected: 'no invalid index',
      found: 'none',
      hint: 'An index build was cut off. Run efir-cells migrate up --concurrently again, or REINDEX INDEX CONCURRENTLY.',
    },
  )
}

/** Grants on objects of ours, as `role: privileges on object`. */
function grantsTo({ found, expected }: Facts, roles: readonly string[], onlyFunctions = false): string[] {
  return [...found].flatMap(([key, privileges]) => {
    const [, kind, name, role] = /^grant (\w+) (.*) to (\w+)$/.exec(key) ?? []
    if (kind === undefined || name === undefined || role === undefined || !roles.includes(role)) return []
    if (onlyFunctions && kind !== 'function') return []
    const object = kind === 'column' ? `table ${String(name.split('.')[0])}` : `${kind} ${name}`
    return expected.has(object) ? [`${role}: ${privileges} on ${name}`] : []
  })
}

function anonAccess(facts: Facts): VerifyCheck {
  return result('anon_access', grantsTo(facts, ['anon', 'PUBLIC']), {
    expected: 'nothing for anon',
    found: 'nothing',
    hint: 'REVOKE it. Default privileges of the schema (ALTER DEFAULT PRIVILEGES … TO anon) grant it anew to every new object.',
  })
}

function publicExecute(facts: Facts): VerifyCheck {
  return result('public_execute', grantsTo(facts, ['PUBLIC'], true), {
    expected: 'no function executable by PUBLIC',
    found: 'none',
    hint: 'REVOKE EXECUTE ON FUNCTION … FROM PUBLIC.',
  })
}

/** The roles of the API have exactly what the migrations gave them. */
function apiGrants({ found, expected }: Facts): VerifyCheck {
  const isOurs = (key: string) => {
    const [, kind, name] = /^grant (\w+) (.*?) ?to (?:authenticated|service_role)$/.exec(key) ?? []
    if (kind === undefined || name === undefined) return false
    if (kind === 'schema') return false
    return expected.has(kind === 'column' ? `table ${String(name.split('.')[0])}` : `${kind} ${name}`)
  }
  const keys = [...new Set([...expected.keys(), ...found.keys()])].filter(isOurs).sort()
  const wrong = keys
    .filter((key) => expected.get(key) !== found.get(key))
    .map(
      (key) =>
        `${key.slice('grant '.length)}: ${found.get(key) ?? 'nothing'} (not ${expected.get(key) ?? 'nothing'})`,
    )
  const usage = ['authenticated', 'service_role'].filter(
    (role) => found.get(`grant schema to ${role}`)?.includes('USAGE') !== true,
  )
  return result('api_grants', [...usage.map((role) => `schema: no USAGE for ${role}`), ...wrong], {
    expected: `the ${keys.length} grants that the library needs, and no more`,
    found: 'as expected',
    hint: 'GRANT or REVOKE the difference. More than needed lets people go round the rules; less breaks calls.',
  })
}

/** Permissive policies are ORed: one of somebody else's can open what ours close. */
function otherPolicies({ found, expected }: Facts): VerifyCheck {
  const others = [...found].filter(
    ([key, definition]) =>
      key.startsWith('policy ') &&
      !expected.has(key) &&
      definition.startsWith('PERMISSIVE') &&
      expected.has(`table ${tableOf(key) ?? ''}`),
  )
  return result(
    'other_policies',
    others.map(([key]) => key.slice('policy '.length)),
    {
      expected: 'no permissive policy of somebody else on our tables',
      found: 'none',
      hint: 'DROP POLICY, or make it RESTRICTIVE: a permissive one lets in whom ours keep out.',
    },
  )
}

function functionSearchPath({ found, expected }: Facts): VerifyCheck {
  const ours = [...found].filter(([key]) => key.startsWith('function ') && expected.has(key))
  const open = ours.filter(([, definition]) => !/^\s*SET search_path TO ''$/m.test(definition))
  return result(
    'function_search_path',
    open.map(([key]) => key.slice('function '.length)),
    {
      expected: "every function sets search_path = ''",
      found: `${ours.length} functions do`,
      hint: "ALTER FUNCTION … SET search_path = '': without it a caller can put objects of his own in their way.",
    },
  )
}

function oneOwner({ owners }: Facts): VerifyCheck {
  return result('owner', owners.length > 1 ? owners : [], {
    expected: 'one owner of all tables and functions',
    found: owners[0] ?? 'nothing to own',
    hint: "Functions act with their owner's rights: let one role own all (ALTER … OWNER TO), and migrate as that role.",
    severity: 'warning',
  })
}

/** The policies that install_realtime makes are named in its text. */
function realtimeAuthorisation({ schema, expected, found, realtime }: Facts): VerifyCheck {
  const text = expected.get('function install_realtime()') ?? ''
  const names = [...text.matchAll(new RegExp(`'(${schema}: [^']+)'`, 'g'))].map((match) => String(match[1]))
  const missing = names.filter((name) => !found.has(`policy realtime.messages.${name}`))
  const wrong =
    realtime === undefined
      ? []
      : [
          ...missing.map((name) => `policy "${name}" missing`),
          ...(realtime.isProtected ? [] : ['row level security is off on realtime.messages']),
        ]
  return result('realtime_authorisation', wrong, {
    expected: `members alone may join the private channels cells:<budget version>: ${names.length} policies`,
    found: realtime === undefined ? 'no Realtime in this database' : `${names.length} policies`,
    hint: `Without them nobody can join the private channels, or everybody. SELECT ${schema}.install_realtime() makes them.`,
  })
}

function exposedSchema({ schema, exposedSchemas }: Facts): VerifyCheck {
  const base = {
    expected: `${schema} among the exposed schemas of the API`,
    hint: `Add ${schema} to the exposed schemas (Supabase: Settings → Data API; PostgREST: db-schemas).`,
    severity: 'warning' as const,
  }
  if (exposedSchemas === undefined) {
    return result('api_schema', ['not to be seen in the database: look in the settings of the API'], {
      ...base,
      found: '',
    })
  }
  const isExposed = exposedSchemas.includes(schema)
  return result('api_schema', isExposed ? [] : [`exposed are ${exposedSchemas.join(', ')}`], {
    ...base,
    severity: 'error',
    found: exposedSchemas.join(', '),
  })
}

/** Objects of ours that are missing or differ from the committed dump of the schema. */
function drift(facts: Facts): VerifyCheck {
  const { status, expected, found, server, expectedServer } = facts
  const base = {
    expected: `${expected.size} objects as migrated`,
    found: `${expected.size} as expected`,
    hint: 'Somebody changed the schema by hand. Put it back; what you need otherwise, add beside it.',
  }
  if (status.state !== 'current') {
    return {
      ...result('drift', ['not looked at before all migrations are applied'], base),
      severity: 'warning',
    }
  }
  const changed = compare(expected, found).filter(
    (difference) => difference.expected !== undefined && isForDrift(difference, facts),
  )
  const onlyWords = changed.every(({ object }) => object.startsWith('comment '))
  return {
    ...result('drift', changed.map(sentence), base),
    // Another version of Postgres prints the same definition in other words.
    severity: onlyWords || server !== expectedServer ? 'warning' : 'error',
  }
}

/** Grants have a check of their own, and Realtime's policies exist only where Realtime does. */
const isForDrift = ({ object }: Difference, { realtime }: Facts) =>
  !object.startsWith('grant ') && (realtime !== undefined || !object.startsWith('policy realtime.'))

/** Objects of somebody else's on our tables. */
function additions({ status, expected, found }: Facts): VerifyCheck {
  const extra = [...found.keys()].filter(
    (key) =>
      !expected.has(key) &&
      expected.has(`table ${tableOf(key) ?? ''}`) &&
      !/^(grant|comment|policy) /.test(key),
  )
  return result('additions', status.state === 'current' ? extra : [], {
    expected: 'nothing of somebody else on our tables',
    found: 'nothing',
    hint: 'Fine where you meant it. Triggers must neither move the version nor write the log.',
    severity: 'warning',
  })
}

const sentence = ({ object, expected, found }: Difference) =>
  found === undefined
    ? `${object} is missing`
    : `${object} is ${shorten(found)} (not ${shorten(expected ?? '')})`

/** Long definitions differ somewhere in the middle; the first differing line would not be found by their beginning. */
const shorten = (text: string) => {
  const line = text.replaceAll(/\s+/g, ' ')
  return line.length > 160 ? `${line.slice(0, 157)}…` : line
}
