import { isCellsError, ProtocolError, ValidationError, type CellsError } from '../errors.ts'
import type { CellsLogger } from '../events.ts'
import { toPublicError } from '../refusal.ts'
import { Refusal } from '../transport/port.ts'

/** Why the budget could not be read, as its caller is told. */
export function toCellsError(error: unknown): CellsError {
  if (error instanceof Refusal || isCellsError(error)) return toPublicError(error)
  return new ProtocolError('The budget could not be read.', { cause: error })
}

/** Node has no `reportError`, and an error that nobody caught would end the process. */
export function reporter(logger: CellsLogger | undefined): (error: unknown) => void {
  const { reportError } = globalThis as Partial<typeof globalThis>
  return (error) => {
    if (reportError !== undefined) reportError(error)
    else logger?.error('@efir/cells: a listener of yours threw', { error })
  }
}

/** Where a sheet is used after its end. */
export function closedError(): ValidationError {
  return new ValidationError('sheet', 'closed', 'a sheet that is open')
}
