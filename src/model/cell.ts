import type { ResolvedAddress } from './address.ts'
import type { DecimalText } from './decimal.ts'
import type { CellId, UserId } from './ids.ts'
import type { StoredValue } from './value.ts'

/** Where a value came from: a person, a calculation, or an import. */
export type ValueType = 'input' | 'calculated' | 'imported'

/** An address whose module and field are known as narrowly as the caller's modules tell. */
export interface NamedAddress<Module extends string, Field extends string> extends ResolvedAddress {
  readonly module: Module
  readonly field: Field
}

/** What the database holds about a cell besides its value. */
export interface CellRow<Module extends string = string, Field extends string = string> extends NamedAddress<
  Module,
  Field
> {
  readonly exists: true
  readonly id: CellId
  readonly valueType: ValueType
  readonly isLocked: boolean
  readonly lockReason: string | null
  /** The optimistic lock: 1 at creation, moved by exactly one by every change. */
  readonly version: number
  /** The user id of who wrote last; `null` for a service. */
  readonly modifiedBy: UserId | null
  /** ISO 8601, by the database's clock. */
  readonly modifiedAt: string
}

/** A cell that the database holds. Frozen. */
export interface StoredCell<
  Module extends string = string,
  Field extends string = string,
  Value = string,
> extends CellRow<Module, Field> {
  /** `number` for an exact decimal, `text` for text, `empty` for neither. */
  readonly kind: 'number' | 'text' | 'empty'
  /**
   * What its field says, or without modules the decimal as exact text (`DecimalText`) or the text. `null` for an empty
   * cell.
   */
  readonly value: Value | null
}

/**
 * A cell that holds what its field cannot read: somebody wrote it past this application, or with older modules. It can
 * be written over and deleted like any other. Only where modules are defined. Frozen.
 */
export interface UnreadableCell<
  Module extends string = string,
  Field extends string = string,
> extends CellRow<Module, Field> {
  readonly kind: 'unreadable'
  /** Throws an `UnreadableValueError` that names the cell; left out of copies and of JSON. */
  readonly value: never
  /** What the cell holds, in the form that a write without modules takes. */
  readonly raw: DecimalText | { readonly text: string }
  /** What is wrong with it, as a sentence. */
  readonly problem: string
}

/** A cell that nobody has written yet. Writing to it creates it, unless somebody else is faster. Frozen. */
export interface MissingCell<
  Module extends string = string,
  Field extends string = string,
> extends NamedAddress<Module, Field> {
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

/** A cell of a defined field as it was read: check `kind` for `'unreadable'`, or let `value` throw. */
export type TypedCell<Module extends string, Field extends string, Value> =
  StoredCell<Module, Field, Value> | UnreadableCell<Module, Field> | MissingCell<Module, Field>

/** Any cell as it was read, whatever its value is. */
export type AnyCell<Module extends string = string, Field extends string = string> = TypedCell<
  Module,
  Field,
  unknown
>

/** A cell that is there. */
export type Existing<Read extends AnyCell> = Extract<Read, { readonly exists: true }>

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

/** A cell as a write of ours left it. */
export function writtenCell(
  { module, entity, field, period }: ResolvedAddress,
  { number, text }: StoredValue,
  written: { readonly id: string; readonly version: number; readonly by: string | null; readonly at: string },
  valueType: ValueType,
): StoredCell {
  return Object.freeze({
    module,
    entity,
    field,
    period,
    exists: true,
    id: written.id,
    kind: kindOf(number, text),
    value: number ?? text,
    valueType,
    isLocked: false,
    lockReason: null,
    version: written.version,
    modifiedBy: written.by,
    modifiedAt: written.at,
  })
}
