import type postgres from 'postgres'
import { checkBearer } from './bearer.ts'
import { LocalStackError } from './errors.ts'
import { openFunctionCalls } from './function-calls.ts'
import { failWithTheConnection, isConnectionLost, patiently } from './lost-connections.ts'
import { databaseUnreachable, toPostgrestError, type DatabaseError } from './postgrest-errors.ts'

/**
 * The one file that knows `@supabase/lite`, an alpha that is pinned exactly: everything here that looks odd corrects
 * something that it does otherwise than PostgREST and GoTrue do. The canary proves on every start that it still
 * holds.
 */
export interface GatewayOptions {
  /** As the cluster's superuser: the gateway takes on the caller's role in every transaction. */
  readonly databaseUrl: string
  readonly jwtSecret: string
  readonly anonKey: string
  readonly serviceKey: string
  /** Served schemas; the first is the default. */
  readonly schemas: readonly string[]
}

export interface Gateway {
  /** `/rest/v1` and `/auth/v1`. */
  readonly fetch: (request: Request) => Promise<Response>
  /** Forgets what it knows of tables and functions. */
  reloadSchema(): Promise<void>
  /** Serves one more schema while `work` runs. */
  exposing<T>(schema: string, work: () => Promise<T>): Promise<T>
  close(): Promise<void>
}

/** As much of the gateway's parts as is used here; its own types lead through generics of its whole configuration. */
interface Connection {
  readonly driver: postgres.Sql
  rlsState: 'unknown' | 'active' | 'inactive'
  introspect(options?: { useCache?: boolean }): Promise<Catalogue>
  clearSchemaCache(): Promise<void>
  onPostgrestAST(ast: RequestTree, variables?: Variables): Promise<RequestTree>
  withContext<T>(
    variables: Variables | undefined,
    work: (db: Executor) => Promise<T>,
    options?: unknown,
  ): Promise<T>
}

interface RequestTree {
  readonly type?: string
  readonly schema?: string
  readonly function?: string
  readonly httpMethod?: string
  args?: unknown
}

interface Catalogue {
  readonly functions?: readonly {
    readonly schema: string
    readonly name: string
    readonly arg_names: readonly string[]
    readonly arg_types: readonly string[]
  }[]
}

interface Variables {
  readonly auth?: { readonly role?: string }
}

interface Executor {
  executeQuery(query: unknown): Promise<{ readonly rows: readonly Record<string, unknown>[] }>
}

interface App {
  readonly config: { readonly api?: { schemas?: string[] } }
  init(): Promise<unknown>
  ensureSystemSchema(): Promise<void>
  fetch(request: Request): Promise<Response>
}

async function importLite(): Promise<{
  createPostgresConnection: (config: unknown) => Connection
  App: new (config: unknown) => App
}> {
  // The package wraps process.emitWarning in something that throws when it is handed an Error.
  const emitWarning: unknown = Reflect.get(process, 'emitWarning')
  try {
    const [{ createPostgresConnection }, { App: LiteApp }] = await Promise.all([
      import('@supabase/lite/postgres'),
      import('@supabase/lite'),
    ])
    return {
      createPostgresConnection: createPostgresConnection as unknown as (config: unknown) => Connection,
      App: LiteApp as unknown as new (config: unknown) => App,
    }
  } catch (cause) {
    throw new LocalStackError(
      'gateway_failed',
      'The package @supabase/lite, which serves REST and Auth, could not be loaded. Is it installed?',
      { cause },
    )
  } finally {
    Reflect.set(process, 'emitWarning', emitWarning)
  }
}

// What goes into json is text already (see encodeStrings), or is made such.
const asJsonText = (value: unknown): string => (typeof value === 'string' ? value : JSON.stringify(value))
const asIs = (value: string): string => value
// As PostgREST prints it: 2026-01-31T08:30:00.123+00:00.
const asIsoTime = (value: string): string => value.replace(' ', 'T').replace(/([+-]\d{2})$/, '$1:00')

