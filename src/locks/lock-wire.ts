import { fits, isInteger, isText, isTextOrNull, parse, unexpected, type Check } from '../transport/shape.ts'
import type { LockedPage, LockOutcome, LockResult } from './lock.ts'

const outcomeShapes: Readonly<Record<string, readonly Check[] | undefined>> = {
  not_found: [isText, isText],
  invalid: [isText, isText, isText],
}
const lockedShape = [isText, isText, isInteger]

/** The answer of `lock_cells` or `unlock_cells` about so many references; `null` for a filter. */
export function decodeLockResult(from: string, done: string, references: number | null) {
  return (json: unknown): LockResult => {
    const { revision, operationId, sessionId, at, results, ...more } = parse<{
      revision: number
      operationId: string
      sessionId: string | null
      at: string
      results: unknown
    }>(json, from, {
      revision: isInteger,
      operationId: isText,
      sessionId: isTextOrNull,
      at: isText,
      results: (given) =>
        references === null ? given === undefined : Array.isArray(given) && given.length === references,
    })
    const changed = (more as Readonly<Record<string, unknown>>)[done]
    if (!isInteger(changed)) throw unexpected(`${from}, ${done}`, json)
    const outcomes = ((results ?? []) as unknown[]).map((result, index) =>
      toOutcome(result, index, done, from),
    )
    return { revision, operationId, sessionId, at, changed, outcomes }
  }
}

function toOutcome(result: unknown, index: number, done: string, from: string): LockOutcome {
  const [status, first, second] = (Array.isArray(result) ? result : []) as [string, string, string & number]
  const shape = status === done || status === 'unchanged' ? lockedShape : outcomeShapes[status]
  if (shape === undefined || !fits(result, shape)) {
    throw unexpected(`${from}, results.${index}: not the result of a lock`, result)
  }
  if (status === 'not_found') return { status, index, message: first }
  if (status === 'invalid') return { status, index, field: first, message: second }
  return { status: status as 'locked', index, id: first, version: second }
}

/** The answer of `locked_cells`: ids and reasons lie side by side. */
export function decodeLockedPage(json: unknown): LockedPage {
  const { revision, ids, reasons, next } = parse<{
    revision: number
    ids: string[]
    reasons: (string | null)[]
    next: string | null
  }>(json, 'locked_cells', {
    revision: isInteger,
    ids: (given) => Array.isArray(given) && given.every(isText),
    reasons: (given) => Array.isArray(given) && given.every(isTextOrNull),
    next: isTextOrNull,
  })
  if (ids.length !== reasons.length) throw unexpected('locked_cells: a reason for each id', json)
  return { revision, cells: ids.map((id, index) => ({ id, reason: reasons[index] ?? null })), next }
}
