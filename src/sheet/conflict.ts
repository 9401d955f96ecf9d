import type { Cell } from '../model/cell.ts'
import { toStoredValue } from '../model/value.ts'
import { resolveByName, type ConflictSides, type Resolution } from '../outbox/conflict-policy.ts'
import type { Write } from '../outbox/outbox-state.ts'
import { toInput } from '../outbox/write-errors.ts'
import type { Conflict, ConflictPolicy } from './sheet-types.ts'

/** A write and what is there instead, as a policy or a listener is told. */
export function toConflict({ cell, base, value }: Write, theirs: Cell): Conflict {
  return { cell, base, mine: toInput(value), isDeletion: value === 'deleted', theirs }
}

/** What becomes of a conflict by the policy of the write, or of the sheet that it came from. */
export function resolveConflict(
  write: Write,
  sides: ConflictSides,
  policy: ConflictPolicy | undefined,
  report: (error: unknown) => void,
): Resolution {
  if (write.policy !== 'custom') return resolveByName(write.policy, sides)
  if (typeof policy !== 'function') return { type: 'reject' }
  try {
    const choice = policy(toConflict(write, sides.theirs))
    if (choice === 'theirs' || choice === 'reject') return { type: choice }
    return { type: 'write', value: toStoredValue(choice, 'onConflict') }
  } catch (error) {
    report(error)
    return { type: 'reject' }
  }
}
