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

const time = /^\d{4}-\d\d-\d\dT\d\d:\d\d(:\d\d(\.\d+)?)?(Z|[+-]\d\d:\d\d)$/

/** @throws {ValidationError} where it is neither a revision nor a time, or both. */
export function toMoment(moment: Moment): MomentParameters {
  const { revision, at } = moment
  if ((revision === undefined) === (at === undefined)) {
    throw new ValidationError('moment', moment, 'either { revision } or { at }')
  }
  if (at !== undefined) return { p_revision: null, p_at: toTime(at) }
  if (Number.isSafeInteger(revision) && revision >= 0) return { p_revision: revision, p_at: null }
  throw new ValidationError('revision', revision, 'a whole number, 0 or more')
}

function toTime(at: Date | string): string {
  // As text it goes down as it came: the database's own times are finer than a Date. (Of no time, `toJSON` is `null`.)
  const text: unknown = at instanceof Date ? at.toJSON() : at
  if (typeof text === 'string' && time.test(text) && !Number.isNaN(Date.parse(text))) {
    const day = text.slice(0, 10)
    // To JavaScript, the 31st of February is the 3rd of March; to Postgres it is a mistake.
    if (new Date(day).toJSON().startsWith(day)) return text
  }
  throw new ValidationError('at', at, 'a Date, or a time with its offset, such as 2026-07-01T00:00:00Z')
}
