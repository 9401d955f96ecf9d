import { isCellsError, TransportError, type CellsError } from '../errors.ts'
import { ForbiddenError, NotFoundError } from '../model/refusals.ts'
import type { CellInput } from '../model/value.ts'
import { noRules } from '../modules/rules.ts'
import { toPublicError } from '../refusal.ts'
import type { PendingValue } from '../store/facts.ts'
import { Refusal, type WriteResult } from '../transport/port.ts'
import type { Rejection, Write } from './outbox-state.ts'

// What is said of a write that did not land, in the words of the rest of the library.

/** What a user's value looks like to him. */
export function toInput(value: PendingValue): CellInput {
  if (value === 'deleted') return null
  return value.text === null ? value.number : { text: value.text }
}

/** Whether waiting may mend it: the same operation may be sent again, and may have landed. */
export function mayPass(error: unknown): boolean {
  if (error instanceof Refusal || !isCellsError(error)) return false
  return error.retryable || error.code === 'unauthorized'
}

/** Somebody else was faster. */
export function conflictError(write: Write): CellsError {
  const cell = write.theirs?.exists === true ? write.theirs : null
  return refusalOf(write, 'version_conflict', { status: 'conflict', cell })
}

/** The database, or the way to it, refused it for good. */
export function rejectionError(write: Write, rejection: Rejection): CellsError {
  if (rejection.status === 'failed') {
    const { code, message } = rejection
    if (code === 'not_found') return new NotFoundError(message, [])
    if (code === 'forbidden') return new ForbiddenError(message, [])
    return new TransportError('server', message, 0, { retryable: false })
  }
  return refusalOf(write, rejection.status, rejection)
}

/** The error that the same refusal is elsewhere in the library. */
function refusalOf(write: Write, code: Refusal['code'], result: WriteResult): CellsError {
  const { cell, value, base } = write
  const message = 'message' in result ? result.message : ''
  const refusal = new Refusal(message, {
    code,
    cause: undefined,
    hint: undefined,
    results: [[0, result]],
    argument: undefined,
  })
  const item = { reference: cell, value: value === 'deleted' ? null : value, base: base.version }
  return toPublicError(refusal, [{ item, address: cell, base, mine: toInput(value), rules: noRules }])
}

/** The user gave it up. */
export function discarded(): DOMException {
  return new DOMException('The write was discarded.', 'AbortError')
}
