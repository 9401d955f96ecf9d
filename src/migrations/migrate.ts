import { inspectAdoption, adoptable, needsAdoption } from './adopt/adopt.ts'
import type { AdoptionReport, AdoptOptions } from './adopt/report.ts'
import { applyOne, statementLimit, tellPostgrest } from './apply.ts'
import { buildPendingIndexes } from './build-indexes.ts'
import { bundle as bundled, type Migration } from './bundle.ts'
import { readHistory } from './history.ts'
import { underLock, type LockOptions } from './lock.ts'
import { plan, type Planned } from './plan.ts'
import { checkHost } from './preconditions.ts'
import { rehearsal, type Query } from './query.ts'
import { checkedSchema } from './schema-name.ts'

/** Settings of {@link migrate}. */
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
  /**
   * For large tables in use: indexes on existing tables are built with CREATE INDEX CONCURRENTLY, so that nobody
   * waits for them. Each file is then a transaction of its own. Needs a session of the server's own (no pooler in
   * transaction mode) and no statement timeout. Default `false`: everything in one transaction.
   */
  concurrently?: boolean
  /**
   * Milliseconds that a statement waits for a table which others use, before the run gives way to those behind it
   * and begins again. Default 5,000; `tables_busy` is thrown after twelve times.
   */
  lockTimeout?: number
  /** What to do where the tables of migration 009 were made elsewhere. Default: refuse where rows are concerned. */
  adopt?: AdoptOptions
  /** Only says what would be done: `pending`, and `adoption` where the tables were made elsewhere. Default `false`. */
  dryRun?: boolean
}

/**
 * What `onProgress` is told. `waiting`: another process migrates this schema just now. `retrying`: a table was in use
 * for longer than `lockTimeout`. `warning`: something that may end the run early, in words.
 */
export type MigrateProgress =
  | { readonly type: 'waiting' }
  | { readonly type: 'retrying'; readonly reason: string }
  | { readonly type: 'warning'; readonly message: string }
  | { readonly type: 'applying'; readonly name: string; readonly number: number; readonly of: number }
  | { readonly type: 'adopted'; readonly name: string; readonly report: AdoptionReport }
  | { readonly type: 'applied'; readonly name: string; readonly milliseconds: number }
  | { readonly type: 'indexing'; readonly index: string }
  | { readonly type: 'indexed'; readonly index: string; readonly milliseconds: number }

/** What {@link migrate} did, and what the database has now. */
export type MigrateResult = {
  readonly schema: string
  /** What this run applied, in order; empty where the database was up to date. */
  readonly applied: readonly string[]
  /** What is not applied: nothing, except after a dry run. */
  readonly pending: readonly string[]
  /** Everything that the database has now, in order. */
  readonly current: readonly string[]
  /** Where the tables of migration 009 were made elsewhere: what was found, and done. */
  readonly adoption: AdoptionReport | undefined
}

/**
 * Brings the database's schema up to this version of the package. Safe to run at every start of every process: one
 * of them migrates, the others wait and find nothing to do. All pending files are applied in one transaction, so a
 * failure leaves the database as it was.
 *
 * Where the three tables of migration 009 are there already, made by something else, they are adopted: brought to
 * the form of 009 with every row they have. What is not for a library to decide (cells that share a key, triggers of
 * the application) is refused with a list.
 *
 * The role needs the right to create in the schema (or to create it), to reference `auth.users`, and to own the
 * publication `supabase_realtime`; `postgres` of a hosted project has them, and need not be a superuser.
 *
 * @throws {MigrationError} `failed` with the file and the driver's error as `cause`; `checksum_mismatch`,
 *   `database_newer` or `out_of_order` where record and package contradict each other; `adoption_refused` with the
 *   report; and see {@link MigrationErrorCode} for the rest. An aborted run throws the signal's reason.
 * @example
 * ```ts
 * import postgres from 'postgres'
 * import { migrate } from '@efir/cells/migrations'
 *
 * const sql = postgres(process.env.DATABASE_URL!, { max: 1, prepare: false, onnotice() {} })
 * const { applied } = await migrate((text, parameters) => sql.unsafe(text, parameters as never[]))
 * ```
 */
