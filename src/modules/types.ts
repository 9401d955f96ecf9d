import type { CellAddress } from '../model/address.ts'
import type { EntityId } from '../model/ids.ts'
import type { AnyCell, Cell, StoredCell, TypedCell, UnreadableCell } from '../model/cell.ts'
import type { CellInput } from '../model/value.ts'
import type { InputOf, Presence, ValueOf } from './field.ts'
import type { Modules } from './modules.ts'

// What the modules of an application make of addresses, cells and values. Everything asks three questions in this order:
// are there modules at all; is the module's name known to the compiler; is it one of them.

/** No modules: every address is possible, every value is exact text. */
// eslint-disable-next-line @typescript-eslint/no-generated-empty-object-type -- no names at all is what is meant
export type NoModules = Modules<Record<never, never>>

/** The fields of the modules. */
export type Defined<M extends Modules> = M['definitions']
/** How TypeScript suggests the known names and takes any other. */
export type AnyName = string & NonNullable<unknown>

/** A module's name: one of those defined, or any other. */
export type ModuleName<M extends Modules> = (keyof Defined<M> & string) | AnyName

/** The names of a module's fields; any, where nothing is known of the module. */
export type FieldName<M extends Modules, Module> = string extends Module
  ? string
  : Module extends keyof Defined<M>
    ? keyof Defined<M>[Module] & string
    : string

/** The definition of one field; `undefined` where nothing is known of it. */
export type DefinitionAt<M extends Modules, Module, Field> = string extends Module
  ? undefined
  : Module extends keyof Defined<M>
    ? Field extends keyof Defined<M>[Module]
      ? Defined<M>[Module][Field]
      : undefined
    : undefined

/** Whether a field's addresses have a part. */
export type PresenceAt<Definition, Part extends 'period' | 'entity'> =
  Definition extends Record<Part, infer P extends Presence>
    ? P
    : Definition extends { readonly '~standard': unknown }
      ? false
      : 'optional'

/** That part of an address. */
export type AddressPart<Name extends string, Value, P extends Presence> = P extends true
  ? Readonly<Record<Name, Value>>
  : P extends false
    ? Readonly<Partial<Record<Name, null | undefined>>>
    : Readonly<Partial<Record<Name, Value | null | undefined>>>

/** The address of a cell of a field, with the period and the entity that the field asks for. */
export type AddressAt<M extends Modules, Module extends string, Field extends string> = {
  readonly module: Module
  readonly field: Field
} & AddressPart<'period', string, PresenceAt<DefinitionAt<M, Module, Field>, 'period'>> &
  AddressPart<'entity', EntityId, PresenceAt<DefinitionAt<M, Module, Field>, 'entity'>>

/** Whether there are no modules. */
export type Untyped<M extends Modules> = [keyof Defined<M>] extends [never] ? true : false

/** A cell of a field, as it is read. */
export type CellAt<M extends Modules, Module extends string, Field extends string> =
  Untyped<M> extends true
    ? Cell
    : string extends Module
      ? AnyCell
      : Module extends keyof Defined<M>
        ? Field extends keyof Defined<M>[Module] & string
          ? TypedCell<Module & string, Field, ValueOf<Defined<M>[Module][Field]>>
          : never
        : Cell

/** What may be written to a field. */
export type InputAt<M extends Modules, Module extends string, Field extends string> =
  Untyped<M> extends true
    ? CellInput
    : string extends Module
      ? AnyInput<M>
      : Module extends keyof Defined<M>
        ? Field extends keyof Defined<M>[Module]
          ? InputOf<Defined<M>[Module][Field]>
          : never
        : CellInput

/** What may be written where the compiler cannot tell the module: it is checked when it is written. */
export type AnyInput<M extends Modules> =
  | CellInput
  | { [Module in keyof Defined<M>]: InputOf<Defined<M>[Module][keyof Defined<M>[Module]]> }[keyof Defined<M>]

/** A cell of a list. One whose field the modules do not know is listed too, as an unreadable one. */
export type ListedCell<M extends Modules, Module extends string, Field extends string> =
  Untyped<M> extends true
    ? StoredCell
    : string extends Module
      ? Extract<AnyCell, { exists: true }>
      : Module extends keyof Defined<M>
        ? ListedAt<M, Module & string, Field> | UnreadableCell<Module & string, Field>
        : StoredCell

/** The same, of modules that are defined. */
export type ListedAt<
  M extends Modules,
  Module extends string,
  Field extends string,
> = Field extends keyof Defined<M>[Module] & string
  ? StoredCell<Module, Field, ValueOf<Defined<M>[Module][Field]>>
  : never

/** The module and the field that an address or a cell names. */
export type NamesIn<Reference> = Reference extends {
  readonly module: infer Module extends string
  readonly field: infer Field extends string
}
  ? [Module, Field]
  : never

/** References as they must be: each as its own field asks. */
export type CheckedReferences<M extends Modules, References> = {
  readonly [Index in keyof References]: CheckedReference<M, References[Index]>
}
/** A reference as it must be. A cell as it was read needs no check. */
export type CheckedReference<M extends Modules, Reference> = Reference extends { readonly exists: boolean }
  ? Reference
  : NamesIn<Reference> extends [infer Module extends string, infer Field extends string]
    ? CheckedAddress<M, Module, Field>
    : CellAddress
/** An address as it must be. */
export type CheckedAddress<M extends Modules, Module extends string, Field extends string> =
  Field extends FieldName<M, Module> ? AddressAt<M, Module, Field> : { readonly field: FieldName<M, Module> }

/** The cells of references, each of its own type where the compiler sees each. */
export type CellsAt<M extends Modules, References extends readonly unknown[]> =
  Untyped<M> extends true ? Cell[] : { -readonly [Index in keyof References]: CellOf<M, References[Index]> }
/** The cell of what a reference names. */
export type CellOf<M extends Modules, Reference> =
  NamesIn<Reference> extends [infer Module extends string, infer Field extends string]
    ? CellAt<M, Module, Field>
    : AnyCell

/** What may be written to what a reference names. */
export type InputOfReference<M extends Modules, Reference> =
  NamesIn<Reference> extends [infer Module extends string, infer Field extends string]
    ? InputAt<M, Module, Field>
    : AnyInput<M>
