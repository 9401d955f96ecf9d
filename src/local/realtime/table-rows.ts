import type { Pool } from 'pg'
import { sqlOf, type Condition } from './change-filter.ts'
import { asCaller } from './authorization.ts'
import type { Caller } from './token.ts'

/** Values as the text that Postgres sends, by column. A column that is absent was not sent. */
export type TextRow = Readonly<Record<string, string | null>>

interface Column {
  readonly name: string
  readonly type: string
  /** Quoted by the server: these two may stand in SQL. */
  readonly identifier: string
  readonly cast: string
  readonly literal: string
  readonly isKey: boolean
  /** Of the roles asked about, those that may select it. */
  readonly readers: readonly string[]
}

/** A table as the catalogue has it now. */
export interface Table {
  readonly schema: string
  readonly name: string
  /** Quoted by the server. */
  readonly identifier: string
  readonly hasRowSecurity: boolean
  readonly columns: readonly Column[]
}

const DESCRIBE = `
  SELECT namespace.nspname AS schema, relation.relname AS name,
    format('%I.%I', namespace.nspname, relation.relname) AS identifier,
    relation.relrowsecurity AS "hasRowSecurity",
    (
      SELECT json_agg(json_build_object(
        'name', attribute.attname,
        'type', type.typname,
        'identifier', quote_ident(attribute.attname),
        'literal', quote_literal(attribute.attname),
        'cast', format_type(attribute.atttypid, attribute.atttypmod),
        'isKey', attribute.attnum = ANY (coalesce(key.conkey, '{}')),
        'readers', ARRAY(
          SELECT role.rolname::text FROM pg_roles AS role
          WHERE role.rolname = ANY ($3)
            AND has_column_privilege(role.rolname, relation.oid, attribute.attnum, 'SELECT')
        )
      ) ORDER BY attribute.attnum)
      FROM pg_attribute AS attribute
      INNER JOIN pg_type AS type ON type.oid = attribute.atttypid
      WHERE attribute.attrelid = relation.oid AND attribute.attnum > 0 AND NOT attribute.attisdropped
    ) AS columns
  FROM pg_publication_tables AS published
  INNER JOIN pg_namespace AS namespace ON namespace.nspname = published.schemaname
  INNER JOIN pg_class AS relation
    ON relation.relnamespace = namespace.oid AND relation.relname = published.tablename
  LEFT JOIN pg_constraint AS key ON key.conrelid = relation.oid AND key.contype = 'p'
  WHERE published.pubname = 'supabase_realtime'
    AND ($1 = '*' OR published.schemaname = $1) AND ($2 = '*' OR published.tablename = $2)`

/** The tables of the publication that a name, or `*`, stands for. */
export async function describeTables(
  pool: Pool,
  schema: string,
  name: string,
  roles: readonly string[],
): Promise<readonly Table[]> {
  const { rows } = await pool.query<Table>(DESCRIBE, [schema, name, roles])
  return rows
}

/** Roles that Realtime takes on: those of the API. */
export async function isApiRole(pool: Pool, role: string): Promise<boolean> {
  const { rowCount } = await pool.query(
    `SELECT FROM pg_roles
    WHERE rolname = $1 AND rolname <> 'authenticator' AND pg_has_role('authenticator', oid, 'MEMBER')`,
    [role],
  )
  return rowCount === 1
}

/**
 * Whether a value can be compared with the column at all.
 *
 * @throws What Postgres says.
 */
export async function tryCondition(
  pool: Pool,
  column: Column,
  { operator, value }: Condition,
): Promise<void> {
  const array = operator === 'in' ? '[]' : ''
  const { rows } = await pool.query<{ size: number | null }>(
    `SELECT ${operator === 'in' ? 'cardinality' : 'length'}(
      (CAST(CAST($1 AS text) AS ${column.cast}${array}))${operator === 'in' ? '' : '::text'}) AS size,
      CAST(NULL AS ${column.cast}) ${sqlOf(operator)} (CAST(CAST($1 AS text) AS ${column.cast}${array})) AS compared`,
    [value],
  )
  if (operator === 'in' && (rows[0]?.size ?? 0) > 100) {
    throw new Error('too many values for `in` filter. Maximum 100')
  }
}

/** A row as JSON has it, and which of the conditions it meets. */
export interface ReadRow {
  readonly record: Readonly<Record<string, unknown>>
  readonly meets: readonly boolean[]
}

/** Has the database read text rows: what a value is in JSON, and what a condition means, is its to say. */
export async function readRows(
  pool: Pool,
  table: Table,
  rows: readonly TextRow[],
  conditions: readonly Condition[],
): Promise<readonly ReadRow[]> {
  if (rows.length === 0) return []
  const columns = new Map(table.columns.map((column) => [column.name, column]))
  const values = conditions.map(({ value }) => value)
  const tests = conditions.map(({ column, operator }, index) => {
    const known = columns.get(column)
    if (known === undefined) return 'false'
    const array = operator === 'in' ? '[]' : ''
    const value = `CAST(CAST($${index + 2} AS text) AS ${known.cast}${array})`
    return `coalesce(typed.${known.identifier} ${sqlOf(operator)} (${value}), false)`
  })
  const typed = table.columns.map(
    ({ literal, cast, identifier }) => `CAST(given.value ->> ${literal} AS ${cast}) AS ${identifier}`,
  )
  const { rows: read } = await pool.query<{ record: Record<string, unknown>; meets: boolean[] }>(
    `SELECT to_jsonb(typed) AS record, ARRAY[${tests.join(', ')}]::boolean[] AS meets
    FROM jsonb_array_elements($1::jsonb) WITH ORDINALITY AS given (value, place)
    CROSS JOIN LATERAL (SELECT ${typed.join(', ')}) AS typed
    ORDER BY given.place`,
    [JSON.stringify(rows), ...values],
  )
  return read.map(({ record, meets }, index) => ({
    record: Object.fromEntries(
      Object.entries(record).filter(([name]) => Object.hasOwn(rows[index] ?? {}, name)),
    ),
    meets,
  }))
}

/** Which of the rows the caller sees in the table as it is now: a row that has gone again is none of them. */
export async function visibleRows(
  pool: Pool,
  table: Table,
  rows: readonly TextRow[],
  caller: Caller,
): Promise<ReadonlySet<number>> {
  const keys = table.columns.filter(({ isKey }) => isKey)
  const same = keys.map(
    ({ identifier, literal, cast }) => `present.${identifier} = CAST(given.value ->> ${literal} AS ${cast})`,
  )
  const given = rows.map((row) => Object.fromEntries(keys.map(({ name }) => [name, row[name] ?? null])))
  const places = await asCaller(pool, caller, '', async (client) => {
    const { rows: seen } = await client.query<{ place: string }>(
      `SELECT given.place FROM jsonb_array_elements($1::jsonb) WITH ORDINALITY AS given (value, place)
      WHERE EXISTS (SELECT FROM ${table.identifier} AS present WHERE ${same.join(' AND ')})`,
      [JSON.stringify(given)],
    )
    return seen.map(({ place }) => Number(place) - 1)
  })
  return new Set(places)
}
