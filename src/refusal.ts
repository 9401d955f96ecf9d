import { ValidationError, type CellsError } from './errors.ts'
import { cellKey, type ResolvedAddress } from './model/address.ts'
import {
  CellLockedError,
  ForbiddenError,
  LeaseLostError,
  NotFoundError,
  RefusedError,
  VersionConflictError,
  type RefusedChange,
} from './model/refusals.ts'
import type { PreparedChange } from './change.ts'
import type { AnyCell } from './model/cell.ts'
import { noRules, type ModuleRules } from './modules/rules.ts'
import { Refusal, type WriteResult } from './transport/port.ts'

type RefusedResult = Exclude<WriteResult, { status: 'written' | 'unchanged' | 'failed' }>
type Refused<Status extends RefusedChange['status']> = Extract<RefusedChange, { status: Status }>

/** A refusal, whatever its field is. */
type LooseRefusal = RefusedChange<AnyCell, unknown>

/** The changes that refusals answer, where it was a caller who made them. */
const changesOf = new WeakMap<LooseRefusal, PreparedChange>()

/** The answer to one refused change, with what the caller knows about it, where it was the caller who made it. */
export function toRefusedChange(
  result: RefusedResult,
  index: number,
  change: PreparedChange | undefined,
): LooseRefusal {
  const refusal = tellRefusal(result, index, change)
  if (change !== undefined) changesOf.set(refusal, change)
  return refusal
}

/** What an error says about a cell. Only where its values are what these rules made of them. */
export function findRefusal(
  error: unknown,
  address: ResolvedAddress,
  rules: ModuleRules,
): LooseRefusal | undefined {
  if (!(error instanceof RefusedError)) return undefined
  const key = cellKey(address)
  return error.refused.find((refusal) => {
    const change = changesOf.get(refusal)
    return change?.rules === rules && cellKey(change.address) === key
  })
}

function tellRefusal(result: RefusedResult, index: number, change: PreparedChange | undefined): LooseRefusal {
  const rules = change?.rules ?? noRules
  if (result.status === 'locked') return { ...result, index, cell: rules.toTyped(result.cell) }
  if (result.status === 'lease_lost') {
    return { ...result, index, cell: result.cell && rules.toTyped(result.cell) }
  }
  if (result.status !== 'conflict') return { ...result, index }
  return {
    status: 'conflict',
    index,
    base: change?.base ?? null,
    baseVersion: typeof change?.item.base === 'number' ? change.item.base : null,
    mine: change?.mine ?? null,
    theirs: result.cell && rules.toTyped(result.cell),
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
  const refused = refusal.results.flatMap(([index, result]) =>
    // An error has the types of no modules: the compiler cannot know of which field it is.
    isRefused(result) ? [toRefusedChange(result, index, changes[index]) as RefusedChange] : [],
  )
  const first = <Status extends RefusedChange['status']>(status: Status) =>
    refused.find((change): change is Refused<Status> => change.status === status)
  const name = ({ index }: RefusedChange, cell: ResolvedAddress | null) => {
    const address = changes[index]?.address ?? cell
    return address === null ? `Cell ${index}` : `Cell ${cellKey(address)}`
  }
  const of = changes.length > 0 ? ` of ${changes.length}` : ''
  const others =
    Math.max(changes.length, refused.length) > 1
      ? ` ${refused.length}${of} changes were refused; nothing has landed.`
      : ''
  const { cause } = refusal

  const conflict = first('conflict')
  if (refusal.code === 'version_conflict' && conflict !== undefined) {
    return new VersionConflictError(
      `${name(conflict, conflict.theirs)} ${sayConflict(conflict)}${others}`,
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
    return new CellLockedError(
      `${name(locked, locked.cell)} is locked${reason}.${others}`,
      locked.cell,
      refused,
      {
        cause,
        hint: 'Whoever may unlock it has to do so first.',
      },
    )
  }
  const lost = first('lease_lost')
  if (refusal.code === 'lease_lost' && lost !== undefined) {
    const who = lost.heldBy === null ? '' : `; ${lost.heldBy} is editing it now`
    return new LeaseLostError(`${name(lost, lost.cell)}: the lease is lost${who}.${others}`, lost, refused, {
      cause,
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
    return new ValidationError(toOption(field), given, allowed === '' ? refusal.message : allowed, options)
  }
  if (invalid === undefined) return new ValidationError('argument', undefined, refusal.message, options)
  const field = `changes[${invalid.index}].${invalid.field}`
  return new ValidationError(field, changes[invalid.index]?.mine, invalid.message, options)
}

/** The database's name of a parameter as the option that it came from: `p_session_id` is `sessionId`. */
function toOption(parameter: string): string {
  return parameter.replace(/^p_(scope\.)?/, '').replace(/_(.)/g, (_, letter: string) => letter.toUpperCase())
}

/** For the end of a call: a refusal becomes the public error, anything else passes. */
export function rethrow(error: unknown, changes?: readonly PreparedChange[]): never {
  throw error instanceof Refusal ? explain(error, changes ?? []) : error
}

function isRefused(result: WriteResult): result is RefusedResult {
  return !['written', 'unchanged', 'failed'].includes(result.status)
}
