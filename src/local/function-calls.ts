import { setTimeout as delay } from 'node:timers/promises'
import { DatabaseError, type PoolClient, type QueryResult } from 'pg'
import { plainFunctions, type PlainFunction } from './function-catalogue.ts'
import { openPool } from './pool.ts'
import { databaseUnreachable, toPostgrestError } from './postgrest-errors.ts'
import { tokenChecker, type Caller } from './realtime/token.ts'

export interface FunctionCallsOptions {
  /** As the cluster's superuser: each call takes on its caller's role. */
  readonly databaseUrl: string
  readonly jwtSecret: string
  readonly anonKey: string
  readonly serviceKey: string
  /** Served now; the first is the default. */
  readonly schemas: () => readonly string[]
}

/**
 * The short road of a call by `POST /rest/v1/rpc/…`, which is what the SDK lives on: as in PostgREST, all that it asks of
 * the database travels as one message, and JSON passes as the text that it is. What is not plain about a call, or a
 * refusal of its token, is not answered here.
 */
export interface FunctionCalls {
  /** The answer; or the request for whoever answers what is not plain, whose body has not been read. */
  answer(request: Request): Promise<Response | Request>
  /** Forgets what it knows of functions. */
  reload(): void
  close(): Promise<void>
}

// Calls that are not answered by then are cut off when the gateway closes.
const PATIENCE_MILLISECONDS = 1_000
const PATH = /^\/rest\/v1\/rpc\/([^/]+)$/
const asText = { types: { getTypeParser: () => (value: string) => value } }

// From the superuser to `authenticator`, who is nobody but may become the API's roles and none but them, as on Supabase. A
// role's own settings apply at its login; PostgREST, which does not log in as it, applies them to every transaction.
const BECOME = {
  name: 'cells-become',
  text: `
    SELECT set_config('session_authorization', 'authenticator', true), set_config('role', $1, true),
      set_config('request.jwt.claims', $2, true), set_config('request.jwt.claim.sub', $3, true),
      set_config('request.jwt.claim.role', $1, true), set_config('request.method', 'POST', true),
      set_config('request.path', $4, true), set_config('request.headers', $5, true),
      set_config('response.status', '', true), set_config('response.headers', '', true),
      (
        SELECT count(set_config(split_part(setting, '=', 1), substr(setting, strpos(setting, '=') + 1), true))
        FROM pg_catalog.pg_db_role_setting AS stored
        INNER JOIN pg_catalog.pg_roles AS role ON role.oid = stored.setrole
        CROSS JOIN unnest(stored.setconfig) AS setting
        WHERE role.rolname = $1 AND stored.setdatabase = 0
      )`,
}

// A page of any origin may ask, and read what it is told.
const forPages = {
  'access-control-allow-origin': '*',
  'access-control-expose-headers': 'Content-Range, Content-Location, Preference-Applied',
}

interface Statement {
  readonly name: string
  readonly text: string
}

interface Answered {
  /** JSON's text; `null` where the function returned NULL, and neither where it returns nothing. */
  readonly json?: string | null
  readonly jsonb?: string | null
  readonly status: string | null
  readonly headers: string | null
}

/** The call with the parameters that are given, as PostgREST makes it: SQL takes them out of the body by their types. */
function callOf({ name, parameters, returns }: PlainFunction, given: readonly string[]): string {
  const each = given.flatMap((parameter) => parameters.get(parameter) ?? [])
  const values = each.map((parameter) => `${parameter.name} => given.${parameter.name}`).join(', ')
  const columns = each.map((parameter) => `${parameter.name} ${parameter.type}`).join(', ')
  const source =
    each.length === 0 ? 'WHERE $1::json IS NOT NULL' : `FROM json_to_record($1::json) AS given (${columns})`
  return `
    SELECT ${name}(${values}) AS ${returns}, current_setting('response.status', true) AS status,
      current_setting('response.headers', true) AS headers
    ${source}`
}

/** Whether nothing is asked for but the JSON that the function returns. */
function isPlain(request: Request, url: URL): boolean {
  const { headers, method } = request
  const accepted = headers.get('accept') ?? '*/*'
  return (
    method === 'POST' &&
    url.search === '' &&
    !headers.has('prefer') &&
    !headers.has('range') &&
    (accepted === '*/*' || accepted === 'application/json') &&
    headers.get('content-type')?.split(';')[0] === 'application/json'
  )
}

/** The parameters that a body gives, where it is an object. */
function parametersOf(body: string): readonly string[] | undefined {
  try {
    const parsed: unknown = JSON.parse(body)
    return typeof parsed === 'object' && parsed !== null && !Array.isArray(parsed)
      ? Object.keys(parsed)
      : undefined
  } catch {
    return undefined
  }
}

function respond({ json, jsonb, status, headers }: Answered, { returns }: PlainFunction): Response {
  const isNothing = returns === 'void'
  const given = new Headers({ ...forPages, 'content-range': '0-0/*' })
  if (!isNothing) given.set('content-type', 'application/json; charset=utf-8')
  if (headers !== null && headers !== '') {
    for (const one of JSON.parse(headers) as Readonly<Record<string, string>>[]) {
      for (const [name, value] of Object.entries(one)) given.set(name, value)
    }
  }
  const asked = status === null || status === '' ? undefined : Number(status)
  return new Response(isNothing ? null : (json ?? jsonb ?? 'null'), {
    status: asked ?? (isNothing ? 204 : 200),
    headers: given,
  })
}

const mostTokens = 1_000

/** Who calls, of each token that was seen lately: what is verified stays so until it expires. */
class Callers {
  readonly #ask: (key: string) => Promise<Caller>
  readonly #keys: readonly string[]
  readonly #known = new Map<string, Promise<Caller>>()

