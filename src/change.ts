import { ValidationError } from './errors.ts'
import { resolveAddress, type CellAddress, type ResolvedAddress } from './model/address.ts'
import type { Cell } from './model/cell.ts'
import { toStoredValue, type CellInput } from './model/value.ts'
import type { CellReference, WriteItem } from './transport/port.ts'

/**
 * The version that a write is based on: 0 for "must not exist yet", `'existing'` for "whatever is there, if something is",
 * `'any'` for "whatever is there".
 */
export type BaseVersion = number | 'existing' | 'any'

/**
 * One change of a batch. A `Cell` as it was read carries its own version; a bare address needs `ifVersion`, so that
 * nobody overwrites unseen values by accident.
 */
export type CellChange = (
  | { readonly cell: Cell; readonly ifVersion?: BaseVersion }
  | { readonly cell: CellAddress; readonly ifVersion: BaseVersion }
) &
  ({ readonly value: CellInput; readonly delete?: never } | { readonly delete: true; readonly value?: never })

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
  }
  return { item, address, base, mine }
}

function toReference(cell: Cell | CellAddress, field: string): CellReference {
  return isCell(cell) && cell.exists ? cell.id : resolveAddress(cell, field)
}

export function isCell(cell: Cell | CellAddress): cell is Cell {
  return 'exists' in cell
}

function toBase(given: BaseVersion | undefined, field: string): WriteItem['base'] {
  if (given === 'any') return null
  if (given === 'existing') return '*'
  if (typeof given === 'number' && Number.isSafeInteger(given) && given >= 0) return given
  throw new ValidationError(
    field,
    given,
    "the version that was read, 0 for a cell that must not exist yet, 'existing' or 'any'",
  )
}
