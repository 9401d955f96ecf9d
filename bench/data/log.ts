import { seeded, timePrefix, type Random } from './random.ts'
import { TEXT_FIELD, keyOf, type Budget, type Shape } from './shape.ts'

type Action = 'insert' | 'update' | 'lock'

/** One write call and what is on record of it. */
export interface Commit {
  /** From 1, in the order of commit. */
  readonly id: number
  readonly budget: Budget
  readonly revision: number
  readonly session: string
  readonly user: string
  readonly type: 'import' | 'manual' | 'spread'
  readonly action: Action
  /** Milliseconds since 1970. */
  readonly at: number
  /** Where its changes are; filled as they are made. */
  readonly modules: Set<string>
}

export interface Change {
  readonly id: string
  readonly commit: Commit
  readonly sequence: number
  /** Of all cells of the data set. */
  readonly cell: number
  /** After the change; the version before is one less. */
  readonly version: number
  /** In hundredths, or the number of the text; null for none. */
  readonly before: number | null
  readonly after: number
}

/** What all cells have become when the log has been walked to its end. */
export interface Cells {
  readonly ids: string[]
  readonly versions: Int32Array
  readonly values: Int32Array
  readonly newest: Commit[]
  /** The newest change of the value: locking moves the version and leaves the value. */
  readonly valueVersions: Int32Array
  readonly valueCommits: Commit[]
  readonly locked: Uint8Array
}

const SEED = 20_261_123
const BEGIN = Date.UTC(2026, 2, 1)
const END = Date.UTC(2026, 10, 1)
const IMPORT_SIZE = 10_000
const LOCKED_SHARE = 0.01
export const LOCK_REASON = 'Approved by the board'

export const isText = (cellInBudget: number): boolean => keyOf(cellInBudget).field === TEXT_FIELD

/**
 * The whole history, change by change, from a seed: every cell is imported, then people edit single cells, paste
 * ranges and spread totals, and at the end one cell in a hundred is locked. `commits` and `cells` fill as it goes.
 */
export function history(shape: Shape): {
  readonly changes: Generator<Change>
  readonly commits: Commit[]
  readonly cells: Cells
} {
  const cells: Cells = {
    ids: new Array<string>(shape.cells),
    versions: new Int32Array(shape.cells),
    values: new Int32Array(shape.cells),
    newest: new Array<Commit>(shape.cells),
    valueVersions: new Int32Array(shape.cells),
    valueCommits: new Array<Commit>(shape.cells),
    locked: new Uint8Array(shape.cells),
  }
  const commits: Commit[] = []
  return { changes: walk(shape, cells, commits), commits, cells }
}

function* walk(shape: Shape, cells: Cells, commits: Commit[]): Generator<Change> {
  const random = seeded(SEED)
  const revisions = new Map<Budget, number>()
  const locks = lockedOf(shape, random)
  const lockCount = [...locks.values()].reduce((sum, list) => sum + list.length, 0)
  let edits = shape.changes - shape.cells - lockCount
  let done = 0

  function commit(budget: Budget, type: Commit['type'], action: Action): Commit {
    const revision = (revisions.get(budget) ?? 0) + 1
    revisions.set(budget, revision)
    const { users } = budget.organization
    const made: Commit = {
      id: commits.length + 1,
      budget,
      revision,
      session: random.uuid(),
      user: users[random.below(users.length)] ?? '',
      type,
      action,
      at: BEGIN + Math.floor(((END - BEGIN) * done) / shape.changes),
      modules: new Set(),
    }
    commits.push(made)
    return made
  }

  function* change(of: Commit, chosen: Iterable<number>): Generator<Change> {
    const prefix = timePrefix(of.at)
    let sequence = 0
    for (const cell of chosen) {
      const before = of.action === 'insert' ? null : (cells.values[cell] ?? 0)
      if (of.action === 'insert') cells.ids[cell] = random.uuidAt(prefix)
      // Never the value that is there: that would be no change.
      const after =
        of.action === 'lock' ? (before ?? 0) : ((before ?? 0) + 1 + random.below(9_999_999)) % 10_000_000
      const version = (cells.versions[cell] ?? 0) + 1
      cells.versions[cell] = version
      cells.values[cell] = after
      cells.newest[cell] = of
      if (of.action === 'lock') cells.locked[cell] = 1
      else {
        cells.valueVersions[cell] = version
        cells.valueCommits[cell] = of
      }
      of.modules.add(keyOf(cell - of.budget.first).module)
      sequence += 1
      done += 1
      yield { id: random.uuidAt(prefix), commit: of, sequence, cell, version, before, after }
    }
  }

  for (const budget of shape.budgets) {
    for (let first = 0; first < budget.cells; first += IMPORT_SIZE) {
      const count = Math.min(IMPORT_SIZE, budget.cells - first)
      yield* change(commit(budget, 'import', 'insert'), range(budget, first, count))
    }
  }
  while (edits > 0) {
    const budget = budgetOf(shape, random.below(shape.cells))
    const kind = random.fraction()
    const wanted = kind < 0.6 ? 1 : kind < 0.9 ? 2 + random.below(39) : 50 + random.below(951)
    const count = Math.min(wanted, edits, budget.cells)
    // Some parts of a budget are worked on more than others.
    const first = Math.floor(budget.cells * random.fraction() ** 1.5)
    yield* change(commit(budget, kind < 0.9 ? 'manual' : 'spread', 'update'), range(budget, first, count))
    edits -= count
  }
  for (const [budget, chosen] of locks) {
    if (chosen.length > 0) yield* change(commit(budget, 'manual', 'lock'), chosen)
  }
}

/** Neighbours in the grid, beginning again at its start. */
function* range(budget: Budget, first: number, count: number): Generator<number> {
  for (let place = 0; place < count; place += 1) yield budget.first + ((first + place) % budget.cells)
}

function lockedOf(shape: Shape, random: Random): Map<Budget, number[]> {
  return new Map(
    shape.budgets.map((budget) => [
      budget,
      [...range(budget, 0, budget.cells)].filter(() => random.fraction() < LOCKED_SHARE),
    ]),
  )
}

function budgetOf(shape: Shape, cell: number): Budget {
  const budget = shape.budgets.find(({ first, cells }) => cell < first + cells)
  if (budget === undefined) throw new Error('There is no such cell.')
  return budget
}
