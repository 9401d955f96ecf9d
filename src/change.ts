import { ValidationError } from './errors.ts'
import { resolveAddress, type CellAddress, type ResolvedAddress } from './model/address.ts'
import type { AnyCell } from './model/cell.ts'
import { toStoredValue, type CellInput } from './model/value.ts'
import type { ModuleRules } from './modules/rules.ts'
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
export type CellChange = ChangeOf<AnyCell, CellAddress, CellInput>

/** One change of a batch, of cells, addresses and values as narrow as they are known. */
export type ChangeOf<Read extends AnyCell, Address, Input> = (
  | { readonly cell: Read; readonly ifVersion?: BaseVersion }
  | { readonly cell: Address; readonly ifVersion: BaseVersion }
) & {
  /** The change lands only while this lease is held. */
  readonly lease?: { readonly token: number } | undefined
} & ({ readonly value: Input; readonly delete?: never } | { readonly delete: true; readonly value?: never })

/** A change, checked: what goes down, and what is needed to understand the answer. */
export interface PreparedChange {
  readonly item: WriteItem
  readonly address: ResolvedAddress
  readonly base: AnyCell | null
  readonly mine: unknown
  /** What makes of the cell that comes back what its reader gets. */
  readonly rules: ModuleRules
}

export function prepareChange(change: LooseChange, field: string, rules: ModuleRules): PreparedChange {
  const { cell, value } = change
  const base = isCell(cell) ? cell : null
  const address = base ?? resolveAddress(cell, `${field}.cell`)
  if (base === null) rules.checkAddress(address, `${field}.cell`)
  const deleted = change.delete === true
  const item: WriteItem = {
    reference: toReference(cell, `${field}.cell`),
    value: deleted ? null : toStoredValue(rules.toInput(address, value, field), `${field}.value`),
    base: toBase(change.ifVersion ?? base?.version, `${field}.ifVersion`),
    ...(change.lease !== undefined && { lease: toToken(change.lease, `${field}.lease`) }),
  }
  return { item, address, base, mine: deleted ? null : value, rules }
}

/** A change as it comes in, whatever the compiler knew about it. */
export interface LooseChange {
  readonly cell: AnyCell | CellAddress
  readonly value?: unknown
  readonly delete?: true
  readonly ifVersion?: BaseVersion
  readonly lease?: { readonly token: number } | undefined
}

export function toReference(cell: AnyCell | CellAddress, field: string): CellReference {
  return isCell(cell) && cell.exists ? cell.id : resolveAddress(cell, field)
}

export function isCell(cell: AnyCell | CellAddress): cell is AnyCell {
  return typeof cell === 'object' && (cell as AnyCell | null) !== null && 'exists' in cell
}

function toToken(lease: { readonly token: unknown } | null, field: string): number {
  const token = lease?.token
  if (Number.isSafeInteger(token)) return token as number
  throw new ValidationError(field, lease, 'a lease, as leases.acquire() gave it')
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
