import type postgres from 'postgres'
import { STATEMENT_TIMEOUTS } from '../../src/local/cluster.ts'

type Work<T> = (sql: postgres.TransactionSql) => Promise<T>

/** Runs SQL as PostgREST would for a request: in one transaction, under the caller's role and claims. */
export interface RoleRunner {
  readonly asUser: <T>(userId: string, work: Work<T>) => Promise<T>
  readonly asAnon: <T>(work: Work<T>) => Promise<T>
  readonly asService: <T>(work: Work<T>) => Promise<T>
}

const timeouts: Readonly<Record<string, string>> = STATEMENT_TIMEOUTS

export function asRole(sql: postgres.Sql): RoleRunner {
  const run = async <T>(claims: { role: string; sub?: string }, work: Work<T>): Promise<T> =>
    (await sql.begin(async (transaction) => {
      await transaction`
        SELECT set_config('role', ${claims.role}, true),
          set_config('statement_timeout', ${timeouts[claims.role] ?? '0'}, true),
          set_config('request.jwt.claims', ${JSON.stringify(claims)}, true)`
      return work(transaction)
    })) as T
  return {
    asUser: (userId, work) => run({ role: 'authenticated', sub: userId }, work),
    asAnon: (work) => run({ role: 'anon' }, work),
    asService: (work) => run({ role: 'service_role' }, work),
  }
}
