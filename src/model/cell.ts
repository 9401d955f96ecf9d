import type { ResolvedAddress } from './address.ts'

/** Where a value came from: a person, a calculation, or an import. */
export type ValueType = 'input' | 'calculated' | 'imported'

/** A cell that the database holds. Frozen. */
export interface StoredCell extends ResolvedAddress {
  readonly exists: true
  readonly id: string
  /** `number` for an exact decimal, `text` for text, `empty` for neither. */
  readonly kind: 'number' | 'text' | 'empty'
  /** The decimal as exact text (`DecimalText`), or the text, or `null` for an empty cell. */
  readonly value: string | null
  readonly valueType: ValueType
  readonly isLocked: boolean
  readonly lockReason: string | null
  /** The optimistic lock: 1 at creation, moved by exactly one by every change. */
  readonly version: number
  /** The user id of who wrote last; `null` for a service. */
  readonly modifiedBy: string | null
  /** ISO 8601, by the database's clock. */
  readonly modifiedAt: string
}

/** A cell that nobody has written yet. Writing to it creates it, unless somebody else is faster. Frozen. */
export interface MissingCell extends ResolvedAddress {
  readonly exists: false
  readonly id: null
  readonly kind: 'empty'
  readonly value: null
  readonly isLocked: false
  readonly lockReason: null
  readonly version: 0
  readonly modifiedBy: null
  readonly modifiedAt: null
}

/** A cell as it was read: what {@link Budget.write} takes as the base of a change. */
export type Cell = StoredCell | MissingCell

export function missingCell(address: ResolvedAddress): MissingCell {
  const { module, entity, field, period } = address
  return Object.freeze({
    module,
    entity,
    field,
    period,
    exists: false,
    id: null,
    kind: 'empty',
    value: null,
    isLocked: false,
    lockReason: null,
    version: 0,
    modifiedBy: null,
    modifiedAt: null,
  })
}

/** At most one of the two is set. */
export function kindOf(number: string | null, text: string | null): Cell['kind'] {
  return number !== null ? 'number' : text !== null ? 'text' : 'empty'
}
