import { Readable } from 'node:stream'
import { pipeline } from 'node:stream/promises'
import type postgres from 'postgres'
import { ValidationError } from '../../index.ts'
import type { CellColumns } from './columns-of.ts'
import { copyLines, stagingColumns } from './copy-lines.ts'
import type { DatabaseTarget } from './database-target.ts'

type Parameters = Readonly<Record<string, unknown>>
type Running = { cancel(): void }

/** What PostgREST would answer. */
interface Reply {
  readonly data: unknown
  readonly error: unknown
  /** 0 where there was no answer. */
  readonly status: number
}

/** What a `CellsTransport` asks of supabase-js. */
export interface RpcClient {
  schema(name: string): {
    rpc(operation: string, parameters: Parameters): { abortSignal(signal: AbortSignal): Promise<Reply> }
  }
  readonly auth: Readonly<Record<string, never>>
  close(): Promise<void>
}

/** Only as many are opened as are used at once. */
const mostConnections = 8

/**
 * Speaks SQL where supabase-js speaks HTTP, so that retries, errors and answers are the same on both roads.
 * `import_cells` becomes a COPY and one statement that merges what it brought, in one transaction.
 */
export async function databaseClient({ database, actor }: DatabaseTarget): Promise<RpcClient> {
  const connect = await loadDriver()
  const sql = connect(String(database), {
    max: mostConnections,
    // Transaction poolers know of no prepared statements.
    prepare: false,
    fetch_types: false,
    onnotice: () => undefined,
    connection: { application_name: 'efir-cells import' },
    ...(/[?&]ssl(mode)?=/.test(String(database)) ? {} : { ssl: 'prefer' as const }),
  })
  const claims = actor === undefined ? '' : JSON.stringify({ sub: actor, role: 'authenticated' })

  const run = async (schema: string, operation: string, parameters: Parameters, signal: AbortSignal) => {
    let running: Running | undefined
    const cancel = (): void => running?.cancel()
    signal.addEventListener('abort', cancel, { once: true })
    try {
      return await sql.begin(async (session) => {
        await session`SELECT set_config('request.jwt.claims', ${claims}, true)`
        signal.throwIfAborted()
        const { text, values } = await prepare(session, schema, operation, parameters, signal)
        const query = session.unsafe<{ reply: unknown }[]>(text, values as never[])
        running = query
        const [row] = await query
        return row?.reply ?? null
      })
    } finally {
      signal.removeEventListener('abort', cancel)
    }
  }

  return {
    schema: (schema) => ({
      rpc: (operation, parameters) => ({
        async abortSignal(signal) {
          try {
            return { data: await run(schema, operation, parameters, signal), error: null, status: 200 }
          } catch (error) {
            return toReply(error)
          }
        },
      }),
    }),
    auth: {},
    close: () => sql.end({ timeout: 5 }),
  }
}

async function prepare(
  session: postgres.TransactionSql,
  schema: string,
  operation: string,
  parameters: Parameters,
  signal: AbortSignal,
) {
  if (operation !== 'import_cells') return statement(schema, operation, parameters)
  const { p_cells: cells, ...rest } = parameters
  await session.unsafe(`SELECT ${quoted(schema)}.stage_cells()`)
  const copy = await session
    .unsafe(`COPY pg_temp.cell_staging (${stagingColumns.join(', ')}) FROM STDIN`)
    .writable()
  await pipeline(Readable.from(copyLines(cells as CellColumns)), copy, { signal })
  return statement(schema, 'import_staged_cells', rest)
}

function statement(schema: string, operation: string, parameters: Parameters) {
  const entries = Object.entries(parameters)
  const isJson = (value: unknown) => typeof value === 'object' && value !== null
  const list = entries.map(
    ([name, value], index) => `${quoted(name)} => $${index + 1}${isJson(value) ? '::text::jsonb' : ''}`,
  )
  return {
    text: `SELECT ${quoted(schema)}.${quoted(operation)}(${list.join(', ')}) AS reply`,
    values: entries.map(([, value]) => (isJson(value) ? JSON.stringify(value) : value)),
  }
}

const quoted = (name: string): string => `"${name.replaceAll('"', '""')}"`

/** In the words of PostgREST, which the transport understands. */
function toReply(error: unknown): Reply {
  const said = error as { code?: string; message?: string; detail?: string; hint?: string; name?: string }
  const message = said.message ?? String(error)
  if (said.name !== 'PostgresError') return { data: null, error: { message }, status: 0 }
  const { code = '', detail = null, hint = null } = said
  const status = /^PT\d{3}$/.test(code)
    ? Number(code.slice(2))
    : /^(?:08|40|53|55|57|58|XX)/.test(code)
      ? 500
      : 400
  return { data: null, error: { code, message, details: detail, hint }, status }
}

async function loadDriver() {
  try {
    return (await import('postgres')).default
  } catch (cause) {
    throw new ValidationError(
      'database',
      'a URL without a driver',
      'the URL of a database, once the driver is there: npm install postgres',
      { cause },
    )
  }
}
