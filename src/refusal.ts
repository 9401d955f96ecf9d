import { ValidationError, type CellsError } from './errors.ts'
import {
  CellLockedError,
  ForbiddenError,
  NotFoundError,
  VersionConflictError,
  type RefusedChange,
} from './model/refusals.ts'
import type { PreparedChange } from './change.ts'
import { Refusal, type WriteResult } from './transport/port.ts'

type RefusedResult = Exclude<WriteResult, { status: 'written' | 'unchanged' }>

/** The answer to one refused change, with what the caller knows about it. */
export function toRefusedChange(result: RefusedResult, index: number, change: PreparedChange): RefusedChange {
  if (result.status !== 'conflict') return { ...result, index }
  return {
    status: 'conflict',
    index,
    base: change.base,
    baseVersion: change.item.base,
    mine: change.mine,
    theirs: result.cell,
  }
}

/** The public error of a call that the database refused whole. */
export function toPublicError(refusal: Refusal, changes: readonly PreparedChange[] = []): CellsError {
  const refused = refusal.results.flatMap(([index, result]) => {
    const change = changes[index]
    if (change === undefined || result.status === 'written' || result.status === 'unchanged') return []
    return [toRefusedChange(result, index, change)]
  })
  const options = { cause: refusal.cause, hint: refusal.hint }
  const first = <Status extends RefusedChange['status']>(status: Status) =>
    refused.find((change): change is Extract<RefusedChange, { status: Status }> => change.status === status)

  const conflict = first('conflict')
  const locked = first('locked')
  const invalid = first('invalid')
  if (refusal.code === 'version_conflict' && conflict !== undefined) {
    return new VersionConflictError(refusal.message, conflict, refused, options)
  }
  if (refusal.code === 'locked' && locked !== undefined) {
    return new CellLockedError(refusal.message, locked.cell, refused, options)
  }
  if (refusal.code === 'invalid') {
    const { field, given, allowed } = refusal.argument ?? {
      field: invalid === undefined ? 'argument' : `changes[${invalid.index}].${invalid.field}`,
      given: invalid === undefined ? undefined : changes[invalid.index]?.mine,
      allowed: invalid?.message ?? refusal.message,
    }
    return new ValidationError(field, given, allowed, options)
  }
  if (refusal.code === 'not_found') return new NotFoundError(refusal.message, refused, options)
  return new ForbiddenError(refusal.message, refused, options)
}
