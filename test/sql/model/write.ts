/** Writing, deleting and restoring: judge every item against the cells as they are, then land the good ones. */
import { effective, isDenied, readCell, same, shown, shownAt } from './rule.ts'
import type {
  Budget,
  Change,
  ChangeType,
  Item,
  ItemResult,
  Mode,
  Refusal,
  RestoreCall,
  WriteCall,
  WriteReply,
} from './types.ts'

type Batch = {
  readonly user: string | null
  readonly items: readonly Item[]
  readonly mode: Mode
  readonly type: ChangeType
  readonly session: string | null
  /** Whether repeating another user's value confirms it. */
  readonly confirms: boolean
  /** Whether a cell that is right already is passed over, even if it is locked. */
  readonly onlyDiffering: boolean
}

export function write(budget: Budget, call: WriteCall): [Budget, WriteReply] {
  const owner = budget.steps.find((step) => step.session !== null && step.session === call.session)
  if (owner && owner.user !== call.user) return [budget, { refused: 'invalid', items: [] }]
  return land(budget, {
    ...call,
    confirms: call.type === 'manual' && call.user !== null,
    onlyDiffering: false,
  })
}

/** Writes what every cell showed at the revision, whatever is there now. */
export function restore(budget: Budget, call: RestoreCall): [Budget, WriteReply] {
  if (call.revision < 0 || call.revision > budget.revision) return [budget, { refused: 'invalid', items: [] }]
  const items = call.cells.map((cell) => ({ cell, put: shownAt(budget, cell, call.revision), base: null }))
  return land(budget, {
    ...call,
    items,
    type: 'manual',
    session: null,
    confirms: false,
    onlyDiffering: true,
  })
}

function land(budget: Budget, batch: Batch): [Budget, WriteReply] {
  const results = batch.items.map((item, index) =>
    batch.items.findIndex(({ cell }) => cell === item.cell) < index
      ? ({ outcome: 'invalid', field: 'key' } as const)
      : judge(budget, batch, item),
  )
  const refusal = refuse(results)
  if (batch.mode === 'atomic' && refusal) return [budget, refusal]

  const written = batch.items.filter((_, index) => results[index]?.outcome === 'written')
  if (written.length === 0) return [budget, { revision: budget.revision, results }]

  const [begun, step] = stepFor(budget, batch)
  const revision = budget.revision + 1
  const changes = written.map(({ cell, put }): Change => ({
    kind: 'change',
    type: batch.type,
    cell,
    user: batch.user,
    step,
    before: shown(budget, cell),
    after: put,
    version: (budget.versions[cell] ?? 0) + 1,
    revision,
  }))
  const versions = Object.fromEntries(changes.map(({ cell, version }) => [cell, version]))
  const next = {
    ...begun,
    revision,
    log: [...budget.log, ...changes],
    versions: { ...budget.versions, ...versions },
  }
  return [next, { revision, results }]
}

function judge(budget: Budget, { user, ...batch }: Batch, { cell, put, base }: Item): ItemResult {
  const current = readCell(budget, cell)
  // No cell and an empty one show the same, nothing; only a delete tells them apart.
  const nothing = current === null && put !== 'gone' && put.value === null
  const differs = !nothing && !same(put, shown(budget, cell))
  if (batch.onlyDiffering && !differs) return { outcome: 'unchanged', current }
  if (isDenied(budget, user, cell)) return { outcome: 'forbidden' }
  if (current?.locked) return { outcome: 'locked', current }
  if (base !== null && base !== (current?.version ?? 0)) return { outcome: 'conflict', current }
  const author = authorOf(effective(budget.log, cell))
  const confirmation = batch.confirms && put !== 'gone' && !nothing && author !== null && author !== user
  if (!differs && !confirmation) return { outcome: 'unchanged', current }
  return { outcome: 'written', version: (budget.versions[cell] ?? 0) + 1 }
}

/** Whose undo could take the value away: nobody's, if it is a program's, a calculation's or from before the log. */
const authorOf = (change: Change | undefined): string | null =>
  change && change.step !== null ? change.user : null

function refuse(results: readonly ItemResult[]): Refusal | undefined {
  const items = results
    .map((result, index) => ({ index, result }))
    .filter(({ result }) => result.outcome !== 'written' && result.outcome !== 'unchanged')
  const refused = (['invalid', 'forbidden', 'locked', 'conflict'] as const).find((kind) =>
    items.some(({ result }) => result.outcome === kind),
  )
  return refused && { refused, items }
}

/** The step that the landing changes belong to, now on top of its user's undo stack, with redo cleared. */
function stepFor(budget: Budget, { user, type, session }: Batch): [Budget, string | null] {
  if (user === null || type === 'calculation') return [budget, null]
  const undo = budget.stacks[user]?.undo ?? []
  const latest = budget.steps.findLast((step) => session !== null && step.session === session)
  // A step that was undone takes no more changes: redo would bring back more than the last undo took.
  const open = latest && undo.includes(latest.id) ? latest : undefined
  const step = open ?? { id: `${budget.name}#${budget.steps.length + 1}`, user, session }
  const stacks = { undo: [...undo.filter((id) => id !== step.id), step.id], redo: [] }
  return [
    {
      ...budget,
      steps: open ? budget.steps : [...budget.steps, step],
      stacks: { ...budget.stacks, [user]: stacks },
    },
    step.id,
  ]
}
