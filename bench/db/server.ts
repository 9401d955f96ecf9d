import { rmSync } from 'node:fs'
import postgres from 'postgres'
import { prepareCluster, prepareDatabase } from '../../src/local/cluster.ts'
import { lockDirectory } from '../../src/local/directory-lock.ts'
import { startPostgres } from '../../src/local/postgres.ts'
import { readSettings } from '../../src/local/settings.ts'

/** As a hosted project of 8 GB with two cores has them; what is not named here is Postgres's default, there too. */
const SETTINGS = {
  shared_buffers: '2GB',
  effective_cache_size: '6GB',
  work_mem: '5MB',
  maintenance_work_mem: '512MB',
  min_wal_size: '1GB',
  max_wal_size: '4GB',
  checkpoint_completion_target: '0.9',
  random_page_cost: '1.1',
  effective_io_concurrency: '200',
} as const

/** `supabase_admin` is the superuser, `postgres` the owner, `authenticator` what PostgREST signs in as. */
export type Login = 'supabase_admin' | 'postgres' | 'authenticator'

export interface Server {
  /** One session, kept until the server stops, with the driver's prepared statements. */
  session(login: Login, database: string): postgres.Sql
  /** The same for another process. */
  url(login: Login, database: string): string
  /** An empty database with what every Supabase project has. */
  createDatabase(name: string): Promise<void>
  stop(): Promise<void>
}

/** @param throwAway Nothing is kept, and nothing waits for the disk: for the bench's own test alone. */
export async function startServer(directory: string, throwAway: boolean): Promise<Server> {
  const lock = lockDirectory(directory)
  const settings = readSettings(directory)
  const start = () =>
    startPostgres({
      directory,
      throwAway,
      port: undefined,
      password: settings.superuserPassword,
      signal: undefined,
      onLog: () => undefined,
    })
  let running = await start()
  const passwords = {
    supabase_admin: settings.superuserPassword,
    postgres: settings.ownerPassword,
    authenticator: settings.ownerPassword,
  }
  const open = new Set<postgres.Sql>()
  const session = (login: Login, database: string): postgres.Sql => {
    const sql = postgres({
      host: '127.0.0.1',
      port: running.port,
      user: login,
      password: passwords[login],
      database,
      max: 1,
      idle_timeout: 0,
      max_lifetime: null,
      fetch_types: false,
      prepare: true,
      onnotice: () => undefined,
    })
    open.add(sql)
    return sql
  }
  const closeAll = async () => {
    await Promise.all([...open].map((sql) => sql.end({ timeout: 5 })))
    open.clear()
  }

  const admin = session('supabase_admin', 'postgres')
  await prepareCluster(admin, settings.ownerPassword)
  const [row] = await admin<{ literal: string }[]>`SELECT quote_literal(${settings.ownerPassword}) AS literal`
  await admin.unsafe(`ALTER ROLE authenticator PASSWORD ${row?.literal ?? ''}`)
  if (!throwAway) {
    for (const [name, value] of Object.entries(SETTINGS)) {
      await admin.unsafe(`ALTER SYSTEM SET ${name} = '${value}'`)
    }
    // Some of them are read at the start only.
    await closeAll()
    await running.stop()
    running = await start()
  }

  return {
    session,
    url: (login, database) => `postgres://${login}:${passwords[login]}@127.0.0.1:${running.port}/${database}`,
    async createDatabase(name) {
      const superuser = session('supabase_admin', 'postgres')
      await superuser.unsafe(`CREATE DATABASE ${name} TEMPLATE template0 OWNER postgres`)
      const inside = session('supabase_admin', name)
      // What GoTrue makes on Supabase, as far as the migrations see it.
      await inside.unsafe('CREATE SCHEMA auth; CREATE TABLE auth.users (id uuid PRIMARY KEY)').simple()
      await prepareDatabase(inside)
      await Promise.all([superuser.end(), inside.end()])
    },
    async stop() {
      await closeAll()
      await running.stop()
      lock.release()
      if (throwAway) rmSync(directory, { recursive: true, force: true })
    },
  }
}