export async function migrate(query: Query, options: MigrateOptions = {}): Promise<MigrateResult> {
  return await migrateWith(bundled, query, options)
}

/** `migrate` with another list of migrations: for tests of what the real ones cannot show. */
export async function migrateWith(
  bundle: readonly Migration[],
  query: Query,
  options: MigrateOptions = {},
): Promise<MigrateResult> {
  const schema = checkedSchema(options.schema)
  const host = options.host ?? false
  const tell = (event: MigrateProgress) => options.onProgress?.(event)
  const lockOptions: LockOptions = {
    signal: options.signal,
    lockTimeout: options.lockTimeout ?? 5_000,
    onWaiting: () => tell({ type: 'waiting' }),
    onRetry: (reason) => tell({ type: 'retrying', reason }),
  }
  const read = async () => await plan(bundle, (await readHistory(query, schema)) ?? [], { host })
  options.signal?.throwIfAborted()
  if (options.dryRun === true) return await look(query, schema, await read(), options)

  const applied: string[] = []
  let adoption: AdoptionReport | undefined

  /** Applies the next pending migrations, `most` at most, in a transaction; says whether there were any. */
  const applyNext = async (most: number): Promise<boolean> => {
    const done: string[] = []
    const report = await underLock(query, schema, lockOptions, async (session) => {
      done.length = 0
      const pending = pendingOf(await read())
      let found: AdoptionReport | undefined
      for (const [index, migration] of pending.slice(0, most).entries()) {
        options.signal?.throwIfAborted()
        await session.check()
        const { name } = migration
        tell({
          type: 'applying',
          name,
          number: applied.length + index + 1,
          of: applied.length + pending.length,
        })
        const started = performance.now()
        const adopted = await applyOne(query, schema, migration, {
          adopt: options.adopt ?? {},
          concurrently: options.concurrently ?? false,
        })
        if (adopted !== undefined) tell({ type: 'adopted', name, report: adopted })
        found ??= adopted
        done.push(name)
        tell({ type: 'applied', name, milliseconds: performance.now() - started })
      }
      if (done.length > 0) await tellPostgrest(query)
      return found
    })
    applied.push(...done)
    adoption ??= report
    return done.length > 0
  }
  /** Also what a run that was cut short left to build. */
  const finishIndexes = async (): Promise<void> => {
    if ((await read()).every((migration) => (migration.recorded?.pendingIndexes.length ?? 0) === 0)) return
    const limit = await statementLimit(query)
    if (limit !== undefined) {
      const message = `This session's statement_timeout is ${limit}: a longer index build will be cut off.`
      tell({ type: 'warning', message })
    }
    await buildPendingIndexes(query, schema, {
      ...lockOptions,
      onBuilding: (index) => tell({ type: 'indexing', index }),
      onBuilt: (index, milliseconds) => tell({ type: 'indexed', index, milliseconds }),
    })
  }

  await finishIndexes()
  // Up to date is the usual case, and needs no lock.
  while (pendingOf(await read()).length > 0) {
    const most = options.concurrently === true ? 1 : Infinity
    if (!(await applyNext(most))) break
    await finishIndexes()
  }
  return { schema, applied, pending: [], current: names(await read()), adoption }
}

async function look(
  query: Query,
  schema: string,
  planned: readonly Planned[],
  options: MigrateOptions,
): Promise<MigrateResult> {
  const pending = pendingOf(planned)
  const adoption = await rehearsal(query, async () => {
    if (!pending.some(({ name }) => name === adoptable) || !(await needsAdoption(query, schema)))
      return undefined
    await query("SET LOCAL statement_timeout = 0; SET LOCAL search_path = ''")
    await checkHost(query, schema)
    return await inspectAdoption(query, schema, options.adopt ?? {})
  })
  const current = planned.filter((migration) => migration.recorded !== undefined)
  return { schema, applied: [], pending: names(pending), current: names(current), adoption }
}

const pendingOf = (planned: readonly Planned[]) =>
  planned.filter((migration) => migration.recorded === undefined)
const names = (planned: readonly Planned[]) => planned.map((migration) => migration.name)
