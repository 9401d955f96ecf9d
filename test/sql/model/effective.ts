/**
 * The affordable way to the same answer (docs/reference/undo.md, "Affordable in SQL"): each cell keeps its
 * effective change, and every new record of the log moves it by looking at that cell alone. A change or a redo
 * never walks; an undo walks down from where it stands. effective.test.ts holds it against the rule.
 */
import { changesOf, isUndone } from './rule.ts'
import type { Change, Entry } from './types.ts'

export type Effective = Readonly<Record<string, Change | undefined>>

/** `log` includes the entry, as its newest record of that cell. */
export function follow(effective: Effective, entry: Entry, log: readonly Entry[]): Effective {
  return { ...effective, [entry.cell]: next(effective[entry.cell], entry, log) }
}

function next(current: Change | undefined, entry: Entry, log: readonly Entry[]): Change | undefined {
  if (entry.kind === 'change') return entry
  if (entry.kind === 'redo') {
    const own = changesOf(log, entry.cell).findLast((change) => change.step === entry.step)
    return own && own.version > (current?.version ?? 0) ? own : current
  }
  // Buried: what is shown belongs to another step, and stays.
  if (current?.step !== entry.step) return current
  return changesOf(log, entry.cell).findLast(
    (change) => change.version < current.version && !isUndone(log, change),
  )
}
