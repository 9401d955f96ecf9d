/**
 * What kept a migration from running.
 *
 * - `failed`: a statement was refused by the database; `cause` is the driver's error, `file` the migration file.
 * - `checksum_mismatch`: what was applied under this name is not what this version of the package holds.
 * - `database_newer`: the database has migrations that this version of the package does not know. Update the package.
 * - `out_of_order`: an earlier migration is missing while a later one is recorded.
 * - `unrecorded`: the tables are there, but no record of who made them.
 * - `host_missing`: budget_versions or user_profiles are not there (or lack a column); provide them, or pass `host: true`.
 * - `host_exists`: `host: true` was asked for, but the host's tables exist already.
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
  | 'host_missing'
  | 'host_exists'
  | 'not_one_session'
  | 'unsupported_server'
  | 'invalid_schema'

/**
 * Thrown by everything in `@efir/cells/migrations`. Nothing was changed when it is thrown: what a refused run had
 * done so far is rolled back.
 *
 * @example
 * ```ts
 * try {
 *   await migrate(query)
 * } catch (error) {
 *   if (error instanceof MigrationError && error.code === 'database_newer') return // a newer release runs already
 *   throw error
 * }
 * ```
 */
export class MigrationError extends Error {
  override readonly name = 'MigrationError'
  readonly code: MigrationErrorCode
  /** The migration file that is concerned, e.g. `009_planning_cells_writeback.up.sql`. */
  readonly file: string | undefined

  constructor(
    code: MigrationErrorCode,
    message: string,
    options: { file?: string | undefined; cause?: unknown } = {},
  ) {
    super(message, options.cause === undefined ? undefined : { cause: options.cause })
    this.code = code
    this.file = options.file
  }
}
