import { toStoredValue, ValidationError, type CellInput } from '../../index.ts'
import type { ReadNumeral } from './numeral.ts'

/** A number in digits, as a file states it: `1.50`, `-2E3`. It has not been through a float. */
export class Digits {
  readonly text: string
  constructor(text: string) {
    this.text = text
  }
}

/** What a reader found in one place: text, a number in digits, or whatever an iterable of objects holds. */
export type RawValue = unknown

/** What a value is meant to be. */
export type ValueKind = 'number' | 'text' | 'empty'

/** A value, or why it is none. With neither of the two, nothing was stated. */
export interface ValueReading {
  readonly input?: CellInput
  readonly reason?: string
}

const nothing: ValueReading = Object.freeze({})
/** Zeros that an exponent may add; what is larger does not fit a cell anyway. */
const longestExponent = 30

/** A value as the cell is to hold it. */
export function readValue(raw: RawValue, kind: ValueKind, readNumeral: ReadNumeral): ValueReading {
  if (kind === 'empty') return { input: null }
  if (isTextValue(raw)) return kind === 'text' || raw.text !== '' ? checked({ text: raw.text }) : nothing
  if (kind === 'text') return readText(raw)
  if (raw === undefined || raw === null || raw === '') return nothing
  if (raw instanceof Digits) return readDigits(raw.text)
  if (typeof raw === 'string') {
    if (raw.trim() === '') return nothing
    const reading = readNumeral(raw)
    return 'reason' in reading ? reading : checked(reading.decimal)
  }
  if (typeof raw === 'number' || typeof raw === 'bigint') return checked(raw)
  return { reason: 'It is not a number.' }
}

function readText(raw: RawValue): ValueReading {
  if (raw === undefined || raw === null) return nothing
  if (typeof raw === 'string') return checked({ text: raw })
  if (raw instanceof Digits) return checked({ text: raw.text })
  return { reason: 'It is not text.' }
}

function isTextValue(raw: RawValue): raw is { readonly text: string } {
  return (
    typeof raw === 'object' &&
    raw !== null &&
    !(raw instanceof Digits) &&
    'text' in raw &&
    typeof raw.text === 'string'
  )
}

function readDigits(text: string): ValueReading {
  const [, sign = '', whole = '', fraction = '', exponent = '0'] =
    /^([-+]?)(\d*)\.?(\d*)(?:[eE]([-+]?\d+))?$/.exec(text) ?? []
  const shift = Number(exponent)
  if (whole + fraction === '' || Math.abs(shift) > longestExponent)
    return { reason: 'It does not fit a cell.' }
  const digits = whole + fraction
  const point = whole.length + shift
  const padded = point <= 0 ? digits.padStart(digits.length - point + 1, '0') : digits.padEnd(point, '0')
  const at = Math.max(point, 1)
  const behind = padded.slice(at)
  const decimal = `${padded.slice(0, at)}${behind === '' ? '' : `.${behind}`}`
  return checked(sign === '-' ? `-${decimal}` : decimal)
}

function checked(input: CellInput): ValueReading {
  try {
    const { number, text } = toStoredValue(input, 'value')
    return { input: text === null ? number : { text } }
  } catch (error) {
    if (error instanceof ValidationError) return { reason: `Allowed is ${error.allowed}.` }
    throw error
  }
}
