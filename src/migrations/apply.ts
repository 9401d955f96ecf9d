import { adopt, adoptable, needsAdoption } from './adopt/adopt.ts'
import type { AdoptionReport, AdoptOptions } from './adopt/report.ts'
import { MigrationError } from './errors.ts'
import { createHistory, recordApplied } from './history.ts'
import { separateIndexes } from './indexes.ts'
import type { Planned } from './plan.ts'
import { checkHost, checkNoHost, checkServer } from './preconditions.ts'
import { queryText, type Query } from './query.ts'
import { forSchema } from './schema-name.ts'

export type ApplyOptions = {
  readonly adopt: AdoptOptions
  /** Puts index builds on tables that exist off until after the transaction. */
  readonly concurrently: boolean
}

/**
 * Applies one migration and records it, in the transaction that is open. Where the tables of migration 009 are there
 * already, they are adopted instead, and the report of that is given back.
 */
export async function applyOne(
  query: Query,
  schema: string,
  migration: Planned,
  options: ApplyOptions,
): Promise<AdoptionReport | undefined> {
  const file = `${migration.name}.up.sql`
  await prepare(query, schema)
  if (migration.optional === 'host') await checkNoHost(query, schema, file)
  else await checkHost(query, schema)

  if (migration.name === adoptable && (await needsAdoption(query, schema))) {
    return await adopt(query, schema, { ...options.adopt, concurrently: options.concurrently })
  }

  const text = forSchema(migration.up, schema)
  const existing = options.concurrently ? await tablesOf(query, schema) : new Set<string>()
  // A file from which nothing is to be taken out is run as it is written, so that line numbers in errors are right.
  const { rest, indexes } = separateIndexes(text, (table) => existing.has(table))
  await runFile(query, file, indexes.length === 0 ? text : rest)
  await recordApplied(query, schema, { ...migration, pendingIndexes: indexes })
  return undefined
}

async function prepare(query: Query, schema: string): Promise<void> {
  await checkServer(query)
  // The server's limit for one API request is no measure for a migration. An unqualified name must fail here, not in
  // the first database whose search_path differs.
  await query("SET LOCAL statement_timeout = 0; SET LOCAL search_path = ''")
  await createHistory(query, schema)
}

async function tablesOf(query: Query, schema: string): Promise<ReadonlySet<string>> {
  const rows = await query(
    `SELECT class.relname::text AS name FROM pg_catalog.pg_class AS class
     INNER JOIN pg_catalog.pg_namespace AS namespace ON namespace.oid = class.relnamespace
     WHERE namespace.nspname = $1::text AND class.relkind IN ('r', 'p')`,
    [schema],
  )
  return new Set(rows.map((row) => String(row.name)))
}

/** Runs one file of the bundle. */
export async function runFile(query: Query, file: string, text: string): Promise<void> {
  try {
    await query(text)
  } catch (cause) {
    const where = lineOf(text, cause)
    const message = cause instanceof Error ? cause.message : String(cause)
    throw new MigrationError('failed', `${file}${where} failed: ${message}`, { file, cause })
  }
}

/** Drivers hand on the server's position of the fault as characters from the start of the text. */
function lineOf(text: string, cause: unknown): string {
  const position = cause instanceof Error && 'position' in cause ? Number(cause.position) : NaN
  return Number.isInteger(position) ? ` line ${text.slice(0, position).split('\n').length}` : ''
}

/** PostgREST keeps a copy of the schema; it hears this when the transaction commits. */
export async function tellPostgrest(query: Query): Promise<void> {
  await query("NOTIFY pgrst, 'reload schema'")
}

/** A limit on statements that would cut a long index build short, in words; undefined where there is none. */
export async function statementLimit(query: Query): Promise<string | undefined> {
  const limit = await queryText(query, "SELECT pg_catalog.current_setting('statement_timeout')")
  return limit === '0' ? undefined : limit
}
