import { bundle } from './bundle.ts'
import { MigrationError } from './errors.ts'
import { createHistory, readHistory, recordApplied } from './history.ts'
import { underLock } from './lock.ts'
import { plan, type Planned } from './plan.ts'
import { checkHost, checkNoHost, checkServer, checkUnclaimed } from './preconditions.ts'
import type { Query } from './query.ts'
import { checkedSchema, forSchema } from './schema-name.ts'

export type MigrateOptions = {
  /** The schema to migrate. Default `efir_budget`; another name renders the files for it. */
  schema?: string
  /**
   * Also makes `organizations`, `budget_versions` and `user_profiles` (`000_host`), for an application that has no
   * such tables. Default `false`.
   */
  host?: boolean
  /** Stops between two statements, or while waiting for another process; the run is then rolled back. */
  signal?: AbortSignal
  /** Told as the run goes on. An exception of it ends the run. */
  onProgress?: (event: MigrateProgress) => void
}

/** What `onProgress` is told. `waiting`: another process migrates this schema just now. */
export type MigrateProgress =
  | { readonly type: 'waiting' }
  | { readonly type: 'applying'; readonly name: string; readonly number: number; readonly of: number }
  | { readonly type: 'applied'; readonly name: string; readonly milliseconds: number }

export type MigrateResult = {
  readonly schema: string
  /** What this run applied, in order; empty where the database was up to date. */
  readonly applied: readonly string[]
  /** Everything that the database has now, in order. */
  readonly current: readonly string[]
}

/**
 * Brings the database's schema up to this version of the package. Safe to run at every start of every process: one
 * of them migrates, the others wait and find nothing to do. All pending files are applied in one transaction, so a
 * failure leaves the database as it was.
 *
 * The role needs the right to create in the schema (or to create it), to reference `auth.users`, and to own the
 * publication `supabase_realtime`; `postgres` of a hosted project has them, and need not be a superuser.
 *
 * @throws {MigrationError} `failed` with the file and the driver's error as `cause`; `checksum_mismatch`,
 *   `database_newer` or `out_of_order` where record and package contradict each other; and see
 *   {@link MigrationErrorCode} for the rest. An aborted run throws the signal's reason.
 * @example
 * ```ts
 * const sql = postgres(process.env.DATABASE_URL, { max: 1, prepare: false, onnotice() {} })
 * const { applied } = await migrate((text, parameters) => sql.unsafe(text, parameters as never[]))
 * ```
 */
export async function migrate(query: Query, options: MigrateOptions = {}): Promise<MigrateResult> {
  const schema = checkedSchema(options.schema)
  const host = options.host ?? false
  options.signal?.throwIfAborted()

  // Up to date is the usual case, and needs no lock.
  const before = await readHistory(query, schema)
  if (before !== undefined) {
    const planned = await plan(bundle, before, { host })
    if (pendingOf(planned).length === 0) return { schema, applied: [], current: names(planned) }
  }

  return await underLock(
    query,
    schema,
    { signal: options.signal, onWaiting: () => options.onProgress?.({ type: 'waiting' }) },
    async () => {
      const planned = await plan(bundle, (await readHistory(query, schema)) ?? [], { host })
      const pending = pendingOf(planned)
      if (pending.length > 0) await applyAll(query, schema, planned, options)
      return { schema, applied: names(pending), current: names(planned) }
    },
  )
}

async function applyAll(
  query: Query,
  schema: string,
  planned: readonly Planned[],
  options: MigrateOptions,
): Promise<void> {
  const pending = pendingOf(planned)
  await checkServer(query)
  if (pending.length === planned.length) await checkUnclaimed(query, schema)
  // The server's limit for one API request is no measure for a migration. An unqualified name must fail here, not in
  // the first database whose search_path differs.
  await query("SET LOCAL statement_timeout = 0; SET LOCAL search_path = ''")
  await createHistory(query, schema)
  for (const [index, migration] of pending.entries()) {
    options.signal?.throwIfAborted()
    const file = `${migration.name}.up.sql`
    if (migration.optional === 'host') await checkNoHost(query, schema, file)
    else if (index === 0 || pending[index - 1]?.optional === 'host') await checkHost(query, schema)
    options.onProgress?.({ type: 'applying', name: migration.name, number: index + 1, of: pending.length })
    const started = performance.now()
    await runFile(query, file, forSchema(migration.up, schema))
    await recordApplied(query, schema, migration)
    options.onProgress?.({
      type: 'applied',
      name: migration.name,
      milliseconds: performance.now() - started,
    })
  }
  // PostgREST keeps a copy of the schema; it hears this when the transaction commits.
  await query("NOTIFY pgrst, 'reload schema'")
}

async function runFile(query: Query, file: string, text: string): Promise<void> {
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

const pendingOf = (planned: readonly Planned[]) =>
  planned.filter((migration) => migration.recorded === undefined)
const names = (planned: readonly Planned[]) => planned.map((migration) => migration.name)
