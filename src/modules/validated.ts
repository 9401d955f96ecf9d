import type { StandardSchemaV1 } from '@standard-schema/spec'
import { ValidationError } from '../errors.ts'
import { custom, type Field, type Presence } from './field.ts'

/**
 * A field whose values a schema checks as well: zod, Valibot, ArkType or any other
 * [Standard Schema](https://standardschema.dev). It checks what is written and what is read, so it must accept what it
 * answers, and answer at once.
 *
 * @param field how the values are stored; its values are what the schema gets to see.
 * @example
 * ```ts
 * import { decimal, defineModules, validated } from '@efir/cells'
 * import { z } from 'zod'
 *
 * const modules = defineModules({
 *   staff: {
 *     email: z.email(), // short for validated(text(), z.email())
 *     share: validated(decimal({ as: 'number', period: true }), z.number().min(0).max(1)),
 *   },
 * })
 * void modules
 * ```
 */
export function validated<
  FieldInput,
  P extends Presence,
  E extends Presence,
  Schema extends StandardSchemaV1<unknown, FieldInput>,
>(
  field: Field<unknown, FieldInput, P, E>,
  schema: Schema,
): Field<StandardSchemaV1.InferOutput<Schema>, StandardSchemaV1.InferInput<Schema>, NoInfer<P>, NoInfer<E>> {
  const check = (value: unknown): FieldInput => {
    const result = schema['~standard'].validate(value)
    if (result instanceof Promise) {
      throw new ValidationError(
        'value',
        value,
        'what a schema that answers at once accepts; this one answers later',
      )
    }
    if (result.issues !== undefined) {
      throw new ValidationError('value', value, result.issues.map(describe).join('; '))
    }
    return result.value
  }
  return custom(
    field.stored,
    {
      parse: (stored) => check(field.parse(stored)) as StandardSchemaV1.InferOutput<Schema>,
      format: (value) => field.format(check(value)),
    },
    field,
  )
}

function describe({ message, path = [] }: StandardSchemaV1.Issue): string {
  const place = path.map((part) => String(typeof part === 'object' ? part.key : part)).join('.')
  return place === '' ? message : `${place}: ${message}`
}
