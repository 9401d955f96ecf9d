import { ValidationError } from '../errors.ts'
import { isStorableText } from './address.ts'
import { toDecimalText, type DecimalText } from './decimal.ts'

/**
 * A value to be written. A `string`, `bigint` or `number` is an exact decimal; `{ text }` is text; `null` empties
 * the cell. A `number` is taken only while it is exact: at most 15 significant digits, 4 of them behind the point.
 */
export type CellInput = string | number | bigint | null | { readonly text: string }

/** A value in the form that it is stored in: at most one of the two is set. */
export interface StoredValue {
  readonly number: DecimalText | null
  readonly text: string | null
}

const textLimit = 10_000

/**
 * A value in the form that it is stored in: what a write checks before anything is sent.
 *
 * @throws {ValidationError} where the value cannot be stored exactly as given.
 * @example
 * ```ts
 * import { toStoredValue } from '@efir/cells'
 *
 * toStoredValue('45000.00') // { number: '45000', text: null }
 * ```
 */
export function toStoredValue(input: CellInput, field = 'value'): StoredValue {
  if (input === null) return { number: null, text: null }
  if (typeof input === 'object') {
    const { text } = input
    if (typeof text !== 'string' || text.length > textLimit || !isStorableText(text)) {
      throw new ValidationError(
        `${field}.text`,
        text,
        `text of at most ${textLimit.toLocaleString('en')} characters`,
      )
    }
    return { number: null, text }
  }
  if (!['string', 'number', 'bigint'].includes(typeof input)) {
    throw new ValidationError(field, input, 'an exact decimal, { text } or null')
  }
  try {
    return { number: toDecimalText(input, field), text: null }
  } catch (error) {
    if (!(error instanceof ValidationError) || typeof input !== 'string') throw error
    throw new ValidationError(field, input, `${error.allowed}; for text pass { text: … }`)
  }
}
