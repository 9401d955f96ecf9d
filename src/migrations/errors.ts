import type { AdoptionReport } from './adopt/report.ts'

/**
 * What kept a migration from running.
 *
 * - `failed`: a statement was refused by the database; `cause` is the driver's error, `file` the migration file.
 * - `checksum_mismatch`: what was applied under this name is not what this version of the package holds.
 * - `database_newer`: the database has migrations that this version of the package does not know. Update the package.
 * - `out_of_order`: an earlier migration is missing while a later one is recorded.
 * - `unrecorded`: tables of ours are there, without a record of who made them, and not in a form that can be adopted.
 * - `adoption_refused`: tables made elsewhere hold something that only you can decide about; `adoption` says what.
 * - `host_missing`: budget_versions or user_profiles are not there (or lack a column); provide them, or pass `host: true`.
 * - `host_exists`: `host: true` was asked for, but the host's tables exist already.
 * - `tables_busy`: others held the tables too long, repeatedly; `cause` is the last lock timeout.
 * - `would_lose_data`: going down would drop rows, and `dataLoss: 'accept'` was not given.
 * - `unknown_target`: the `to` of a way down names no applied migration.
 * - `not_one_session`: the query function spreads its statements over several connections.
 * - `unsupported_server`: the server is older than Postgres 15.
 * - `invalid_schema`: the schema name cannot be used.
 */
export type MigrationErrorCode =
  | 'failed'
  | 'checksum_mismatch'
  | 'database_newer'
  | 'out_of_order'
  | 'unrecorded'
  | 'adoption_refused'
  | 'host_missing'
  | 'host_exists'
  | 'tables_busy'
  | 'would_lose_data'
  | 'unknown_target'
  | 'not_one_session'
  | 'unsupported_server'
  | 'invalid_schema'

/**
 * Thrown by everything in `@efir/cells/migrations`. What a refused run had done so far is rolled back (with
 * `concurrently: true`: back to the last migration that was completed).
 *
 * @example
 * ```ts
 * import { migrate, MigrationError, type Query } from '@efir/cells/migrations'
 *
 * declare const query: Query
 * try {
 *   await migrate(query)
 * } catch (error) {
 *   if (error instanceof MigrationError && error.code === 'database_newer') console.log('a newer release runs already')
 *   else throw error
 * }
 * ```
 */
export class MigrationError extends Error {
  override readonly name = 'MigrationError'
  readonly code: MigrationErrorCode
  /** The migration file that is concerned, e.g. `009_planning_cells_writeback.up.sql`. */
  readonly file: string | undefined
  /** With `adoption_refused`: what was found. */
  readonly adoption: AdoptionReport | undefined

  constructor(
    code: MigrationErrorCode,
    message: string,
    options: { file?: string | undefined; cause?: unknown; adoption?: AdoptionReport } = {},
  ) {
    super(message, options.cause === undefined ? undefined : { cause: options.cause })
    this.code = code
    this.file = options.file
    this.adoption = options.adoption
  }
}
