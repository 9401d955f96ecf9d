const brand: unique symbol = Symbol.for('@efir/cells/error') as never

/** What went wrong, as one word to switch on. */
export type CellsErrorCode =
  | 'invalid'
  | 'version_conflict'
  | 'locked'
  | 'lease_lost'
  | 'forbidden'
  | 'not_found'
  | 'unauthorized'
  | 'not_installed'
  | 'rate_limited'
  | 'too_large'
  | 'network'
  | 'timeout'
  | 'server'
  | 'protocol'
  | 'storage'
  | 'unreadable'

/** What an error carries besides its message. */
export interface CellsErrorOptions {
  /** The error from below (a PostgREST error, a failed fetch), wrapped once. */
  cause?: unknown
  /** What the reader may do about it, where there is something to say. */
  hint?: string | undefined
}

/**
 * The one family of errors that this library throws. `code` discriminates; `retryable` tells whether the same
 * call, sent again with the same operation id, may succeed; `cause` is the error from below.
 *
 * The only other thing thrown is an abort: the `reason` of the `signal` that you passed.
 *
 * @example
 * ```ts
 * import { isCellsError } from '@efir/cells'
 *
 * function explain(error: unknown): string {
 *   if (isCellsError(error, 'version_conflict')) return 'Somebody was faster.'
 *   if (isCellsError(error)) return error.message
 *   throw error
 * }
 * explain(new Error('not ours'))
 * ```
 */
export abstract class CellsError extends Error {
  abstract readonly code: CellsErrorCode
  readonly retryable: boolean = false
  /** What the reader may do about it, where there is something to say. */
  readonly hint: string | undefined

  constructor(message: string, options: CellsErrorOptions = {}) {
    super(message, 'cause' in options ? { cause: options.cause } : undefined)
    this.hint = options.hint
    Object.defineProperty(this, brand, { value: true })
  }
}

/** An argument is not acceptable. Names the field, what was given and what is allowed. Nothing was done. */
export class ValidationError extends CellsError {
  override readonly name = 'ValidationError'
  override readonly code = 'invalid'
  /** The path of the argument, e.g. `changes[3].value`. */
  readonly field: string
  readonly given: unknown
  readonly allowed: string

  constructor(field: string, given: unknown, allowed: string, options: CellsErrorOptions = {}) {
    super(`${field} is ${describe(given)}; allowed: ${allowed}.`, options)
    this.field = field
    this.given = given
    this.allowed = allowed
  }
}

/**
 * The token is missing, expired or not accepted, and a refresh of the session did not help. Sign in again; the event
 * `unauthorized` of {@link Cells.on} tells it too, whichever call it happened to.
 */
export class UnauthorizedError extends CellsError {
  override readonly name = 'UnauthorizedError'
  override readonly code = 'unauthorized'
}

/**
 * The database lacks the functions of this library, or its schema is not exposed to the API: run `efir-cells migrate up`,
 * and add the schema (`efir_budget`) to those that the project's API exposes.
 */
export class NotInstalledError extends CellsError {
  override readonly name = 'NotInstalledError'
  override readonly code = 'not_installed'
}

/** What a {@link TransportError} carries besides its message. */
export interface TransportErrorOptions extends CellsErrorOptions {
  /** @default true, but for `too_large` */
  retryable?: boolean | undefined
  retryAfter?: number | undefined
  sqlState?: string | undefined
}

/**
 * The call did not get a usable answer: the network, a timeout, a rate limit or the server failed, or the call is too
 * large for it. The write may or may not have landed; sending it again with the same `operationId` is safe and takes
 * effect once. The library has done so already, as often as its `retry` option says.
 */
export class TransportError extends CellsError {
  override readonly name = 'TransportError'
  override readonly code: 'network' | 'timeout' | 'rate_limited' | 'too_large' | 'server'
  override readonly retryable: boolean
  /** The HTTP status, or 0 when there was no answer at all. */
  readonly status: number
  /** Milliseconds that the server asked to wait for, where it said so. */
  readonly retryAfter: number | undefined
  /** The database's own error code, where the failure is the database's: five letters and digits. */
  readonly sqlState: string | undefined

  constructor(
    code: TransportError['code'],
    message: string,
    status: number,
    options: TransportErrorOptions = {},
  ) {
    super(message, options)
    this.code = code
    this.status = status
    this.retryable = options.retryable ?? code !== 'too_large'
    this.retryAfter = options.retryAfter
    this.sqlState = options.sqlState
  }
}

/**
 * The answer cannot be read: it is not in the shape that this version of the library knows, or comes from something
 * else than the database. `retryable` where it looks damaged rather than foreign.
 */
export class ProtocolError extends CellsError {
  override readonly name = 'ProtocolError'
  override readonly code = 'protocol'
  override readonly retryable: boolean

  constructor(message: string, options: CellsErrorOptions & { retryable?: boolean } = {}) {
    super(message, options)
    this.retryable = options.retryable ?? false
  }
}

/**
 * Whether a value is an error of this library, of a given code where one is named. Works across realms, bundles
 * and copies of the package, where `instanceof` does not.
 *
 * @example
 * ```ts
 * import { isCellsError } from '@efir/cells'
 *
 * const mayRetry = (error: unknown) => isCellsError(error) && error.retryable
 * mayRetry(new TypeError('no'))
 * ```
 */
export function isCellsError(value: unknown): value is CellsError
export function isCellsError<Code extends CellsErrorCode>(
  value: unknown,
  code: Code,
): value is CellsError & { code: Code }
export function isCellsError(value: unknown, code?: CellsErrorCode): boolean {
  if (typeof value !== 'object' || value === null || !(brand in value)) return false
  return code === undefined || (value as unknown as CellsError).code === code
}

function describe(given: unknown): string {
  if (typeof given === 'string')
    return given.length > 80 ? `${JSON.stringify(given.slice(0, 80))}…` : JSON.stringify(given)
  if (given === null || ['undefined', 'number', 'boolean', 'bigint'].includes(typeof given))
    return String(given)
  if (Array.isArray(given)) return `an array of ${given.length}`
  return typeof given === 'object' ? 'an object' : `a ${typeof given}`
}
