/**
 * Why a local stack could not do what was asked:
 *
 * - `directory_in_use`: another running stack holds the directory.
 * - `directory_unusable`: the directory can't be created, read or traversed by Postgres, or holds something else.
 * - `port_taken`: a port that was asked for by number is in use.
 * - `platform_unsupported`: there are no Postgres binaries for this platform, or no user to run them as.
 * - `postgres_failed`: Postgres could not be initialised or started; the message ends with its own words.
 * - `gateway_failed`: REST, Auth and Realtime could not be set up.
 * - `canary_failed`: the stack came up but answers otherwise than Supabase would; `canary` names the check.
 * - `migration_failed`: the migrations could not be applied.
 * - `invalid_option`: a value is none of those that are allowed; the message names the option, the value, and what is.
 * - `aborted`: the caller's signal said stop.
 */
export type LocalStackErrorCode =
  | 'directory_in_use'
  | 'directory_unusable'
  | 'port_taken'
  | 'platform_unsupported'
  | 'postgres_failed'
  | 'gateway_failed'
  | 'canary_failed'
  | 'migration_failed'
  | 'invalid_option'
  | 'aborted'

/** The one error that `@efir/cells/local` throws by itself. */
export class LocalStackError extends Error {
  override readonly name = 'LocalStackError'
  readonly code: LocalStackErrorCode
  /** With `canary_failed`: the check that failed. */
  readonly canary: string | undefined

  constructor(code: LocalStackErrorCode, message: string, options?: ErrorOptions & { canary?: string }) {
    super(message, options)
    this.code = code
    this.canary = options?.canary
  }
}
