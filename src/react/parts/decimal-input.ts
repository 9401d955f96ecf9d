import { toStoredValue, type DecimalText } from '../../index.ts'

/**
 * The exact decimal that somebody typed as it is usual in his language; `null` where it is none that a cell can hold. Nothing is
 * guessed: `1,5` is no number in English, where the comma stands between thousands. A point is taken for the decimal sign
 * where it means nothing else.
 */
export function parseDecimal(typed: string, locale: string): DecimalText | null {
  const { group, decimal, digits } = signsOf(locale)
  const plain = Array.from(typed.trim(), (sign) => digits.get(sign) ?? sign).join('')
  const [, sign = '', body = ''] =
    /^([-+\u2212]?)(.*)$/su.exec(plain.replaceAll(/[\u200e\u200f\u061c]/g, '')) ?? []
  const point = body.includes(decimal) || group === '.' ? decimal : '.'
  const [integer = '', fraction = '', ...more] = body.trim().split(point)
  const ungrouped = withoutGroups(integer, group)
  const isDecimal =
    ungrouped !== null && /^\d*$/.test(fraction) && ungrouped + fraction !== '' && more.length === 0
  if (!isDecimal) return null
  try {
    const isNegative = sign === '-' || sign === '\u2212'
    return toStoredValue(`${isNegative ? '-' : ''}${ungrouped || '0'}${fraction && '.'}${fraction}`).number
  } catch {
    return null
  }
}

/** The decimal as somebody would type it: in his language, with nothing between thousands. */
export function typedDecimal(value: string, locale: string): string {
  // As text: a number could not hold all of its digits.
  const exact = value as `${number}`
  return new Intl.NumberFormat(locale, { useGrouping: false, maximumFractionDigits: 4 }).format(exact)
}

function withoutGroups(integer: string, group: string): string | null {
  if (/^\d*$/.test(integer)) return integer
  const parts = integer.split(/\s/u.test(group) ? /\s/u : group)
  const [first = '', ...rest] = parts
  // In India two digits stand together, but for the last three.
  const isGrouped =
    /^\d{1,3}$/.test(first) && rest.every((part) => /^\d{2,3}$/.test(part)) && rest.at(-1)?.length === 3
  return isGrouped ? parts.join('') : null
}

function signsOf(locale: string): {
  readonly group: string
  readonly decimal: string
  readonly digits: ReadonlyMap<string, string>
} {
  const parts = new Intl.NumberFormat(locale, { useGrouping: 'always' }).formatToParts(1234567.5)
  const numerals = new Intl.NumberFormat(locale, { useGrouping: false })
  return {
    group: parts.find(({ type }) => type === 'group')?.value ?? ' ',
    decimal: parts.find(({ type }) => type === 'decimal')?.value ?? '.',
    digits: new Map(Array.from({ length: 10 }, (_, digit) => [numerals.format(digit), String(digit)])),
  }
}
