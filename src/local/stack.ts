import { mkdirSync, realpathSync, rmSync } from 'node:fs'
import type { Server } from 'node:http'
import { resolve } from 'node:path'
import postgres from 'postgres'
import { runCanary } from './canary.ts'
import { prepareCluster, prepareDatabase } from './cluster.ts'
import { databaseMaker, type DatabaseMaker } from './databases.ts'
import { lockDirectory } from './directory-lock.ts'
import { LocalStackError } from './errors.ts'
import { openGateway, provideAuth } from './gateway.ts'
import { listen } from './http-server.ts'
import { patiently } from './lost-connections.ts'
import { applyMigrations } from './migrations.ts'
import { startPostgres, SUPERUSER } from './postgres.ts'
import { openRelay, type LocalRealtime } from './realtime/relay.ts'
import { readSettings } from './settings.ts'
import { connectTenants, type SupabaseCoordinates, type Tenants } from './tenants.ts'
import { makeThrowAway, sweepThrowAways } from './throw-away.ts'

/** How `startLocalStack` should go about it. */
export interface LocalStackOptions {
  /**
   * Where the data stays from one start to the next; made when missing. Without it the stack keeps nothing: its
   * directory lies in the system's temp folder and goes when the stack, or this process, does.
   */
  readonly directory?: string
  /** By number, where something outside counts on them. Default: any free ones of 127.0.0.1. */
  readonly ports?: { readonly api?: number; readonly database?: number }
  /** `all` applies `000_host` and every migration of this package, `none` leaves the database to the caller. */
  readonly migrations?: 'all' | 'none'
  /** Served over REST; the first is the default. */
  readonly schemas?: readonly string[]
  /** Stops a start that takes too long; nothing of it stays behind. */
  readonly signal?: AbortSignal
  /** What the stack is doing, for a progress bar or a log. */
  readonly onProgress?: (event: LocalStackProgress) => void
}

/** `log` carries a line of Postgres's own. */
export type LocalStackProgress =
  | { readonly step: 'database' | 'roles' | 'gateway' | 'migrations' | 'canary' | 'ready' }
  | { readonly step: 'log'; readonly line: string }

/** A running stack: where it is, what opens it, and what makes tenants in it. */
export interface LocalStack extends SupabaseCoordinates, Tenants, AsyncDisposable {
  /** Where its data is. */
  readonly directory: string
  /** Of REST, Auth and Realtime; a WebSocket endpoint of one's own attaches to its `upgrade` event. */
  readonly server: Server
  /** Has Realtime misbehave, as the real one does on a bad day. */
  readonly realtime: LocalRealtime
  /** Has REST look at the tables and functions again, at once. Changes of them are noticed by themselves too, a few milliseconds later. */
  reloadSchema(): Promise<void>
  /** Makes a database of one's own on the same cluster, with the same roles, `auth` and migrations, for SQL alone. */
  readonly createDatabase: DatabaseMaker['create']
  /** Ends REST, Auth, Realtime and Postgres, and removes the directory if it was a throw-away. Again is no harm. */
  stop(): Promise<void>
}

/** Undoes in reverse order what a start has done so far. */
class Undo {
  readonly #steps: (() => unknown)[] = []

  add(step: () => unknown): void {
    this.#steps.push(step)
  }

  /** Every step is tried; the first failure is told. */
  async run(): Promise<void> {
    const failures: unknown[] = []
    for (let step = this.#steps.pop(); step !== undefined; step = this.#steps.pop()) {
      try {
        await step()
      } catch (error) {
        failures.push(error)
      }
    }
    if (failures.length > 0) throw failures[0]
  }
}

function openDirectory(requested: string | undefined): string {
  if (requested === undefined) return makeThrowAway()
  try {
    const directory = resolve(requested)
    mkdirSync(directory, { recursive: true })
    return realpathSync(directory)
  } catch (cause) {
    throw new LocalStackError('directory_unusable', `The directory ${requested} can't be made or entered.`, {
      cause,
    })
  }
}

