import type { CellsError } from './errors.ts'

/** A request that failed for a passing reason, and is about to be sent again. */
export interface RetryEvent {
  readonly operation: string
  /** `null` for a call about all budgets of the caller. */
  readonly budgetVersionId: string | null
  /** Requests of this call so far. */
  readonly attempt: number
  /** Milliseconds until the next one. */
  readonly delay: number
  readonly error: CellsError
}

/** A call that ended in {@link UnauthorizedError}: the user has to sign in again. */
export interface UnauthorizedEvent {
  readonly operation: string
  /** `null` for a call about all budgets of the caller. */
  readonly budgetVersionId: string | null
  readonly error: CellsError
}

/** What {@link Cells.on} tells, whichever call it happened to. */
export interface CellsEvents {
  /** Before a request is sent again. */
  retry: (event: RetryEvent) => void
  /** When the user has to sign in. */
  unauthorized: (event: UnauthorizedEvent) => void
}

/** One request, as it is sent. The names follow what tracing tools call an operation and an attempt. */
export interface RequestStart {
  /** The database function, e.g. `write_cells`. */
  readonly operation: string
  /** `null` for a call about all budgets of the caller. */
  readonly budgetVersionId: string | null
  /** 1 for the first request of a call. */
  readonly attempt: number
  /** Changes or references sent, or cells asked for. */
  readonly items: number
  /** The same for every request of a write. */
  readonly operationId: string | undefined
}

/** One request, as it ended. */
export interface RequestEnd {
  /** HTTP's, 0 where no answer came. */
  readonly status: number
  readonly durationMs: number
  /** A `CellsError`, the database's refusal, or the reason of the signal that ended it. It may quote values. */
  readonly error?: unknown
}

/** Called as a request is sent; what it returns is called once, as the request ends. */
// eslint-disable-next-line @typescript-eslint/no-invalid-void-type -- a hook that returns nothing is welcome
export type OnRequest = (request: RequestStart) => ((end: RequestEnd) => void) | void

/** `console`, or anything shaped like it. */
export interface CellsLogger {
  /** Every request, as it ends. */
  debug(message: string, details: object): void
  /** A refusal: the call was understood, and not acceptable. */
  info(message: string, details: object): void
  /** A request that failed and is about to be sent again. */
  warn(message: string, details: object): void
  /** A call that failed for good. */
  error(message: string, details: object): void
}
