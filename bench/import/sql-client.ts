import postgres from 'postgres'
import type { AnySupabaseClient } from '@efir/cells'

/** Of each parameter that is not text as it comes, its type. */
const json: Readonly<Record<string, string>> = {
  p_items: 'jsonb',
  p_references: 'jsonb',
  p_filter: 'jsonb',
  p_cells: 'json',
}

/**
 * What the SDK needs of a supabase-js client, with SQL as PostgREST would send it in the place of HTTP: the local
 * stack's gateway takes some fifteen statements a request, and would be all that is measured.
 */
export function sqlClient(url: string, user: string, connections: number) {
  const claims = JSON.stringify({ role: 'authenticated', sub: user })
  const sessions = Array.from({ length: connections }, () => {
    const sql = postgres(url, { max: 1, fetch_types: false, onnotice: () => undefined, idle_timeout: 0 })
    const ready = sql`SELECT set_config('role', 'authenticated', false), set_config('statement_timeout', '8s', false),
      set_config('request.jwt.claims', ${claims}, false)`
    return { sql, ready, busy: Promise.resolve<unknown>(undefined) }
  })
  let next = 0
  const call = async (operation: string, parameters: Readonly<Record<string, unknown>>) => {
    const session = sessions[next++ % sessions.length]
    if (session === undefined) throw new Error('There is no session.')
    await session.ready
    const names = Object.keys(parameters)
    const values = names.map((name) => {
      const value = parameters[name]
      return name in json ? JSON.stringify(value) : value
    })
    const list = names.map(
      (name, index) => `${name} => $${index + 1}${name in json ? `::text::${json[name]}` : ''}`,
    )
    const [row] = await session.sql.unsafe<{ reply: string }[]>(
      `SELECT efir_budget.${operation}(${list.join(', ')})::text AS reply`,
      values as string[],
      { prepare: true },
    )
    return { data: JSON.parse(row?.reply ?? 'null') as unknown, error: null, status: 200 }
  }
  const client = {
    schema: () => ({
      rpc: (operation: string, parameters: Readonly<Record<string, unknown>>) => ({
        abortSignal: () => call(operation, parameters),
      }),
    }),
    auth: {},
  }
  return {
    client: client as unknown as AnySupabaseClient,
    close: async () => {
      await Promise.all(sessions.map(({ sql }) => sql.end({ timeout: 5 })))
    },
  }
}
