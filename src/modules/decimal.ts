import { ValidationError } from '../errors.ts'
import { toDecimalText, type DecimalText } from '../model/decimal.ts'
import { custom, type Codec, type Dimensions, type Field, type Presence } from './field.ts'

/** Settings of {@link decimal}. */
export interface DecimalOptions<Period extends Presence, Entity extends Presence> extends Dimensions<
  Period,
  Entity
> {
  /**
   * The most digits behind the point that may be written, 0 to 4. Reading shows every digit that is stored.
   * @default 4
   */
  readonly scale?: number | undefined
}

/**
 * A field of exact decimals, as NUMERIC(18,4) holds them. Nothing is rounded: what has more digits than its scale is
 * refused.
 *
 * Its values are texts (`DecimalText`), to be written as `string`, `number` or `bigint`. With `as: 'number'` they are
 * numbers, and a stored value that a number cannot hold exactly is unreadable. With two functions they are what a
 * decimal library makes of the text.
 *
 * @throws {ValidationError} where the scale is not acceptable.
 * @example
 * ```ts
 * import { decimal, defineModules } from '@efir/cells'
 *
 * const modules = defineModules({
 *   revenue: {
 *     tuition_rate_sar: decimal({ scale: 2, period: true, entity: 'optional' }),
 *     growth: decimal({ as: 'number', period: true }),
 *     cents: decimal({ as: { parse: (text) => BigInt(text), format: (cents: bigint) => String(cents) }, scale: 0 }),
 *   },
 * })
 * void modules
 * ```
 */
export function decimal<Value, Input = Value, P extends Presence = false, E extends Presence = false>(
  options: DecimalOptions<P, E> & { readonly as: Codec<Value, Input> },
): Field<Value, Input, NoInfer<P>, NoInfer<E>>
export function decimal<P extends Presence = false, E extends Presence = false>(
  options: DecimalOptions<P, E> & { readonly as: 'number' },
): Field<number, number, NoInfer<P>, NoInfer<E>>
export function decimal<P extends Presence = false, E extends Presence = false>(
  options?: DecimalOptions<P, E> & { readonly as?: undefined },
): Field<DecimalText, DecimalText | number | bigint, NoInfer<P>, NoInfer<E>>
export function decimal(
  options: DecimalOptions<Presence, Presence> & {
    readonly as?: Codec<unknown, never> | 'number' | undefined
  } = {},
): Field<unknown, never> {
  const { scale = 4, as = exact } = options
  if (!Number.isInteger(scale) || scale < 0 || scale > 4) {
    throw new ValidationError('scale', scale, 'a whole number from 0 to 4')
  }
  const codec: Codec<unknown, never> = as === 'number' ? float : as
  return custom(
    'number',
    {
      parse: (stored) => codec.parse(stored),
      format(value: never) {
        const text = toDecimalText(codec.format(value))
        const [, digits = ''] = text.split('.')
        if (digits.length > scale) {
          throw new ValidationError('value', value, `a decimal of at most ${scale} digits behind the point`)
        }
        return text
      },
    },
    options,
  )
}

const exact: Codec<DecimalText, DecimalText | number | bigint> = {
  parse: (text) => text,
  format: (value) => toDecimalText(value),
}

const float: Codec<number> = {
  parse(text) {
    const number = Number(text)
    // Throws for what could not be written back either.
    if (toDecimalText(number) !== text)
      throw new ValidationError('value', text, 'what a number holds exactly')
    return number
  },
  format(number) {
    if (typeof number !== 'number') throw new ValidationError('value', number, 'a number')
    return toDecimalText(number)
  },
}