function connect(createConnection: (config: unknown) => Connection, databaseUrl: string): Connection {
  const connection = createConnection({
    url: databaseUrl,
    postgresOptions: {
      ...patiently(databaseUrl),
      max: 20,
      onnotice: () => undefined,
      connection: { application_name: 'cells-gateway' },
      types: {
        jsonb: { to: 3802, from: [3802], serialize: asJsonText, parse: JSON.parse },
        json: { to: 114, from: [114], serialize: asJsonText, parse: JSON.parse },
        timestamptz: { to: 1184, from: [1184], serialize: asIs, parse: asIsoTime },
        numeric: { to: 1700, from: [1700], serialize: String, parse: Number },
      },
    },
  })
  // Known from the start: finding out by itself, it grants every table of every schema to everyone.
  connection.rlsState = 'active'
  failWithTheConnection(connection.driver)
  shareIntrospection(connection)
  return connection
}

/** One look at the catalogue for all who wait for it, and never one from before the last reload. */
function shareIntrospection(connection: Connection): void {
  const look = connection.introspect.bind(connection)
  let current: Promise<Catalogue> | undefined
  connection.introspect = (options) => {
    if (options?.useCache !== true) return look(options)
    current ??= look({ useCache: false })
    return current
  }
  const clear = connection.clearSchemaCache.bind(connection)
  connection.clearSchemaCache = async () => {
    current = undefined
    await clear()
  }
}

/**
 * A body's string for a json parameter is JSON's string, not JSON's text: it needs its quotes. The driver can't tell the
 * two apart, so this is done where the parameter's type is known.
 */
async function encodeStrings(connection: Connection, tree: RequestTree): Promise<void> {
  const { args } = tree
  if (tree.type !== 'rpc' || tree.httpMethod !== 'POST' || typeof args !== 'object' || args === null) return
  const { functions = [] } = await connection.introspect({ useCache: true })
  const names = Object.keys(args)
  const called = functions.find(
    ({ schema, name, arg_names }) =>
      schema === (tree.schema ?? 'public') &&
      name === tree.function &&
      names.every((key) => arg_names.includes(key)),
  )
  if (called === undefined) return
  tree.args = Object.fromEntries(
    Object.entries(args).map(([name, value]: [string, unknown]) => {
      const type = called.arg_types[called.arg_names.indexOf(name)]
      const encoded = typeof value === 'string' && (type === 'jsonb' || type === 'json')
      return [name, encoded ? JSON.stringify(value) : value]
    }),
  )
}

const rawQuery = (sql: string, parameters: readonly unknown[]): unknown => ({
  sql,
  parameters,
  query: { kind: 'RawNode', sqlFragments: [sql], parameters: [] },
  queryId: { queryId: 'cells-gateway' },
})

// The gateway takes on the caller's role from the superuser that it logs in as. As on Supabase, whoever is underneath
// must be `authenticator`, who is nobody but may become the API's roles, and none but them.
const TAKE_ROLE = `
  SELECT set_config('session_authorization', 'authenticator', true), set_config('role', $1, true)`

// Settings of a role apply at its login; PostgREST, which does not log in as it, applies them to every transaction.
const ROLE_SETTINGS = `
  SELECT set_config(split_part(setting, '=', 1), substr(setting, strpos(setting, '=') + 1), true)
  FROM pg_catalog.pg_db_role_setting AS stored
  INNER JOIN pg_catalog.pg_roles AS role ON role.oid = stored.setrole
  CROSS JOIN unnest(stored.setconfig) AS setting
  WHERE role.rolname = $1 AND stored.setdatabase = 0`

function isDatabaseError(error: unknown): error is Error & DatabaseError {
  return error instanceof Error && error.name === 'PostgresError' && 'code' in error
}

const isUnknownRelation = (error: unknown): error is Error =>
  error instanceof Error && 'schema' in error && 'relation' in error

const unknownRelation = (message: string): Response =>
  Response.json({ code: 'PGRST205', details: null, hint: null, message }, { status: 404 })

/**
 * Puts what PostgREST does around the gateway's own transaction: the role's settings before, and its answer to a
 * database error behind. That the answer is made here keeps the gateway from printing every refusal to the console.
 */