  constructor(options: FunctionCallsOptions) {
    this.#keys = [options.anonKey, options.serviceKey]
    this.#ask = tokenChecker(options).callerOfKey
  }

  /** `undefined` where it is for others to say what is wrong. */
  async of({ headers }: Request): Promise<Caller | undefined> {
    const bearer = /^Bearer\s+(.*)$/i.exec(headers.get('authorization') ?? '')?.[1]
    const apiKey = headers.get('apikey') ?? ''
    if (!this.#keys.includes(apiKey)) return undefined
    // supabase-js sends its API key as a token where it has none.
    const key = bearer === undefined || bearer.startsWith('sb_') ? apiKey : bearer
    let caller = this.#known.get(key)
    if (caller === undefined) {
      if (this.#known.size >= mostTokens) this.#known.clear()
      caller = this.#ask(key)
      this.#known.set(key, caller)
    }
    try {
      const { expiresAt } = await caller
      if (expiresAt > Date.now()) return await caller
    } catch {
      // Told by whoever answers instead.
    }
    this.#known.delete(key)
    return undefined
  }
}

/** Opens the short road to the functions of a database that has the API's roles. */
export function openFunctionCalls(options: FunctionCallsOptions): FunctionCalls {
  const pool = openPool(options.databaseUrl, {
    application_name: 'cells-gateway',
    max: 20,
    pipeline: true,
  })
  const busy = new Set<PoolClient>()
  const callers = new Callers(options)
  let functions: Promise<ReadonlyMap<string, PlainFunction>> | undefined
  /** By their texts: a connection prepares each once. */
  const statements = new Map<string, Statement>()

  const known = () => {
    if (functions === undefined) {
      const looking = plainFunctions(pool)
      functions = looking
      looking.catch(() => {
        if (functions === looking) functions = undefined
      })
    }
    return functions
  }

  async function find(request: Request): Promise<PlainFunction | undefined> {
    const url = new URL(request.url)
    const [, name] = PATH.exec(url.pathname) ?? []
    if (name === undefined || !isPlain(request, url)) return undefined
    const served = options.schemas()
    const schema = request.headers.get('content-profile') ?? served[0] ?? ''
    if (!served.includes(schema)) return undefined
    return (await known().catch(() => undefined))?.get(`${schema}.${decodeURIComponent(name)}`)
  }

  function statementOf(called: PlainFunction, given: readonly string[]): Statement {
    const text = callOf(called, given)
    let statement = statements.get(text)
    if (statement === undefined) {
      statement = { name: `cells-call-${statements.size}`, text }
      statements.set(text, statement)
    }
    return statement
  }

  async function call(
    request: Request,
    caller: Caller,
    called: PlainFunction,
    statement: Statement,
    body: string,
  ): Promise<Answered> {
    const { role, claims } = caller
    const headers = JSON.stringify(Object.fromEntries(request.headers))
    const { pathname } = new URL(request.url)
    const client = await pool.connect()
    busy.add(client)
    try {
      const [, , { rows }] = await together(
        client.query(called.mayWrite ? 'BEGIN READ WRITE' : 'BEGIN READ ONLY'),
        client.query(BECOME, [role, JSON.stringify(claims), claims.sub ?? '', pathname, headers]),
        client.query<Answered>({ ...statement, ...asText, values: [body] }),
        // Of what has failed it makes a ROLLBACK.
        client.query('COMMIT'),
      )
      return rows[0] ?? { status: null, headers: null }
    } finally {
      // One that is not whole, or in a transaction still, is not one to hand out again.
      if (busy.delete(client)) client.release(client.getTransactionStatus() !== 'I')
    }
  }

  return {
    async answer(request) {
      const called = await find(request)
      if (called === undefined) return request
      const caller = await callers.of(request)
      if (caller === undefined) return request
      const body = await request.text()
      const again = () => new Request(request.url, { method: 'POST', headers: request.headers, body })
      const given = parametersOf(body)
      const isUnderstood =
        given?.every((name) => called.parameters.has(name)) === true &&
        called.required.every((name) => given.includes(name))
      if (!isUnderstood) return again()
      try {
        return respond(await call(request, caller, called, statementOf(called, given), body), called)
      } catch (error) {
        if (!isDatabaseError(error)) return databaseUnreachable()
        // PostgREST's protocol for full control of the answer; what was done is undone.
        if (error.code === 'PGRST') return again()
        const refusal = toPostgrestError(error, { anonymous: caller.role === 'anon' })
        return Response.json(refusal.body, {
          status: refusal.status,
          headers: {
            ...refusal.headers,
            ...forPages,
            'content-type': 'application/json; charset=utf-8',
          },
        })
      }
    },
    reload() {
      functions = undefined
    },
    async close() {
      const ended = pool.end()
      await Promise.race([ended, delay(PATIENCE_MILLISECONDS, undefined, { ref: false })])
      for (const client of busy) client.release(true)
      busy.clear()
      await ended
    },
  }
}

/** Anything else is the end of a connection, or of all: then nobody knows what became of the call. */
const isDatabaseError = (error: unknown): error is DatabaseError & { readonly code: string } =>
  error instanceof DatabaseError && error.code !== undefined

/** All results; or the first error in order, when all are answered. */
async function together(
  ...queries: readonly [
    Promise<QueryResult>,
    Promise<QueryResult>,
    Promise<QueryResult<Answered>>,
    Promise<QueryResult>,
  ]
) {
  await Promise.allSettled(queries)
  return await Promise.all(queries)
}
