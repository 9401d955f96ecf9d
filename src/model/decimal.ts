import { ValidationError } from '../errors.ts'
import type { Kind } from './ids.ts'

/**
 * An exact decimal as text: no exponent, no thousands separators, no trailing zeros behind the point, no `-0`.
 * It holds what NUMERIC(18,4) holds: at most 14 digits before the point and 4 behind it.
 */
export type DecimalText = Kind<'decimal'>

const integerDigits = 14
const fractionDigits = 4
const allowed = `an exact decimal of at most ${integerDigits} digits before the point and ${fractionDigits} behind, such as "45000.00"`
const shape = /^(-?)0*(\d+)(?:\.(\d+?)0*)?$/
/** A double holds this many significant decimal digits exactly; beyond it, what the caller typed is already lost. */
const exactDigitsOfANumber = 15

/**
 * The canonical text of a decimal. Nothing is rounded: what does not fit is refused.
 *
 * @throws {ValidationError} for anything else than a decimal that NUMERIC(18,4) holds exactly.
 */
export function toDecimalText(given: string | number | bigint, field = 'value'): DecimalText {
  const match = shape.exec(String(given))
  if (match === null) throw new ValidationError(field, given, allowed)
  const [, sign = '', integer = '', fraction = ''] = match
  const kept = /^0*$/.test(fraction) ? '' : fraction
  if (integer.length > integerDigits || kept.length > fractionDigits)
    throw new ValidationError(field, given, allowed)
  if (typeof given === 'number' && (integer + kept).length > exactDigitsOfANumber) {
    throw new ValidationError(
      field,
      given,
      `${allowed}, as a string: this many digits do not survive a JavaScript number`,
    )
  }
  const text = kept === '' ? integer : `${integer}.${kept}`
  return text === '0' ? text : sign + text
}
