import postgres from 'postgres'
import { afterAll, inject } from 'vitest'
import type { Query } from '../../../src/migrations/index.ts'
import { askBroker } from '../../support/broker.ts'

export type Database = {
  /** As `postgres`, the owner of the database and, as on hosted Supabase, no superuser. */
  readonly url: string
  /** A connection of its own, closed when the suite ends. */
  connect(options?: postgres.Options<Record<string, never>>): postgres.Sql
}

/**
 * Makes databases on the run's local cluster: with Supabase's roles, `auth` and publication, and by default nothing of
 * ours. Unlike the suites' `freshDatabase()` it can be called in a test. They are dropped when the suite ends.
 */
export function useCluster(): {
  freshDatabase(options?: { migrations: 'all' | 'none' }): Promise<Database>
} {
  const names: string[] = []
  const open: postgres.Sql[] = []
  const ask = async <T>(name: string, body: object): Promise<T> => {
    const environment = inject('cells')
    if (environment.kind === 'remote') throw new Error('Migrations are tested on the local stack alone.')
    return await askBroker<T>(environment.broker, name, body)
  }
  afterAll(async () => {
    await Promise.all(open.map((sql) => sql.end({ timeout: 1 })))
    for (const name of names) await ask('dropDatabase', { name })
  })
  return {
    async freshDatabase(options = { migrations: 'none' }) {
      const made = await ask<{ name: string; databaseUrl: string }>('createDatabase', options)
      names.push(made.name)
      return {
        url: made.databaseUrl,
        connect(options = {}) {
          const sql = postgres(made.databaseUrl, {
            max: 1,
            prepare: false,
            onnotice: () => undefined,
            ...options,
          })
          open.push(sql)
          return sql
        },
      }
    },
  }
}

/** The query function that a user of `postgres` would write. */
export function queryOf(sql: postgres.Sql): Query {
  return async (text, parameters) => await sql.unsafe(text, parameters as never[] | undefined)
}
