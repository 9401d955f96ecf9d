import { ValidationError } from '../errors.ts'

/**
 * A moment of a budget's past: a revision, or a time. As text, a time carries its offset, such as
 * `2026-07-01T00:00:00Z`; the times that the library hands out (`modifiedAt`, `at`) are such texts.
 */
export type Moment =
  | { readonly revision: number; readonly at?: undefined }
  | { readonly at: Date | string; readonly revision?: undefined }

/** A moment, checked, as the database's functions take it. */
export interface MomentParameters {
  readonly p_revision: number | null
  readonly p_at: string | null
}

const time = /^(\d{4}-\d\d-\d\d)[T ]\d\d:\d\d(:\d\d(\.\d+)?)?(Z|[+-]\d\d:\d\d)$/

/** @throws {ValidationError} where it is neither a revision nor a time, or both. */
export function toMoment(moment: Moment): MomentParameters {
  const { revision, at } = moment
  if ((revision === undefined) === (at === undefined)) {
    throw new ValidationError('moment', moment, 'either { revision } or { at }')
  }
  if (at !== undefined) return { p_revision: null, p_at: toTime(at) }
  if (!Number.isSafeInteger(revision) || (revision as number) < 0) {
    throw new ValidationError('revision', revision, 'a whole number, 0 or more')
  }
  return { p_revision: revision as number, p_at: null }
}

function toTime(at: Date | string): string {
  const text = at instanceof Date ? (Number.isNaN(at.getTime()) ? '' : at.toISOString()) : at
  const [, day] = (typeof text === 'string' && time.exec(text)) || []
  // As text it goes down as it came: the database's own times are finer than a Date.
  if (day !== undefined && isDay(day) && !Number.isNaN(Date.parse(text.replace(' ', 'T')))) return text
  throw new ValidationError('at', at, 'a Date, or a time with its offset, such as 2026-07-01T00:00:00Z')
}

/** JavaScript takes the 31st of February for the 3rd of March, Postgres takes it for a mistake. */
function isDay(text: string): boolean {
  const day = new Date(text)
  return !Number.isNaN(day.getTime()) && day.toISOString().startsWith(text)
}
