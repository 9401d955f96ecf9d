import { ValidationError } from './errors.ts'
import { resolveAddress, type CellAddress, type ResolvedAddress } from './model/address.ts'
import type { Cell } from './model/cell.ts'
import { toStoredValue, type CellInput } from './model/value.ts'
import type { CellReference, WriteItem } from './transport/port.ts'

/** The version that a write is based on: 0 for "must not exist yet", `'any'` for "whatever is there". */
export type BaseVersion = number | 'any'

/**
 * One change of a batch. A `Cell` as it was read carries its own version; a bare address needs `ifVersion`, so that
 * nobody overwrites unseen values by accident.
 */
export type CellChange = (
  | { readonly cell: Cell; readonly ifVersion?: BaseVersion }
  | { readonly cell: CellAddress; readonly ifVersion: BaseVersion }
) & {
  /** The change lands only while this lease is held. */
  readonly lease?: { readonly token: number } | undefined
} & (
    { readonly value: CellInput; readonly delete?: never } | { readonly delete: true; readonly value?: never }
  )

/** A change, checked: what goes down, and what is needed to understand the answer. */
export interface PreparedChange {
  readonly item: WriteItem
  readonly address: ResolvedAddress
  readonly base: Cell | null
  readonly mine: CellInput
}

export function prepareChange(change: CellChange, field: string): PreparedChange {
  const base = isCell(change.cell) ? change.cell : null
  const address = base ?? resolveAddress(change.cell, `${field}.cell`)
  const mine = change.delete === true ? null : change.value
  const item: WriteItem = {
    reference: toReference(change.cell, `${field}.cell`),
    value: change.delete === true ? null : toStoredValue(change.value, `${field}.value`),
    base: toBase(change.ifVersion ?? base?.version, `${field}.ifVersion`),
    ...(change.lease !== undefined && { lease: toToken(change.lease, `${field}.lease`) }),
  }
  return { item, address, base, mine }
}

export function toReference(cell: Cell | CellAddress, field: string): CellReference {
  return isCell(cell) && cell.exists ? cell.id : resolveAddress(cell, field)
}

export function isCell(cell: Cell | CellAddress): cell is Cell {
  return typeof cell === 'object' && (cell as Cell | null) !== null && 'exists' in cell
}

function toToken(lease: { readonly token: unknown } | null, field: string): number {
  const token = lease?.token
  if (Number.isSafeInteger(token)) return token as number
  throw new ValidationError(field, lease, 'a lease, as leases.acquire() gave it')
}

function toBase(given: BaseVersion | undefined, field: string): number | null {
  if (given === 'any') return null
  if (typeof given === 'number' && Number.isSafeInteger(given) && given >= 0) return given
  throw new ValidationError(
    field,
    given,
    "the version that was read, 0 for a cell that must not exist yet, or 'any'",
  )
}
