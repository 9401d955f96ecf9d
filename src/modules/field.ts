import type { StandardSchemaV1 } from '@standard-schema/spec'

/** Whether an address has a part: it must (`true`), may (`'optional'`), or must not (`false`). */
export type Presence = boolean | 'optional'

/** What a field's addresses have besides module and field name. */
export interface Dimensions<Period extends Presence, Entity extends Presence> {
  /**
   * Whether its values have a period.
   * @default false
   */
  readonly period?: Period | undefined
  /**
   * Whether its values are about an entity.
   * @default false
   */
  readonly entity?: Entity | undefined
}

/** How values of one type are stored: as an exact decimal or as text. */
export interface Codec<Value, Input = Value> {
  /** The value of what is stored. What it throws becomes an `UnreadableValueError` at the cell. */
  parse(stored: string): Value
  /** What to store for a value: a decimal's text, or text. What it throws becomes a `ValidationError`. */
  format(value: Input): string
}

/** One field of a module: what its values are, how they are stored, and which parts its addresses have. */
export interface Field<
  Value,
  Input = Value,
  Period extends Presence = Presence,
  Entity extends Presence = Presence,
> extends Codec<Value, Input> {
  readonly stored: 'number' | 'text'
  readonly period: Period
  readonly entity: Entity
}

/** Any field, whatever its values are. */
export type AnyField = Field<unknown, never>

/** What may stand for a field: a field, or a Standard Schema for text without period and entity. */
export type FieldDefinition = AnyField | StandardSchemaV1<string, string>

// A schema is asked for first: libraries of schemas have methods called parse and format too.

/** The type of a field's values, as they are read. */
export type ValueOf<Definition> = Definition extends StandardSchemaV1
  ? StandardSchemaV1.InferOutput<Definition>
  : Definition extends Codec<infer Value, never>
    ? Value
    : never

/** The type of a field's values, as they may be written. `null` empties any cell. */
export type InputOf<Definition> = Definition extends StandardSchemaV1
  ? StandardSchemaV1.InferInput<Definition> | null
  : Definition extends Codec<unknown, infer Input>
    ? Input | null
    : never

/**
 * A field with values of any type of your own, by two functions.
 *
 * @param stored whether the database keeps it as an exact decimal (NUMERIC(18,4)) or as text.
 * @example
 * ```ts
 * import { custom, defineModules } from '@efir/cells'
 *
 * const tags = custom('text', {
 *   parse: (text) => text.split(' '),
 *   format: (list: string[]) => list.join(' '),
 * })
 * const modules = defineModules({ staff: { tags } })
 * void modules
 * ```
 */
export function custom<
  Value,
  Input = Value,
  Period extends Presence = false,
  Entity extends Presence = false,
>(
  stored: 'number' | 'text',
  codec: Codec<Value, Input>,
  { period, entity }: Dimensions<Period, Entity> = {},
): Field<Value, Input, NoInfer<Period>, NoInfer<Entity>> {
  return {
    stored,
    parse: (text) => codec.parse(text),
    format: (value) => codec.format(value),
    period: period ?? (false as Period),
    entity: entity ?? (false as Entity),
  }
}
