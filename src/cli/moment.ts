import type { Moment } from '../index.ts'

/** A revision by its number, or a time; the library says where it is neither. */
export function toMoment(text: string): Moment {
  return /^\d+$/.test(text) ? { revision: Number(text) } : { at: text }
}