function answerLikePostgrest(connection: Connection): void {
  // Handed on by the variables, which both hooks of a request are given.
  const unknownRelations = new WeakMap<Variables, Response>()
  const inspect = connection.onPostgrestAST.bind(connection)
  connection.onPostgrestAST = async (tree, variables) => {
    await encodeStrings(connection, tree)
    try {
      return await inspect(tree, variables)
    } catch (error) {
      if (variables === undefined || !isUnknownRelation(error)) throw error
      unknownRelations.set(variables, unknownRelation(error.message))
      return tree
    }
  }
  const inContext = connection.withContext.bind(connection)
  connection.withContext = async <T>(
    variables: Variables | undefined,
    work: (db: Executor) => Promise<T>,
    options?: unknown,
  ): Promise<T> => {
    const unknown = variables === undefined ? undefined : unknownRelations.get(variables)
    if (unknown !== undefined) return unknown as T
    const role = variables?.auth?.role ?? 'anon'
    try {
      return await inContext(
        variables,
        async (db) => {
          await db.executeQuery(rawQuery(TAKE_ROLE, [role]))
          await db.executeQuery(rawQuery(ROLE_SETTINGS, [role]))
          return work(db)
        },
        options,
      )
    } catch (error) {
      if (!isDatabaseError(error) && isConnectionLost(error)) return databaseUnreachable() as T
      // PGRST is PostgREST's protocol for full control of the answer, which the gateway speaks itself.
      if (!isDatabaseError(error) || error.code === 'PGRST') throw error
      const { status, body, headers } = toPostgrestError(error, { anonymous: role === 'anon' })
      return Response.json(body, {
        status,
        headers: { ...headers, 'content-type': 'application/json; charset=utf-8' },
      }) as T
    }
  }
}

/** Makes the schema `auth` in a database, where it is missing. */
export async function provideAuth(databaseUrl: string): Promise<void> {
  const lite = await importLite()
  const connection = connect(lite.createPostgresConnection, databaseUrl)
  try {
    await new lite.App({
      connection,
      auth: { enabled: true },
      db: { migrations: { enabled: false } },
    }).ensureSystemSchema()
  } catch (cause) {
    throw new LocalStackError('gateway_failed', 'The schema auth could not be made.', { cause })
  } finally {
    await connection.driver.end({ timeout: 1 })
  }
}

/** Auth answers pages of any origin, as GoTrue does; here its answers to preflights say so, and not those that follow. */
function openToPages(response: Response): Response {
  if (response.headers.has('access-control-allow-origin')) return response
  const headers = new Headers(response.headers)
  headers.set('access-control-allow-origin', '*')
  return new Response(response.body, { status: response.status, statusText: response.statusText, headers })
}

/** Opens REST and Auth on a database that has its roles and `auth` already. */
export async function openGateway(options: GatewayOptions): Promise<Gateway> {
  const lite = await importLite()
  const connection = connect(lite.createPostgresConnection, options.databaseUrl)
  answerLikePostgrest(connection)
  const schemas = [...options.schemas]
  const secret = new TextEncoder().encode(options.jwtSecret)
  const app = new lite.App({
    connection,
    api: { enabled: true, schemas, max_rows: 1000 },
    studio: { enabled: false },
    storage: { enabled: false },
    db: { migrations: { enabled: false } },
    auth: {
      enabled: true,
      jwt_secret: options.jwtSecret,
      publishable_key: options.anonKey,
      secret_key: options.serviceKey,
    },
  })
  try {
    await app.init()
  } catch (cause) {
    await connection.driver.end({ timeout: 1 })
    throw new LocalStackError('gateway_failed', 'REST and Auth could not be set up.', { cause })
  }
  const functions = openFunctionCalls({ ...options, schemas: () => app.config.api?.schemas ?? schemas })
  return {
    async fetch(request) {
      if (!new URL(request.url).pathname.startsWith('/rest/')) return openToPages(await app.fetch(request))
      const answered = await functions.answer(request)
      if (answered instanceof Response) return answered
      const checked = await checkBearer(answered, secret)
      return checked instanceof Response ? checked : app.fetch(checked)
    },
    async reloadSchema() {
      functions.reload()
      await connection.clearSchemaCache()
    },
    async exposing(schema, work) {
      const { api } = app.config
      const before = api?.schemas
      if (api !== undefined) api.schemas = [...schemas, schema]
      try {
        return await work()
      } finally {
        if (api !== undefined && before !== undefined) api.schemas = before
      }
    },
    async close() {
      await Promise.all([functions.close(), connection.driver.end({ timeout: 1 })])
    },
  }
}
