// NUMERIC(18,4) as two integers of nine digits: the ten-thousandths of a number, cut in two. A negative number has the
// complement of its upper half, so that there is a sign where the half is 0. No float is involved at any size.

const zero = 48
const half = 1e9

export interface NumberHalves {
  high: number
  low: number
}

/** Puts the number into `into`; false for a text that {@link numberText} would not give back as it is. */
export function readNumber(text: string, into: NumberHalves): boolean {
  const isNegative = text.charCodeAt(0) === 45
  const start = isNegative ? 1 : 0
  const point = text.indexOf('.')
  const end = point < 0 ? text.length : point
  const fractionDigits = point < 0 ? 0 : text.length - point - 1
  if (end === start || end - start > 14 || fractionDigits > 4 || (point >= 0 && fractionDigits === 0))
    return false
  let integer = 0
  for (let at = start; at < end; at += 1) {
    const digit = text.charCodeAt(at) - zero
    if (!(digit >= 0 && digit <= 9)) return false
    integer = integer * 10 + digit
  }
  let fraction = 0
  for (let at = end + 1; at <= end + 4; at += 1) {
    const digit = at < text.length ? text.charCodeAt(at) - zero : 0
    if (!(digit >= 0 && digit <= 9)) return false
    fraction = fraction * 10 + digit
  }
  const hasLeadingZero = text.charCodeAt(start) === zero && end - start > 1
  const hasTrailingZero = point >= 0 && text.charCodeAt(text.length - 1) === zero
  if (hasLeadingZero || hasTrailingZero || (isNegative && integer === 0 && fraction === 0)) return false
  const upper = Math.floor(integer / 1e5)
  into.high = isNegative ? ~upper : upper
  into.low = (integer % 1e5) * 1e4 + fraction
  return true
}

export function numberText(high: number, low: number): string {
  const isNegative = high < 0
  const integer = (isNegative ? ~high : high) * (half / 1e4) + Math.floor(low / 1e4)
  const text = isNegative ? `-${integer}` : String(integer)
  let fraction = low % 1e4
  if (fraction === 0) return text
  let digits = 4
  for (; fraction % 10 === 0; fraction /= 10) digits -= 1
  return `${text}.${String(fraction).padStart(digits, '0')}`
}
