// A time of the wire (`2026-11-23T07:29:46.123456+00:00`) as a number: the microseconds since 1970 that its clock shows.
// What follows (`+00:00`) is told apart, so that both together give the very same text again.

const zero = 48
const dash = 45
const letterT = 84
const colon = 58
const point = 46

export interface Moment {
  microseconds: number
  /** Where the offset begins in the text. */
  offsetAt: number
}

/** Puts the time into `into`; false for a text that {@link momentText} would not give back as it is. */
export function readMoment(text: string, into: Moment): boolean {
  const year = digits(text, 0, 4)
  const month = digits(text, 5, 7)
  const day = digits(text, 8, 10)
  const hour = digits(text, 11, 13)
  const minute = digits(text, 14, 16)
  const second = digits(text, 17, 19)
  const isWellFormed =
    text.charCodeAt(4) === dash &&
    text.charCodeAt(7) === dash &&
    text.charCodeAt(10) === letterT &&
    text.charCodeAt(13) === colon &&
    text.charCodeAt(16) === colon
  // Beyond these years a double cannot count microseconds. A missing digit is NaN, and no comparison holds for it.
  if (!(isWellFormed && year >= 1700 && year <= 2250 && month >= 1 && month <= 12 && day >= 1)) return false
  if (!(day <= daysOf(year, month) && hour < 24 && minute < 60 && second < 60)) return false
  let at = 19
  let fraction = 0
  if (text.charCodeAt(19) === point) {
    let unit = 1e5
    let digit = NaN
    for (at = 20; at < 26 && isDigit(text.charCodeAt(at)); at += 1, unit /= 10) {
      digit = text.charCodeAt(at) - zero
      fraction += digit * unit
    }
    if (!(digit > 0)) return false
  }
  into.microseconds = Date.UTC(year, month - 1, day, hour, minute, second) * 1000 + fraction
  into.offsetAt = at
  return true
}

export function momentText(microseconds: number, offset: string): string {
  const fraction = ((microseconds % 1e6) + 1e6) % 1e6
  const clock = new Date((microseconds - fraction) / 1000).toISOString().slice(0, 19)
  if (fraction === 0) return clock + offset
  let width = 6
  let shown = fraction
  for (; shown % 10 === 0; shown /= 10) width -= 1
  return `${clock}.${String(shown).padStart(width, '0')}${offset}`
}

function digits(text: string, from: number, to: number): number {
  let number = 0
  for (let at = from; at < to; at += 1) {
    const unit = text.charCodeAt(at)
    if (!isDigit(unit)) return NaN
    number = number * 10 + unit - zero
  }
  return number
}

function isDigit(unit: number): boolean {
  return unit >= zero && unit <= zero + 9
}

function daysOf(year: number, month: number): number {
  if (month === 2) return year % 4 === 0 && (year % 100 !== 0 || year % 400 === 0) ? 29 : 28
  return month === 4 || month === 6 || month === 9 || month === 11 ? 30 : 31
}
