import {
  exactly,
  integer,
  invalid,
  list,
  object,
  outcome,
  text,
  textOrNull,
  tuple,
  type Reader,
} from '../transport/reader.ts'
import { unexpected } from '../transport/shape.ts'
import type { LockedPage, LockOutcome, LockResult } from './lock.ts'

const changedCell = tuple({ status: text, id: text, version: integer })

/** The answer of `lock_cells` or `unlock_cells` about so many references; 0 for a filter. */
export const readLocked = (done: 'locked' | 'unlocked', references: number): Reader<LockResult> => {
  const outcomes = exactly(
    references,
    list(
      outcome<object>({
        [done]: changedCell,
        unchanged: changedCell,
        not_found: tuple({ status: text, message: text }),
        invalid,
      }),
    ),
  )
  return object<LockResult>(
    {
      revision: integer,
      operationId: text,
      sessionId: textOrNull,
      at: text,
      changed: integer,
      outcomes: (json, where) =>
        outcomes(json ?? [], where).map((each, index) => ({ ...each, index }) as LockOutcome),
    },
    { changed: done, outcomes: 'results' },
  )
}

/** The answer of `locked_cells`: ids and reasons lie side by side. */
export const readLockedPage: Reader<LockedPage> = (json, where) => {
  const { ids, reasons, ...page } = lockedPage(json, where)
  if (ids.length !== reasons.length) throw unexpected(`${where()}: a reason for each id`, json)
  return { ...page, cells: ids.map((id, index) => ({ id, reason: reasons[index] ?? null })) }
}

const lockedPage = object({ revision: integer, ids: list(text), reasons: list(textOrNull), next: textOrNull })
