// A time of the wire (`2026-11-23T07:29:46.123456+00:00`) as a number: the microseconds since 1970 that its clock shows.
// What follows (`+00:00`) is told apart, so that both together give the very same text again.

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
    text[4] === '-' && text[7] === '-' && text[10] === 'T' && text[13] === ':' && text[16] === ':'
  // Beyond these years a double cannot count microseconds. A missing digit is NaN, and no comparison holds for it.
  if (!(isWellFormed && year >= 1700 && year <= 2250 && month >= 1 && month <= 12 && day >= 1)) return false
  if (!(day <= daysOf(year, month) && hour < 24 && minute < 60 && second < 60)) return false
  let at = 19
  let fraction = 0
  if (text[19] === '.') {
    while (at < 25 && isDigit(text, at + 1)) at += 1
    if (at === 19 || text[at] === '0') return false
    fraction = digits(text, 20, at + 1) * 10 ** (25 - at)
    at += 1
  }
  into.microseconds = Date.UTC(year, month - 1, day, hour, minute, second) * 1000 + fraction
  into.offsetAt = at
  return true
}

export function momentText(microseconds: number, offset: string): string {
  const fraction = ((microseconds % 1e6) + 1e6) % 1e6
  const clock = new Date((microseconds - fraction) / 1000).toISOString().slice(0, 19)
  if (fraction === 0) return clock + offset
  return `${clock}.${String(fraction).padStart(6, '0').replace(/0+$/, '')}${offset}`
}

function digits(text: string, from: number, to: number): number {
  let number = 0
  for (let at = from; at < to; at += 1) {
    if (!isDigit(text, at)) return NaN
    number = number * 10 + text.charCodeAt(at) - 48
  }
  return number
}

function isDigit(text: string, at: number): boolean {
  const digit = text.charCodeAt(at) - 48
  return digit >= 0 && digit <= 9
}

function daysOf(year: number, month: number): number {
  if (month === 2) return year % 4 === 0 && (year % 100 !== 0 || year % 400 === 0) ? 29 : 28
  return month === 4 || month === 6 || month === 9 || month === 11 ? 30 : 31
}
