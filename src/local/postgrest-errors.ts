/** A database error, as drivers report it. */
export interface DatabaseError {
  readonly code: string
  readonly message: string
  readonly detail?: string | undefined
  readonly hint?: string | undefined
}

/** What PostgREST answers with. */
export interface PostgrestError {
  readonly status: number
  readonly body: {
    readonly code: string
    readonly details: string | null
    readonly hint: string | null
    readonly message: string
  }
  readonly headers: Readonly<Record<string, string>>
}

/**
 * What PostgREST makes of a SQLSTATE, first match wins; the rest is 400. `anonymous` is for requests
 * without a user: there it is a question of signing in.
 */
const STATUSES: readonly {
  readonly prefix: string
  readonly message?: RegExp
  readonly status: number
  readonly anonymous?: number
}[] = [
  { prefix: '08', status: 503 }, // connection
  { prefix: '09', status: 500 }, // triggered action
  { prefix: '0L', status: 403 }, // invalid grantor
  { prefix: '0P', status: 403 }, // invalid role
  { prefix: '23503', status: 409 }, // foreign key
  { prefix: '23505', status: 409 }, // unique
  { prefix: '25006', status: 405 }, // writing in a read-only transaction: a volatile function called by GET
  { prefix: '21000', message: /requires a WHERE clause$/, status: 400 }, // pg-safeupdate
  { prefix: '21000', status: 500 }, // cardinality
  { prefix: '22023', message: /^role .*does not exist$/, status: 401 }, // the token names a role that is none
  { prefix: '25', status: 500 }, // transaction state
  { prefix: '28', status: 403 }, // authorisation
  { prefix: '2D', status: 500 }, // transaction termination
  { prefix: '38', status: 500 }, // external routine
  { prefix: '39', status: 500 }, // external routine invocation
  { prefix: '3B', status: 500 }, // savepoint
  { prefix: '40', status: 500 }, // rollback
  { prefix: '53400', status: 500 }, // configuration limit
  { prefix: '53', status: 503 }, // resources
  { prefix: '54', status: 500 }, // too complex
  { prefix: '55', status: 500 }, // object state: a lock not available
  { prefix: '57P01', status: 503 }, // the server is going down
  { prefix: '57', status: 500 }, // operator intervention: a statement timeout
  { prefix: '58', status: 500 }, // system
  { prefix: 'F0', status: 500 }, // configuration file
  { prefix: 'HV', status: 500 }, // foreign data
  { prefix: 'P0001', status: 400 }, // RAISE without a code
  { prefix: 'P0', status: 500 }, // PL/pgSQL
  { prefix: 'XX', status: 500 }, // internal
  { prefix: '42883', message: /^function xmlagg\(/, status: 406 },
  { prefix: '42883', status: 404 }, // undefined function
  { prefix: '42P01', status: 404 }, // undefined table
  { prefix: '42P17', status: 500 }, // infinite recursion
  { prefix: '42501', status: 403, anonymous: 401 }, // privilege
]

/** RAISE with a SQLSTATE `PTnnn` asks for HTTP status nnn; what is no status is 500. */
function askedStatus(code: string): number | undefined {
  if (!code.startsWith('PT')) return undefined
  const asked = Number(code.slice(2))
  return Number.isInteger(asked) && asked >= 200 && asked <= 599 ? asked : 500
}

/** The answer that PostgREST 14 gives to a database error, for a caller with a user's token or without. */
export function toPostgrestError(
  error: DatabaseError,
  caller: { readonly anonymous: boolean },
): PostgrestError {
  const row = STATUSES.find(
    ({ prefix, message }) => error.code.startsWith(prefix) && message?.test(error.message) !== false,
  )
  const mapped = (caller.anonymous ? row?.anonymous : undefined) ?? row?.status ?? 400
  const status = askedStatus(error.code) ?? mapped
  return {
    status,
    body: {
      code: error.code,
      details: error.detail ?? null,
      hint: error.hint ?? null,
      message: error.message,
    },
    headers: status === 401 ? { 'www-authenticate': 'Bearer' } : {},
  }
}

/** PostgREST's answer where its database is gone. */
export const databaseUnreachable = (): Response =>
  Response.json(
    {
      code: 'PGRST001',
      details: null,
      hint: null,
      message: 'Database client error. Retrying the connection.',
    },
    { status: 503 },
  )
