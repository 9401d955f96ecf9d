import { isCellsError, type CellsErrorCode } from '../index.ts'
import { MigrationError, type MigrationErrorCode } from '../migrations/index.ts'

/** What the command ends with. Scripts may rely on them; they are listed in --help and in the guide. */
export const exitCodes = {
  ok: 0,
  /** The database refused a statement, or something unforeseen happened. */
  failed: 1,
  /** The command was not understood, or lacks something. */
  usage: 2,
  /** `status`: something is pending. */
  pending: 3,
  /** `verify`, `doctor`: something is not as it should be. */
  notVerified: 4,
  /** Nothing was done, because something is for you to decide. */
  refused: 5,
  /** Database and package contradict each other. */
  contradiction: 6,
  /** The database or the API could not be reached, or did not let us in. */
  unreachable: 7,
  /** It was done, but for some records or cells, which were told. */
  partial: 8,
  /** The budget, cell or thread is not there, or not the caller's to see. */
  notFound: 9,
  /** Stopped by Ctrl+C. As shells have it: 128 and the number of the signal. */
  interrupted: 130,
  /** Whoever read stdout went away, as `head` does. */
  brokenPipe: 141,
  /** Stopped by SIGTERM. */
  terminated: 143,
} as const

const ofErrors: Readonly<Record<MigrationErrorCode, number>> = {
  failed: exitCodes.failed,
  tables_busy: exitCodes.failed,
  not_one_session: exitCodes.failed,
  invalid_schema: exitCodes.usage,
  unknown_target: exitCodes.usage,
  adoption_refused: exitCodes.refused,
  would_lose_data: exitCodes.refused,
  host_missing: exitCodes.refused,
  host_exists: exitCodes.refused,
  unsupported_server: exitCodes.refused,
  checksum_mismatch: exitCodes.contradiction,
  database_newer: exitCodes.contradiction,
  out_of_order: exitCodes.contradiction,
  unrecorded: exitCodes.contradiction,
}

const ofCellsErrors: Partial<Record<CellsErrorCode, number>> = {
  invalid: exitCodes.usage,
  not_found: exitCodes.notFound,
  unauthorized: exitCodes.unreachable,
  network: exitCodes.unreachable,
  timeout: exitCodes.unreachable,
}

/** Thrown by the commands for what is theirs; everything else is an error of a room below, or unforeseen. */
export class CommandError extends Error {
  override readonly name = 'CommandError'
  readonly code: 'usage' | 'unreachable' | 'failed' | 'refused' | 'interrupted'

  constructor(code: CommandError['code'], message: string, options?: ErrorOptions) {
    super(message, options)
    this.code = code
  }
}

export function exitCodeOf(error: unknown): number {
  if (error instanceof MigrationError) return ofErrors[error.code]
  if (error instanceof CommandError) return exitCodes[error.code]
  if (isCellsError(error)) return ofCellsErrors[error.code] ?? exitCodes.failed
  return exitCodes.failed
}
