import type { Binding } from './join-request.ts'

// What a binding of postgres_changes asks for, in the real server's words where it is wrong. Pure: whether the table and
// columns exist, the database says.

/** The operators, each with what it is in SQL. */
const OPERATORS = { eq: '=', neq: '<>', lt: '<', lte: '<=', gt: '>', gte: '>=', in: '= ANY' } as const
export type Operator = keyof typeof OPERATORS

export interface Condition {
  readonly column: string
  readonly operator: Operator
  /** As Postgres reads a value of the column's type; with `in`, of an array of it. */
  readonly value: string
}

export interface ChangeFilter {
  readonly event: Binding['event']
  /** `*`: any. */
  readonly schema: string
  readonly table: string
  /** All of them hold. */
  readonly conditions: readonly Condition[]
  /** Besides the primary key; `undefined`: every column. */
  readonly columns: readonly string[] | undefined
}

/** A binding that can't be served. Trying again would not help. */
export class BindingError extends Error {
  override readonly name = 'BindingError'
}

export const sqlOf = (operator: Operator): string => OPERATORS[operator]
const isOperator = (name: string): name is Operator => Object.hasOwn(OPERATORS, name)

/** At commas that are neither in quotes nor in parentheses. */
function split(filter: string): string[] {
  const parts: string[] = []
  let part = ''
  let depth = 0
  let isQuoted = false
  for (let index = 0; index < filter.length; index++) {
    const character = filter.charAt(index)
    if (character === ',' && depth === 0 && !isQuoted) {
      parts.push(part)
      part = ''
      continue
    }
    if (isQuoted) {
      if (character === '"') isQuoted = false
      else if (character === '\\') part += filter.charAt(index++)
    } else if (character === '"') isQuoted = /[.(,]$/.test(part)
    else if (character === '(') depth++
    else if (character === ')') depth = Math.max(0, depth - 1)
    part += filter.charAt(index)
  }
  return [...parts, part]
}

function valueOf(operator: Operator, value: string): string {
  if (operator === 'in') {
    if (!/^\(.*\)$/s.test(value)) throw new BindingError('`in` filter value must be wrapped by parentheses')
    return `{${value.slice(1, -1)}}`
  }
  return /^".*"$/s.test(value) ? value.slice(1, -1).replace(/\\(.)/gs, '$1') : value
}

function conditionOf(part: string): Condition {
  const [, column, operator, value] = /^([^=]+)=([^.]+)\.(.*)$/s.exec(part.trim()) ?? []
  if (column === undefined || operator === undefined || value === undefined || !isOperator(operator)) {
    throw new BindingError(`Error parsing \`filter\` params: ${JSON.stringify([part.trim()])}`)
  }
  return { column, operator, value: valueOf(operator, value) }
}

/** @throws BindingError */
export function readChangeFilter({ event, schema, table, filter, select }: Binding): ChangeFilter {
  const wrong = (value: unknown): boolean => value !== undefined && typeof value !== 'string'
  if (
    (schema === undefined && table === undefined) ||
    [schema, table].some(wrong) ||
    wrong(filter ?? undefined)
  ) {
    throw new BindingError(
      'No subscription params provided. Please provide at least a `schema` or `table` to subscribe to',
    )
  }
  const columns = Array.isArray(select)
    ? select.filter((column): column is string => typeof column === 'string')
    : []
  const where = typeof filter === 'string' ? filter.trim() : ''
  const read = {
    event,
    schema: typeof schema === 'string' ? schema : 'public',
    table: typeof table === 'string' ? table : '*',
    conditions: where === '' ? [] : split(where).map(conditionOf),
    columns: columns.length === 0 ? undefined : columns,
  }
  if (read.columns !== undefined && (read.schema === '*' || read.table === '*')) {
    throw new BindingError(
      'Column selection is not supported for wildcard subscriptions. Provide an explicit schema and table name.',
    )
  }
  return read
}
