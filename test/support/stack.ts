import postgres from 'postgres'
import { afterAll, describe, inject, it } from 'vitest'
import { connectTenants, type SupabaseCoordinates, type Tenants } from '../../src/local/index.ts'
import { askBroker } from './broker.ts'
import { asRole, type RoleRunner } from './roles.ts'

/** The run's Supabase with what makes tenants in it. */
export type TestStack = SupabaseCoordinates & Tenants

/** False when the environment names another Supabase. */
const isLocal = (): boolean => inject('cells').kind === 'local'

/**
 * The run's one Supabase: the local stack, started by the first file that asks, or the one that the environment names.
 * Files share it, so a test makes organisations of its own and looks at nothing else. What it made is removed from a
 * Supabase that is somebody else's.
 *
 * @example
 * ```ts
 * const stack = await useStack()
 *
 * it('keeps organisations apart', async () => {
 *   const organization = await stack.createOrganization()
 *   const alice = await stack.createUser({ organization })
 *   const supabase = stack.signIn(alice)
 * })
 * ```
 */
export async function useStack(): Promise<TestStack> {
  const environment = inject('cells')
  const coordinates =
    environment.kind === 'remote'
      ? environment.coordinates
      : await askBroker<SupabaseCoordinates>(environment.broker, 'stack')
  const { tenants, removeAll, close } = connectTenants(coordinates)
  afterAll(async () => {
    if (environment.kind === 'remote') await removeAll()
    await close()
  })
  return { ...coordinates, ...tenants }
}

/**
 * For what only the local stack can do (stop a database, make one): on another Supabase these are skipped, and the
 * reason is in their names.
 *
 * @example
 * ```ts
 * localOnly('it makes a database').describe('the migration', () => { … })
 * ```
 */
export function localOnly(reason: string): { readonly it: typeof it; readonly describe: typeof describe } {
  if (isLocal()) return { it, describe }
  // The body of a skipped suite is not run at all: it may ask for what is not there.
  const skip = (name: string): void => it.skip(`${name} [local stack only: ${reason}]`, () => undefined)
  return { it: skip as unknown as typeof it, describe: skip as unknown as typeof describe }
}

/** A migrated database of one suite's own, with SQL as its owner and as any role of the API. */
export interface FreshDatabase
  extends RoleRunner, Pick<Tenants, 'createOrganization' | 'createUser' | 'createBudget'> {
  readonly databaseUrl: string
  /** As its owner, `postgres`, who is no superuser and passes row level security. */
  readonly sql: postgres.Sql
}

/**
 * A new database on the local cluster, dropped when the suite ends. Only where the stack is local: see
 * {@link localOnly}.
 *
 * @example
 * ```ts
 * const database = await freshDatabase()
 * const organization = await database.createOrganization()
 * const alice = await database.createUser({ organization })
 *
 * it('shows a member her budgets', async () => {
 *   const rows = await database.asUser(alice.id, (sql) => sql`SELECT id FROM efir_budget.budget_versions`)
 * })
 * ```
 */
export async function freshDatabase(
  options: { readonly migrations?: 'all' | 'none' } = {},
): Promise<FreshDatabase> {
  const environment = inject('cells')
  if (environment.kind === 'remote')
    throw new Error('freshDatabase() needs the local stack; mark its suite localOnly().')
  const { name, databaseUrl } = await askBroker<{ name: string; databaseUrl: string }>(
    environment.broker,
    'createDatabase',
    options,
  )
  const { tenants, close } = connectTenants({
    databaseUrl,
    url: '',
    anonKey: '',
    serviceKey: '',
    jwtSecret: 'REST does not serve this database',
  })
  afterAll(async () => {
    await close()
    await askBroker(environment.broker, 'dropDatabase', { name })
  })
  const { sql, createOrganization, createUser, createBudget } = tenants
  return { databaseUrl, sql, createOrganization, createUser, createBudget, ...asRole(sql) }
}
