/** What can be typed or pasted: `1234.5`, `1,234.50`, `(1,234)`, `−1 234`, `$12`. At most four decimals. */
const plain = /^(-?)(\d+)(?:\.(\d{0,4}))?$/
const grouped = /^-?\d{1,3}(,\d{3})+(\.\d*)?$/

/**
 * The exact decimal that a person means, `null` for an emptied cell, `undefined` for what is no number. It stays text: no
 * float in between.
 */
export function readAmount(typed: string): string | null | undefined {
  let text = typed.replace(/[\s\u00a0\u202f$]/g, '').replace(/[\u2212\u2013]/g, '-')
  if (text === '') return null
  const bookkeepers = /^\((.+)\)$/.exec(text)
  if (bookkeepers?.[1] !== undefined) text = `-${bookkeepers[1]}`
  if (grouped.test(text)) text = text.replaceAll(',', '')
  const [, sign, whole, fraction = ''] = plain.exec(text) ?? []
  if (sign === undefined || whole === undefined) return undefined
  const digits = whole.replace(/^0+(?=\d)/, '')
  if (digits.length > 14) return undefined
  return `${sign}${digits}${fraction === '' ? '' : `.${fraction}`}`
}

/** With separators between thousands, and all the decimals that it has. */
export function formatAmount(value: string): string {
  const [, sign = '', whole = value, fraction] = /^(-?)(\d+)(?:\.(\d+))?$/.exec(value) ?? []
  const groupedWhole = whole.replace(/\B(?=(\d{3})+$)/g, ',')
  return `${sign === '-' ? '\u2212' : ''}${groupedWhole}${fraction === undefined ? '' : `.${fraction}`}`
}

const scale = 10_000n

/** An exact decimal in ten thousandths, to be added up. */
export function toUnits(value: string): bigint {
  const [, sign = '', whole = '0', fraction = ''] = /^(-?)(\d+)(?:\.(\d{1,4}))?$/.exec(value) ?? []
  const units = BigInt(whole) * scale + BigInt(fraction.padEnd(4, '0'))
  return sign === '-' ? -units : units
}

/** The exact decimal of so many ten thousandths. */
export function fromUnits(units: bigint): string {
  const size = units < 0n ? -units : units
  const fraction = String(size % scale)
    .padStart(4, '0')
    .replace(/0+$/, '')
  return `${units < 0n ? '-' : ''}${size / scale}${fraction === '' ? '' : `.${fraction}`}`
}
