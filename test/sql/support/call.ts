import type postgres from 'postgres'

const TYPES: Readonly<Record<string, string>> = {
  references: 'jsonb',
  reference: 'jsonb',
  filter: 'jsonb',
  tokens: 'jsonb',
  mentions: 'jsonb',
  comment_ids: 'jsonb',
  ttl_ms: 'integer',
  limit: 'integer',
  steal: 'boolean',
  unread: 'boolean',
  resolved: 'boolean',
  text: 'text',
  reason: 'text',
}

/** Calls a function by the names of its arguments, as PostgREST does; `p_` is added to each. */
export async function call<T>(
  sql: postgres.TransactionSql | postgres.Sql,
  name: string,
  parameters: Readonly<Record<string, unknown>>,
): Promise<T> {
  const given = Object.entries(parameters).filter(([, value]) => value !== undefined)
  const list = given.map(([parameter, value], index) => {
    const type = parameter === 'after' && Array.isArray(value) ? 'jsonb' : (TYPES[parameter] ?? 'uuid')
    return { text: `p_${parameter} => $${index + 1}::text::${type}`, value: encoded(value, type) }
  })
  const [row] = await sql.unsafe<{ reply: T }[]>(
    `SELECT efir_budget.${name}(${list.map(({ text }) => text).join(', ')}) AS reply`,
    list.map(({ value }) => value),
  )
  return row!.reply
}

function encoded(value: unknown, type: string): string | null {
  if (value === null) return null
  return typeof value === 'string' && type !== 'jsonb' ? value : JSON.stringify(value)
}
