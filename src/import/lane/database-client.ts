import { Readable } from 'node:stream'
import { pipeline } from 'node:stream/promises'
import type { ClientBase, DatabaseError } from 'pg'
import type { CellColumns } from './columns-of.ts'
import { copyLines, stagingColumns } from './copy-lines.ts'
import { loadCopy, openPool } from './database-pool.ts'
import type { DatabaseTarget } from './database-target.ts'

type Parameters = Readonly<Record<string, unknown>>

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

/**
 * Speaks SQL where supabase-js speaks HTTP, so that retries, errors and answers are the same on both roads.
 * `import_cells` becomes a COPY and one statement that merges what it brought, in one transaction.
 */
export async function databaseClient({ database, actor }: DatabaseTarget): Promise<RpcClient> {
  const claims = actor === undefined ? '' : JSON.stringify({ sub: actor, role: 'authenticated' })
  const [pool, copyFrom] = await Promise.all([openPool(String(database), claims), loadCopy()])

  /** What is left to ask once the cells of `import_cells` are there. */
  async function stage(session: ClientBase, schema: string, { p_cells: cells, ...rest }: Parameters) {
    await session.query(`SELECT ${quoted(schema)}.stage_cells()`)
    const copy = copyFrom(`COPY pg_temp.cell_staging (${stagingColumns.join(', ')}) FROM STDIN`)
    await pipeline(Readable.from(copyLines(cells as CellColumns)), session.query(copy))
    return rest
  }

  return {
    schema: (schema) => ({
      rpc: (operation, parameters) => ({
        async abortSignal(signal) {
          try {
            const data = await pool.transaction(signal, async (session) => {
              if (operation !== 'import_cells') return await ask(session, schema, operation, parameters)
              const rest = await stage(session, schema, parameters)
              return await ask(session, schema, 'import_staged_cells', rest)
            })
            return { data, error: null, status: 200 }
          } catch (error) {
            return toReply(error)
          }
        },
      }),
    }),
    auth: {},
    close: () => pool.close(),
  }
}

/** Never by a prepared statement, of which transaction poolers know nothing. */
async function ask(
  session: ClientBase,
  schema: string,
  operation: string,
  parameters: Parameters,
): Promise<unknown> {
  const entries = Object.entries(parameters)
  const isJson = (value: unknown) => typeof value === 'object' && value !== null
  const list = entries.map(
    ([name, value], index) => `${quoted(name)} => $${index + 1}${isJson(value) ? '::text::jsonb' : ''}`,
  )
  const { rows } = await session.query<{ reply: unknown }>(
    `SELECT ${quoted(schema)}.${quoted(operation)}(${list.join(', ')}) AS reply`,
    entries.map(([, value]) => (isJson(value) ? JSON.stringify(value) : value)),
  )
  return rows[0]?.reply ?? null
}

const quoted = (name: string): string => `"${name.replaceAll('"', '""')}"`

/** In the words of PostgREST, which the transport understands. */
function toReply(error: unknown): Reply {
  const said = error as Partial<DatabaseError>
  const message =
    [said.message, said.code].find((words) => words !== undefined && words !== '') ?? String(error)
  // What the database itself says has a severity; all else is the connection's.
  if (said.severity === undefined) return { data: null, error: { message }, status: 0 }
  const { code = '', detail = null, hint = null } = said
  const status = /^PT\d{3}$/.test(code)
    ? Number(code.slice(2))
    : /^(?:08|40|53|55|57|58|XX)/.test(code)
      ? 500
      : 400
  return { data: null, error: { code, message, details: detail, hint }, status }
}
