/** Undo and redo: one step goes over to the other stack, each of its cells is marked or says why not. */
import { effective, isDenied, isUndone, shown } from './rule.ts'
import type { Budget, Mark, Outcome, TurnReply } from './types.ts'

export function turn(budget: Budget, kind: 'undo' | 'redo', user: string): [Budget, TurnReply] {
  const { undo, redo } = budget.stacks[user] ?? { undo: [], redo: [] }
  const step = (kind === 'undo' ? undo : redo).at(-1)
  if (step === undefined) return [budget, { step: null, cells: [] }]

  const names = new Set<string>()
  for (const entry of budget.log)
    if (entry.kind === 'change' && entry.step === step && isUndone(budget.log, entry) === (kind === 'redo'))
      names.add(entry.cell)

  const revision = budget.revision + 1
  let next = budget
  const cells = [...names].sort().map((cell) => {
    let outcome: Outcome
    if (isDenied(budget, user, cell)) outcome = 'forbidden'
    else if (budget.locked.includes(cell)) outcome = 'locked'
    else [next, outcome] = mark(next, { kind, cell, user, step, revision })
    return { cell, outcome }
  })

  // Whatever its cells said, the step goes over: a refusal must not bar the way to older steps.
  const stacks =
    kind === 'undo'
      ? { undo: undo.slice(0, -1), redo: [...redo, step] }
      : { undo: [...undo, step], redo: redo.slice(0, -1) }
  const marked = next !== budget
  return [
    { ...next, revision: marked ? revision : budget.revision, stacks: { ...budget.stacks, [user]: stacks } },
    { step, cells },
  ]
}

function mark(
  budget: Budget,
  { kind, cell, user, step, revision }: Pick<Mark, 'kind' | 'cell' | 'user' | 'step' | 'revision'>,
): [Budget, Outcome] {
  const before = shown(budget, cell)
  const version = budget.versions[cell] ?? 1
  const draft: Mark = { kind, cell, user, step, revision, before, after: before, version }

  // Buried: a later change shows before and after. The record is made, the row is not touched.
  const log = [...budget.log, draft]
  if (effective(log, cell) === effective(budget.log, cell))
    return [{ ...budget, log }, before === 'gone' ? 'missing' : 'superseded']

  const made = { ...draft, after: shown(budget, cell, log), version: version + 1 }
  return [
    {
      ...budget,
      log: [...budget.log, made],
      versions: { ...budget.versions, [cell]: made.version },
    },
    'reverted',
  ]
}
