import { runFile, tellPostgrest } from './apply.ts'
import { bundle } from './bundle.ts'
import { MigrationError } from './errors.ts'
import { readHistory, recordReverted, tableExists } from './history.ts'
import { underLock } from './lock.ts'
import { plan, type Planned } from './plan.ts'
import { queryText, type Query } from './query.ts'
import { checkedSchema, forSchema } from './schema-name.ts'

/** Settings of {@link migrateDown}. */
export type MigrateDownOptions = {
  /** The migration that shall be the last one left: its name or number (`009`). `null` takes everything away. */
  to: string | null
  /** The schema. Default `efir_budget`. */
  schema?: string | undefined
  /** `refuse` (default) throws `would_lose_data` where rows or values would go; `accept` lets them go. */
  dataLoss?: 'refuse' | 'accept' | undefined
  signal?: AbortSignal | undefined
  /** As in `migrate`. Default 5,000 ms. */
  lockTimeout?: number | undefined
}

/** What {@link migrateDown} took back, and what is left. */
export type MigrateDownResult = {
  readonly schema: string
  /** What was taken back, newest first. */
  readonly reverted: readonly string[]
  /** Tables with rows, and columns with values, that are gone. */
  readonly lost: readonly string[]
  /** What is left, in order. */
  readonly current: readonly string[]
}

/**
 * Takes migrations back, newest first, in one transaction. The empty schema itself stays: PostgREST fails as a whole
 * when a schema that it exposes is gone.
 *
 * @throws {MigrationError} `would_lose_data`, listing what; `unknown_target`; `database_newer`, `checksum_mismatch`
 *   as in `migrate`, because the way back of another form is not known.
 * @example
 * ```ts
 * import { migrateDown, type Query } from '@efir/cells/migrations'
 *
 * declare const query: Query
 * await migrateDown(query, { to: '009' })
 * await migrateDown(query, { to: null, dataLoss: 'accept' }) // as if it had never been there
 * ```
 */
export async function migrateDown(query: Query, options: MigrateDownOptions): Promise<MigrateDownResult> {
  const schema = checkedSchema(options.schema)
  const lockOptions = { signal: options.signal, lockTimeout: options.lockTimeout ?? 5_000 }
  return await underLock(query, schema, lockOptions, async (session) => {
    const planned = await plan(bundle, (await readHistory(query, schema)) ?? [], { host: false })
    const applied = planned.filter(({ recorded }) => recorded !== undefined)
    const kept = applied.slice(0, keptCount(applied, options.to))
    const reverted = applied.slice(kept.length).reverse()
    if (reverted.length === 0) {
      return { schema, reverted: [], lost: [], current: kept.map(({ name }) => name) }
    }
    await query("SET LOCAL statement_timeout = 0; SET LOCAL search_path = ''")

    const run = async () => {
      for (const migration of reverted) {
        options.signal?.throwIfAborted()
        await session.check()
        await runFile(query, `${migration.name}.down.sql`, forSchema(migration.down, schema))
        await recordReverted(query, schema, migration.name)
      }
      if (kept.length > 0) return
      await query(
        `DROP TABLE ${schema}.cells_migrations; DROP TABLE IF EXISTS ${schema}.cells_adoption_duplicates`,
      )
    }
    const lost = await wouldLose(query, schema, run)
    if (lost.length > 0 && options.dataLoss !== 'accept') {
      throw new MigrationError(
        'would_lose_data',
        `Going down would drop ${lost.join(', ')}. Nothing was changed; accept the loss with dataLoss: 'accept'.`,
      )
    }
    await run()
    await tellPostgrest(query)
    return {
      schema,
      reverted: reverted.map(({ name }) => name),
      lost,
      current: kept.map(({ name }) => name),
    }
  })
}

function keptCount(applied: readonly Planned[], to: string | null): number {
  if (to === null) return 0
  const position = applied.findIndex(({ name }) => name === to || name.startsWith(`${to}_`))
  if (position >= 0) return position + 1
  throw new MigrationError(
    'unknown_target',
    `${JSON.stringify(to)} is no applied migration; there are ${applied.map(({ name }) => name).join(', ') || 'none'}.`,
  )
}

/** Goes down, looks at what is gone, comes back, and says which of it holds anything. */
async function wouldLose(query: Query, schema: string, run: () => Promise<void>): Promise<string[]> {
  const before = await columnsOf(query, schema)
  await query('SAVEPOINT going_down')
  await run()
  const after = await columnsOf(query, schema)
  await query('ROLLBACK TO SAVEPOINT going_down')

  const lost: string[] = []
  for (const [table, columns] of before) {
    if (table === 'cells_migrations' || !(await tableExists(query, schema, table))) continue
    const left = after.get(table)
    if (left === undefined) {
      if (await exists(query, `SELECT FROM ${schema}.${table}`)) lost.push(`table ${table}`)
      continue
    }
    for (const column of columns.filter((name) => !left.includes(name))) {
      const held = await exists(query, `SELECT FROM ${schema}.${table} WHERE ${column} IS NOT NULL`)
      if (held) lost.push(`column ${table}.${column}`)
    }
  }
  return lost
}

async function exists(query: Query, select: string): Promise<boolean> {
  return (await queryText(query, `SELECT EXISTS (${select})::text`)) === 'true'
}

async function columnsOf(query: Query, schema: string): Promise<ReadonlyMap<string, string[]>> {
  const rows = await query(
    `SELECT pg_catalog.quote_ident(class.relname) AS "table", pg_catalog.quote_ident(attribute.attname) AS "column"
     FROM pg_catalog.pg_class AS class
     INNER JOIN pg_catalog.pg_attribute AS attribute ON attribute.attrelid = class.oid
     WHERE class.relnamespace = pg_catalog.to_regnamespace($1::text) AND class.relkind IN ('r', 'p')
       AND attribute.attnum > 0 AND NOT attribute.attisdropped
     ORDER BY class.relname, attribute.attnum`,
    [schema],
  )
  const tables = new Map<string, string[]>()
  for (const row of rows) {
    const columns = tables.get(String(row.table)) ?? []
    columns.push(String(row.column))
    tables.set(String(row.table), columns)
  }
  return tables
}
