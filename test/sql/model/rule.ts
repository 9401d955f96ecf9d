/**
 * The rule, word for word: "A cell's value is the newest change to it that is not undone; with none left,
 * the value before its oldest change." Everything is read off the log, each time, from the beginning.
 */
import type { Budget, Cell, Change, Content, Entry } from './types.ts'

export const same = (one: Content, other: Content): boolean => JSON.stringify(one) === JSON.stringify(other)

export function changesOf(log: readonly Entry[], cell: string): Change[] {
  return log.filter((entry): entry is Change => entry.kind === 'change' && entry.cell === cell)
}

/** "A change is undone when the latest undo/redo row for its cell and step that came after it says undo." */
export function isUndone(log: readonly Entry[], change: Change): boolean {
  const marks = log
    .slice(log.indexOf(change) + 1)
    .filter((entry) => entry.kind !== 'change' && entry.cell === change.cell && entry.step === change.step)
  return marks.at(-1)?.kind === 'undo'
}

/** The change that the cell shows; undefined when none is left (or none was ever made). */
export function effective(log: readonly Entry[], cell: string): Change | undefined {
  return changesOf(log, cell).findLast((change) => !isUndone(log, change))
}

/** What the cell shows, by the log alone. A log cut off at a revision tells what it showed then. */
export function shown(budget: Budget, cell: string, log: readonly Entry[] = budget.log): Content {
  const newest = effective(log, cell)
  if (newest) return newest.after
  const [oldest] = changesOf(log, cell)
  // Undoing a creation leaves an empty cell, not a hole in the sheet.
  if (oldest) return oldest.before === 'gone' ? { value: null } : oldest.before
  const seed = budget.seeds[cell]
  return seed === undefined ? 'gone' : { value: seed }
}

export function shownAt(budget: Budget, cell: string, revision: number): Content {
  return shown(
    budget,
    cell,
    budget.log.filter((entry) => entry.revision <= revision),
  )
}

export function readCell(budget: Budget, cell: string): Cell | null {
  const content = shown(budget, cell)
  if (content === 'gone') return null
  const type = effective(budget.log, cell)?.type
  return {
    value: content.value,
    valueType: type === 'calculation' ? 'calculated' : type === 'import' ? 'imported' : 'input',
    version: budget.versions[cell] ?? 1,
    locked: budget.locked.includes(cell),
  }
}

export const isDenied = (budget: Budget, user: string | null, cell: string): boolean =>
  budget.denied.includes(`${user ?? ''} ${cell}`)
