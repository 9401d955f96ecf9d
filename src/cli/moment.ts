import type { Moment } from '../index.ts'
import { CommandError } from './exit-codes.ts'

/**
 * A revision by its number, or a time. Whether there is such a day, and whether the log reaches there, is the library's to say.
 *
 * @throws {CommandError} where it is neither.
 */
export function toMoment(text: string): Moment {
  if (/^\d+$/.test(text)) return { revision: Number(text) }
  if (/^\d{4}-\d\d-\d\dT.*(Z|[+-]\d\d:\d\d)$/.test(text)) return { at: text }
  throw new CommandError(
    'usage',
    `${text}: it is neither a revision, such as 42, nor a time with its offset, such as 2026-07-31T23:59:59Z.`,
  )
}