/**
 * Starts a Supabase of one's own: Postgres 17, REST and Auth on 127.0.0.1, with Supabase's roles, the schema of
 * `@efir/cells` and helpers that make tenants in it. For tests, demos and development; never for production.
 *
 * @throws {LocalStackError}
 * @example
 * ```ts
 * import { createCells } from '@efir/cells'
 * import { startLocalStack } from '@efir/cells/local'
 *
 * await using stack = await startLocalStack()
 * const organization = await stack.createOrganization()
 * const alice = await stack.createUser({ organization })
 * const budget = await stack.createBudget({ organization, name: 'Budget 2026' })
 * const cells = createCells(stack.signIn(alice)).budget(budget.id)
 * void cells
 * ```
 */
export async function startLocalStack(options: LocalStackOptions = {}): Promise<LocalStack> {
  const undo = new Undo()
  try {
    options.signal?.throwIfAborted()
    return await start(options, undo)
  } catch (error) {
    await undo.run().catch(() => undefined)
    if (options.signal?.aborted === true) {
      throw new LocalStackError('aborted', 'The start of the local stack was aborted.', { cause: error })
    }
    throw error
  }
}

async function start(options: LocalStackOptions, undo: Undo): Promise<LocalStack> {
  const { signal, migrations = 'all', schemas = ['public', 'efir_budget'] } = options
  const progress = options.onProgress ?? (() => undefined)

  progress({ step: 'database' })
  const throwAway = options.directory === undefined
  if (throwAway) await sweepThrowAways()
  const directory = openDirectory(options.directory)
  if (throwAway) undo.add(() => rmSync(directory, { recursive: true, force: true }))
  const lock = lockDirectory(directory)
  undo.add(() => lock.release())
  const settings = readSettings(directory)
  const database = await startPostgres({
    directory,
    throwAway,
    port: options.ports?.database,
    password: settings.superuserPassword,
    signal,
    onLog: (line) => progress({ step: 'log', line }),
  })
  undo.add(() => database.stop())
  const urlOf = (user: string, password: string) => (name: string) =>
    `postgres://${user}:${password}@127.0.0.1:${database.port}/${name}`
  const urls = {
    superuser: urlOf(SUPERUSER, settings.superuserPassword),
    owner: urlOf('postgres', settings.ownerPassword),
  }
  const superuserUrl = urls.superuser('postgres')

  progress({ step: 'roles' })
  const superuser = postgres(superuserUrl, { max: 2, onnotice: () => undefined, ...patiently(superuserUrl) })
  undo.add(() => superuser.end({ timeout: 1 }))
  await provideAuth(superuserUrl)
  await prepareCluster(superuser, settings.ownerPassword)
  await prepareDatabase(superuser)
  signal?.throwIfAborted()

  progress({ step: 'gateway' })
  const gateway = await openGateway({ ...settings, databaseUrl: superuserUrl, schemas })
  undo.add(() => gateway.close())
  const relay = await openRelay({ ...settings, databaseUrl: superuserUrl })
  undo.add(() => relay.close())
  const http = await listen((request) => relay.fetch(request) ?? gateway.fetch(request), options.ports?.api)
  undo.add(() => http.close())
  relay.attach(http.server)
  const coordinates: SupabaseCoordinates = {
    url: `http://127.0.0.1:${http.port}`,
    anonKey: settings.anonKey,
    serviceKey: settings.serviceKey,
    jwtSecret: settings.jwtSecret,
    databaseUrl: urls.owner('postgres'),
  }
  const { tenants, close } = connectTenants(coordinates, { connection: patiently(coordinates.databaseUrl) })
  undo.add(close)

  progress({ step: 'canary' })
  await runCanary({ ...coordinates, superuser, gateway })
  signal?.throwIfAborted()

  if (migrations === 'all') {
    progress({ step: 'migrations' })
    await applyMigrations(tenants.sql, signal)
  }
  // PostgREST listens here too: migrations, and Supabase's own event triggers on DDL, tell it to look again.
  await superuser.listen('pgrst', () => void gateway.reloadSchema())
  await gateway.reloadSchema()
  progress({ step: 'ready' })

  let stopping: Promise<void> | undefined
  const stop = (): Promise<void> => (stopping ??= undo.run())
  return {
    ...coordinates,
    ...tenants,
    directory,
    server: http.server,
    realtime: relay.control,
    createDatabase: databaseMaker(superuser, urls).create,
    reloadSchema: () => gateway.reloadSchema(),
    stop,
    [Symbol.asyncDispose]: stop,
  }
}
