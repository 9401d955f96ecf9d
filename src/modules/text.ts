import { ValidationError } from '../errors.ts'
import { custom, type Dimensions, type Field, type Presence } from './field.ts'

/**
 * A field of text, up to 10,000 characters.
 *
 * @example
 * ```ts
 * import { defineModules, text } from '@efir/cells'
 *
 * const modules = defineModules({ revenue: { note: text({ entity: true }) } })
 * void modules
 * ```
 */
export function text<P extends Presence = false, E extends Presence = false>(
  dimensions?: Dimensions<P, E>,
): Field<string, string, NoInfer<P>, NoInfer<E>> {
  return among((value) => typeof value === 'string', 'text or null', dimensions)
}

/**
 * A field that holds one of some texts.
 *
 * @throws {ValidationError} where there is nothing to choose from.
 * @example
 * ```ts
 * import { defineModules, oneOf } from '@efir/cells'
 *
 * const modules = defineModules({ revenue: { status: oneOf(['draft', 'final']) } })
 * void modules
 * ```
 */
export function oneOf<const Choice extends string, P extends Presence = false, E extends Presence = false>(
  choices: readonly Choice[],
  dimensions?: Dimensions<P, E>,
): Field<Choice, Choice, NoInfer<P>, NoInfer<E>> {
  if (
    !Array.isArray(choices) ||
    choices.length === 0 ||
    !choices.every((choice) => typeof choice === 'string')
  ) {
    throw new ValidationError('choices', choices, 'at least one text')
  }
  const allowed = `${choices.map((choice) => JSON.stringify(choice)).join(', ')} or null`
  return among((value): value is Choice => choices.includes(value as Choice), allowed, dimensions)
}

/**
 * A field that is `true` or `false`, stored as these words.
 *
 * @example
 * ```ts
 * import { boolean, defineModules } from '@efir/cells'
 *
 * const modules = defineModules({ staff: { open: boolean({ entity: true }) } })
 * void modules
 * ```
 */
export function boolean<P extends Presence = false, E extends Presence = false>(
  dimensions?: Dimensions<P, E>,
): Field<boolean, boolean, NoInfer<P>, NoInfer<E>> {
  const refuse = (given: unknown): never => {
    throw new ValidationError('value', given, 'true, false or null')
  }
  return custom(
    'text',
    {
      parse: (stored) => stored === 'true' || (stored !== 'false' && refuse(stored)),
      format: (value) => (typeof value === 'boolean' ? String(value) : refuse(value)),
    },
    dimensions,
  )
}

/**
 * A field of calendar days, as `YYYY-MM-DD`: a day has no time and no time zone, so it is no `Date`.
 *
 * @example
 * ```ts
 * import { date, defineModules } from '@efir/cells'
 *
 * const modules = defineModules({ revenue: { due: date({ period: true }) } })
 * void modules
 * ```
 */
export function date<P extends Presence = false, E extends Presence = false>(
  dimensions?: Dimensions<P, E>,
): Field<string, string, NoInfer<P>, NoInfer<E>> {
  return among(isDay, 'a day of the calendar, such as "2026-09-01", or null', dimensions)
}

/** Text that passes a check, on its way in and on its way out. */
function among<Value extends string, P extends Presence, E extends Presence>(
  fits: (value: unknown) => value is Value,
  allowed: string,
  dimensions?: Dimensions<P, E>,
): Field<Value, Value, NoInfer<P>, NoInfer<E>> {
  const check = (value: unknown): Value => {
    if (!fits(value)) throw new ValidationError('value', value, allowed)
    return value
  }
  return custom('text', { parse: check, format: check }, dimensions)
}

function isDay(value: unknown): value is string {
  if (typeof value !== 'string' || !/^\d{4}-\d\d-\d\d$/.test(value)) return false
  const time = Date.parse(`${value}T00:00:00Z`)
  // Some engines take February 30th for March 2nd.
  return !Number.isNaN(time) && new Date(time).toISOString().startsWith(value)
}
