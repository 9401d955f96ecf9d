import { LocalStackError } from './errors.ts'
import { toPostgrestError, type DatabaseError } from './postgrest-errors.ts'

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
  rlsState: 'unknown' | 'active' | 'inactive'
  introspect(options?: { useCache?: boolean }): Promise<unknown>
  clearSchemaCache(): Promise<void>
  withContext<T>(
    variables: Variables | undefined,
    work: (db: Executor) => Promise<T>,
    options?: unknown,
  ): Promise<T>
  close(): Promise<void>
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
  const emitWarning = Reflect.get(process, 'emitWarning') as typeof process.emitWarning
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
    process.emitWarning = emitWarning
  }
}

// Arguments of functions arrive as JSON text already; values that do not are written as such.
const asJsonText = (value: unknown): string => (typeof value === 'string' ? value : JSON.stringify(value))
const asIs = (value: string): string => value
// As PostgREST prints it: 2026-01-31T08:30:00.123+00:00.
const asIsoTime = (value: string): string => value.replace(' ', 'T').replace(/([+-]\d{2})$/, '$1:00')

function connect(createConnection: (config: unknown) => Connection, databaseUrl: string): Connection {
  const connection = createConnection({
    url: databaseUrl,
    postgresOptions: {
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
  shareIntrospection(connection)
  return connection
}

/** One look at the catalogue for all who wait for it, and never one from before the last reload. */
function shareIntrospection(connection: Connection): void {
  const look = connection.introspect.bind(connection)
  let current: Promise<unknown> | undefined
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

const rawQuery = (sql: string, parameters: readonly unknown[]): unknown => ({
  sql,
  parameters,
  query: { kind: 'RawNode', sqlFragments: [sql], parameters: [] },
  queryId: { queryId: 'cells-gateway' },
})

// Settings of a role apply at its login; PostgREST, which does not log in as it, applies them to every transaction.
// They are read before the role is taken on, which may not be allowed to see them.
const ROLE_SETTINGS = `
  SELECT set_config(split_part(setting, '=', 1), substr(setting, strpos(setting, '=') + 1), true)
  FROM pg_catalog.pg_db_role_setting AS stored
  INNER JOIN pg_catalog.pg_roles AS role ON role.oid = stored.setrole
  CROSS JOIN unnest(stored.setconfig) AS setting
  WHERE role.rolname = $1 AND stored.setdatabase = 0`

function isDatabaseError(error: unknown): error is Error & DatabaseError {
  return error instanceof Error && error.name === 'PostgresError' && 'code' in error
}

/**
 * Puts what PostgREST does around the gateway's own transaction: the role's settings before, and its answer to a
 * database error behind. That the answer is made here keeps the gateway from printing every refusal to the console.
 */
function answerLikePostgrest(connection: Connection): void {
  const inContext = connection.withContext.bind(connection)
  connection.withContext = async <T>(
    variables: Variables | undefined,
    work: (db: Executor) => Promise<T>,
    options?: unknown,
  ): Promise<T> => {
    const role = variables?.auth?.role ?? 'anon'
    try {
      return await inContext(
        variables,
        async (db) => {
          await db.executeQuery(rawQuery(ROLE_SETTINGS, [role]))
          return work(db)
        },
        options,
      )
    } catch (error) {
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
  } finally {
    await connection.close()
  }
}

/** Opens REST and Auth on a database that has its roles and `auth` already. */
export async function openGateway(options: GatewayOptions): Promise<Gateway> {
  const lite = await importLite()
  const connection = connect(lite.createPostgresConnection, options.databaseUrl)
  answerLikePostgrest(connection)
  const schemas = [...options.schemas]
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
    await connection.close()
    throw new LocalStackError('gateway_failed', 'REST and Auth could not be set up.', { cause })
  }
  return {
    fetch: (request) => app.fetch(request),
    reloadSchema: () => connection.clearSchemaCache(),
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
    close: () => connection.close(),
  }
}
