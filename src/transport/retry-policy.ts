import { TransportError, ValidationError, type CellsError } from '../errors.ts'
import { Refusal, type Patience } from './port.ts'

/** {@link Patience} with nothing left open. */
export interface RetryPolicy {
  /** Milliseconds for the whole call. */
  readonly timeout: number
  /** Milliseconds for one request. */
  readonly attemptTimeout: number
  readonly attempts: number
  readonly baseDelay: number
  readonly maxDelay: number
}

export const defaultPolicy: RetryPolicy = {
  timeout: 60_000,
  attemptTimeout: 20_000,
  attempts: 4,
  baseDelay: 250,
  maxDelay: 8_000,
}

/** A call that has just failed. */
export interface FailedAttempt {
  readonly failure: CellsError | Refusal
  /** Requests sent so far, this one included. */
  readonly attempt: number
  /** Milliseconds since the call began. */
  readonly elapsed: number
  readonly items: number
  /** Whether the token was refreshed during this call. */
  readonly refreshed: boolean
  /** Whether an earlier request of this call may have taken effect for all we know. */
  readonly unsettled: boolean
}

export type Decision =
  | { readonly next: 'retry'; readonly after: number }
  /** Send again at once, with a new token. */
  | { readonly next: 'refresh' }
  /** The server cannot do this much at once; whoever made the call may send it in parts. */
  | { readonly next: 'divide' }
  | { readonly next: 'give up' }

/** SQLSTATEs that may reach us although the transaction has committed. */
const lostConnection = /^(08|57P)/

/** What to do about a failure. `random` is from 0 up to 1. */
export function decide(policy: RetryPolicy, failed: FailedAttempt, random: number): Decision {
  const { failure, attempt, elapsed } = failed
  if (failure instanceof Refusal) return { next: 'give up' }
  const oversized = failed.items > 1 && isTooMuch(failure)
  // Parts go by operation ids of their own: none may be sent while the whole may have landed, or might yet.
  if (oversized && (failure.code === 'too_large' || !failed.unsettled)) return { next: 'divide' }
  if (attempt >= policy.attempts) return { next: 'give up' }
  if (failure.code === 'unauthorized') return { next: failed.refreshed ? 'give up' : 'refresh' }
  if (!failure.retryable && !oversized) return { next: 'give up' }

  const longest = Math.min(policy.maxDelay, policy.baseDelay * 2 ** (attempt - 1))
  const chosen = longest * (0.5 + random / 2)
  // Many are told the same Retry-After; they need not all come back at the same moment.
  const asked = retryAfterOf(failure)
  const after = asked === undefined ? chosen : Math.max(chosen, asked + policy.baseDelay * random)
  return elapsed + after < policy.timeout ? { next: 'retry', after } : { next: 'give up' }
}

/**
 * Whether the call may have taken effect after this failure, `before` telling the same for the requests before it.
 * Where the database itself refuses a request, it has looked for the operation, and not found it.
 */
export function isUnsettled(failure: CellsError | Refusal, before: boolean): boolean {
  if (failure instanceof Refusal || failure.code === 'unauthorized' || failure.code === 'rate_limited')
    return before
  if (!(failure instanceof TransportError)) return failure.retryable || before
  return failure.sqlState === undefined || lostConnection.test(failure.sqlState)
}

/** Whether less at a time might do: too large for the server, or ended by the statement timeout. */
export function isTooMuch(failure: CellsError | Refusal): boolean {
  return failure instanceof TransportError && (failure.code === 'too_large' || failure.sqlState === '57014')
}

function retryAfterOf(failure: CellsError): number | undefined {
  return failure instanceof TransportError ? failure.retryAfter : undefined
}

/**
 * A call's own patience over the client's.
 *
 * @throws {ValidationError} where a number is none that can be waited or counted.
 */
export function withPatience(policy: RetryPolicy, { timeout, attemptTimeout, retry }: Patience): RetryPolicy {
  const own = retry === false ? { attempts: 1 } : (retry ?? {})
  const milliseconds = (field: string, given: number | undefined, otherwise: number): number => {
    if (given === undefined) return otherwise
    if (typeof given === 'number' && given >= 0) return given
    throw new ValidationError(field, given, 'milliseconds, 0 or more')
  }
  const { attempts = policy.attempts } = own
  if (!(Number.isInteger(attempts) && attempts >= 1)) {
    throw new ValidationError('retry.attempts', attempts, 'a whole number from 1')
  }
  return {
    attempts,
    timeout: milliseconds('timeout', timeout, policy.timeout),
    attemptTimeout: milliseconds('attemptTimeout', attemptTimeout, policy.attemptTimeout),
    baseDelay: milliseconds('retry.baseDelay', own.baseDelay, policy.baseDelay),
    maxDelay: milliseconds('retry.maxDelay', own.maxDelay, policy.maxDelay),
  }
}
