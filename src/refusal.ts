import { ValidationError, type CellsError } from './errors.ts'
import { cellKey } from './model/address.ts'
import {
  CellLockedError,
  ForbiddenError,
  NotFoundError,
  VersionConflictError,
  type RefusedChange,
} from './model/refusals.ts'
import type { PreparedChange } from './change.ts'
import { Refusal, type WriteResult } from './transport/port.ts'

type RefusedResult = Exclude<WriteResult, { status: 'written' | 'unchanged' | 'failed' }>
type Refused<Status extends RefusedChange['status']> = Extract<RefusedChange, { status: Status }>

/** The answer to one refused change, with what the caller knows about it. */
export function toRefusedChange(result: RefusedResult, index: number, change: PreparedChange): RefusedChange {
  if (result.status !== 'conflict') return { ...result, index }
  return {
    status: 'conflict',
    index,
    base: change.base,
    baseVersion: change.item.base === '*' ? null : change.item.base,
    mine: change.mine,
    theirs: result.cell,
  }
}

/** The public error of a call that failed or that the database refused whole. */
export function toPublicError(
  error: CellsError | Refusal,
  changes: readonly PreparedChange[] = [],
): CellsError {
  return error instanceof Refusal ? explain(error, changes) : error
}

function explain(refusal: Refusal, changes: readonly PreparedChange[]): CellsError {
  const refused = refusal.results.flatMap(([index, result]) => {
    const change = changes[index]
    if (change === undefined || !isRefused(result)) return []
    return [toRefusedChange(result, index, change)]
  })
  const first = <Status extends RefusedChange['status']>(status: Status) =>
    refused.find((change): change is Refused<Status> => change.status === status)
  const name = ({ index }: RefusedChange) => {
    const change = changes[index]
    return change === undefined ? `Change ${index}` : `Cell ${cellKey(change.address)}`
  }
  const others =
    changes.length > 1
      ? ` ${refused.length} of ${changes.length} changes were refused; nothing has landed.`
      : ''
  const { cause } = refusal

  const conflict = first('conflict')
  if (refusal.code === 'version_conflict' && conflict !== undefined) {
    return new VersionConflictError(
      `${name(conflict)} ${sayConflict(conflict)}${others}`,
      conflict,
      refused,
      {
        cause,
        hint: 'Write `mine` again on top of `theirs`, or let theirs stand.',
      },
    )
  }
  const locked = first('locked')
  if (refusal.code === 'locked' && locked !== undefined) {
    const reason = locked.cell.lockReason === null ? '' : `: ${locked.cell.lockReason}`
    return new CellLockedError(`${name(locked)} is locked${reason}.${others}`, locked.cell, refused, {
      cause,
      hint: 'Whoever may unlock it has to do so first.',
    })
  }
  if (refusal.code === 'invalid') return toValidationError(refusal, first('invalid'), changes)
  const options = { cause, hint: refusal.hint }
  if (refusal.code === 'not_found') return new NotFoundError(refusal.message, refused, options)
  return new ForbiddenError(refusal.message, refused, options)
}

function sayConflict({ baseVersion, theirs }: Refused<'conflict'>): string {
  if (theirs === null) return 'does not exist any more.'
  if (baseVersion === 0) return `exists already, at version ${theirs.version}.`
  return `has changed since it was read: the write is based on version ${baseVersion ?? 'any'}, it is at ${theirs.version}.`
}

function toValidationError(
  refusal: Refusal,
  invalid: Refused<'invalid'> | undefined,
  changes: readonly PreparedChange[],
): ValidationError {
  const options = { cause: refusal.cause, hint: refusal.hint }
  if (refusal.argument !== undefined) {
    const { field, given, allowed } = refusal.argument
    return new ValidationError(field, given, allowed, options)
  }
  if (invalid === undefined) return new ValidationError('argument', undefined, refusal.message, options)
  const field = `changes[${invalid.index}].${invalid.field}`
  return new ValidationError(field, changes[invalid.index]?.mine, invalid.message, options)
}

/** For the end of a call: a refusal becomes the public error, anything else passes. */
export function rethrow(error: unknown, changes?: readonly PreparedChange[]): never {
  throw error instanceof Refusal ? explain(error, changes ?? []) : error
}

function isRefused(result: WriteResult): result is RefusedResult {
  return !['written', 'unchanged', 'failed'].includes(result.status)
}
