/**
 * What a spreadsheet would run as a formula. A text that begins so is written with an apostrophe before it, which
 * spreadsheets take as "this is text"; one that looks as if that had been done to it, too, so that it can be told back.
 */
const dangerous = /^'*[=+\-@\t\r]/

/** A text that no spreadsheet takes for a formula. */
export function guard(text: string): string {
  return dangerous.test(text) ? `'${text}` : text
}

/** The inverse of {@link guard}. */
export function unguard(text: string): string {
  return text.startsWith("'") && dangerous.test(text.slice(1)) ? text.slice(1) : text
}
