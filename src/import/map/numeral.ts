import { ValidationError } from '../../index.ts'

/** A number as people write it, as exact decimal text; or why it cannot be told what it means. */
type NumeralReading = { readonly decimal: string } | { readonly reason: string }
export type ReadNumeral = (text: string) => NumeralReading

/** How one language writes numbers. */
interface Notation {
  readonly decimal: string
  readonly isGroup: (character: string) => boolean
  /** Digits of the last group before the decimal mark, and of those before it: 3 and 2 in India. */
  readonly groups: readonly [last: number, other: number]
  readonly toAscii: (text: string) => string
}

const spaces = /[ \u00a0\u2009\u202f]/
const apostrophes = /['\u2019]/
/** What some languages put around a minus sign to keep the direction of writing. */
const directionMarks = /[\u200e\u200f\u061c]/g
const minus = /^[-\u2212]/
const plain = /^[-\u2212+]?\d+$/
const exact = /^-?\d+(\.\d+)?$/

/**
 * What reads numbers: in a language's notation, exactly as a program writes them (`'exact'`: digits and a point), or,
 * with no language named, whatever can mean one thing only.
 *
 * @throws {ValidationError} where nobody knows the language.
 */
export function numeralReader(locale: string | undefined): ReadNumeral {
  if (locale === undefined) return readUnambiguous
  if (locale === 'exact') return readExact
  const notation = notationOf(locale)
  return (text) => readIn(notation, text)
}

function readExact(text: string): NumeralReading {
  return exact.test(text) ? { decimal: text } : { reason: 'It is not a number: digits and a decimal point.' }
}

function readUnambiguous(given: string): NumeralReading {
  const text = given.trim()
  if (plain.test(text)) return { decimal: toDecimal(minus.test(text), text.replace(/^[-\u2212+]/, ''), '') }
  const marks = Array.from(text).filter((character) => character === '.' || character === ',')
  const last = marks.at(-1)
  const repeated = marks.filter((mark) => mark === last).length > 1
  const otherGroups = spaces.test(text) || apostrophes.test(text)
  const isAlone = marks.length === 1 && !otherGroups
  // "1.234" is a thousand here and one there. "0.234" and "1234.567" are no thousands anywhere.
  if (isAlone && /^[-\u2212+]?[1-9]\d{0,2}[.,]\d{3}$/.test(text)) {
    return { reason: 'It can be read in two ways, thousands or a fraction. Name the locale.' }
  }
  // The last mark is the decimal one, unless it comes again; then both that can be are group marks.
  const decimal = last === undefined || repeated ? '' : last
  const group = marks.find((mark) => mark !== decimal) ?? ''
  return readIn(
    {
      decimal,
      isGroup: (character) => character === group || spaces.test(character) || apostrophes.test(character),
      groups: [3, 3],
      toAscii: (some) => some,
    },
    text,
  )
}

function readIn(notation: Notation, given: string): NumeralReading {
  const text = notation.toAscii(given.replace(directionMarks, '').trim())
  const negative = minus.test(text)
  const unsigned = text.replace(/^[-\u2212+]/, '')
  const { decimal } = notation
  const at = decimal === '' ? -1 : unsigned.indexOf(decimal)
  const whole = at === -1 ? unsigned : unsigned.slice(0, at)
  const fraction = at === -1 ? '' : unsigned.slice(at + 1)
  const groups = splitGroups(whole, notation.isGroup)
  const isWhole = groups.every((group) => /^\d+$/.test(group)) && haveSizes(groups, notation.groups)
  if (!isWhole || !/^\d*$/.test(fraction) || (at !== -1 && fraction === '')) {
    return { reason: 'It is not a number that can be read for certain.' }
  }
  return { decimal: toDecimal(negative, groups.join(''), fraction) }
}

function splitGroups(whole: string, isGroup: (character: string) => boolean): readonly string[] {
  const mark = Array.from(whole).find((character) => isGroup(character))
  return mark === undefined ? [whole] : whole.split(mark)
}

function haveSizes(groups: readonly string[], [last, other]: Notation['groups']): boolean {
  return groups.every((group, index) => {
    if (groups.length === 1) return true
    if (index === groups.length - 1) return group.length === last
    return index === 0 ? group.length <= other : group.length === other
  })
}

function toDecimal(negative: boolean, whole: string, fraction: string): string {
  return `${negative ? '-' : ''}${whole}${fraction === '' ? '' : `.${fraction}`}`
}

function notationOf(locale: string): Notation {
  const format = formatOf(locale, { useGrouping: true, minimumFractionDigits: 1 })
  const parts = format.formatToParts(1234567890123.5)
  const mark = (type: Intl.NumberFormatPartTypes) => parts.find((part) => part.type === type)?.value ?? ''
  const sizes = parts.filter(({ type }) => type === 'integer').map(({ value }) => value.length)
  const group = mark('group')
  const alike = [spaces, apostrophes].find((set) => set.test(group))
  const last = sizes.at(-1) ?? 3
  return {
    decimal: mark('decimal'),
    isGroup: (character) => (alike === undefined ? character === group : alike.test(character)),
    groups: [last, sizes.length > 2 ? (sizes.at(-2) ?? last) : last],
    toAscii: asciiDigits(locale),
  }
}

function asciiDigits(locale: string): (text: string) => string {
  const format = formatOf(locale, { useGrouping: false })
  const digits = Array.from({ length: 10 }, (_, digit) => format.format(digit))
  if (digits[0] === '0') return (text) => text
  return (text) =>
    Array.from(text, (character) => {
      const digit = digits.indexOf(character)
      return digit === -1 ? character : String(digit)
    }).join('')
}

function formatOf(locale: string, options: Intl.NumberFormatOptions): Intl.NumberFormat {
  const allowed = "a language tag such as 'de-CH', or 'exact'"
  try {
    if (Intl.NumberFormat.supportedLocalesOf(locale).length > 0) return new Intl.NumberFormat(locale, options)
  } catch (cause) {
    throw new ValidationError('locale', locale, allowed, { cause })
  }
  throw new ValidationError('locale', locale, allowed)
}
