/**
 * A Supabase of one's own on 127.0.0.1, for tests, demos and development: Postgres 17, REST, Auth and
 * Realtime in this process's care. See docs/guide/local-stack.md.
 *
 * @module
 */
export type { ExtraDatabase } from './databases.ts'
export { LocalStackError, type LocalStackErrorCode } from './errors.ts'
export type { RealtimeDelivery, RealtimeFault, RealtimeFaults } from './realtime/faults.ts'
export type { LocalRealtime } from './realtime/relay.ts'
export type { RealtimeRateLimit } from './realtime/switches.ts'
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
