/**
 * A Supabase of one's own on 127.0.0.1, for tests, demos and development: Postgres 17, REST and Auth in this
 * process's care. See docs/guide/local-stack.md.
 *
 * @module
 */
export type { ExtraDatabase } from './databases.ts'
export { LocalStackError, type LocalStackErrorCode } from './errors.ts'
export { startLocalStack, type LocalStack, type LocalStackOptions, type LocalStackProgress } from './stack.ts'
export {
  connectTenants,
  type OrganizationReference,
  type SupabaseCoordinates,
  type Tenants,
  type TenantsConnection,
  type TestBudget,
  type TestOrganization,
  type TestUser,
  type TokenOptions,
} from './tenants.ts'
