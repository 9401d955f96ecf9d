import type { World } from './world.ts'

/** A write that a client was told had landed. */
export interface Success {
  readonly cell: string
  readonly base: number
  readonly version: number
  readonly number: string
  readonly operation: string
}

/** Where the log ended. */
interface Mark {
  readonly commit: string
  readonly revision: string
}

export async function markLog(world: World): Promise<Mark> {
  const [row] = await world.owner<Mark[]>`
    SELECT last_value::text AS commit, (
      SELECT revision::text FROM efir_budget.budget_revisions WHERE budget_version_id = ${world.budget}
    ) AS revision
    FROM efir_budget.cell_commit_ids`
  if (row === undefined) throw new Error('There is no log.')
  return row
}

/** A change on record. */
export interface Recorded {
  readonly cell: string
  readonly operation: string
  readonly old_version: number
  readonly new_version: number
  readonly old_value: string | null
  readonly new_value: string
}

/** What the database shows after a storm. */
export interface Aftermath {
  /** By cell, then version. */
  readonly records: readonly Recorded[]
  /** Of the budget's commits, in any order. */
  readonly revisions: readonly number[]
  /** The budget's revision before the storm, and now. */
  readonly counter: { readonly before: number; readonly now: number }
  readonly cells: readonly { readonly cell: string; readonly version: number; readonly number: string }[]
}

export interface Verdict {
  lostUpdates: number
  gaps: number
  doubles: number
}

/**
 * Compares what the clients were told with what is on record.
 *
 * `lostUpdates`: successes that are not on record, records that no client was told of, two successes on one base, values
 * that were not written over what the record before left, and cells that do not show their newest record. `gaps`:
 * versions or revisions that are missing. `doubles`: versions, revisions or a call's writes to one cell that are there twice.
 */
export function judge(
  { records, revisions, counter, cells }: Aftermath,
  successes: readonly Success[],
): Verdict {
  const found: Verdict = { lostUpdates: 0, gaps: 0, doubles: 0 }
  const different = new Set(revisions).size
  found.gaps += Math.abs(counter.now - counter.before - different)
  found.doubles += revisions.length - different

  const told = new Map(successes.map((success) => [`${success.operation} ${success.cell}`, success]))
  found.lostUpdates += successes.length - new Set(successes.map(({ cell, base }) => `${cell} ${base}`)).size
  const newest = new Map<string, Recorded>()
  for (const record of records) {
    const name = `${record.operation} ${record.cell}`
    const success = told.get(name)
    if (success?.version !== record.new_version || success.number !== record.new_value) found.lostUpdates += 1
    told.delete(name)
    if (record.new_version !== record.old_version + 1) found.gaps += 1
    const before = newest.get(record.cell)
    if (before !== undefined) {
      if (before.new_version === record.new_version) found.doubles += 1
      else if (before.new_version !== record.old_version) found.gaps += 1
      if (before.new_value !== record.old_value) found.lostUpdates += 1
    }
    newest.set(record.cell, record)
  }
  found.doubles += records.length - new Set(records.map(({ operation, cell }) => `${operation} ${cell}`)).size
  found.lostUpdates += told.size
  for (const { cell, version, number } of cells) {
    const record = newest.get(cell)
    if (record?.new_version !== version || record.new_value !== number) found.lostUpdates += 1
  }
  return found
}

/** Reads what happened since the mark, and judges it. */
export async function verifyLog(world: World, mark: Mark, successes: readonly Success[]): Promise<Verdict> {
  const { owner, budget } = world
  const records = await owner<Recorded[]>`
    SELECT cell_id AS cell, operation_id AS operation, old_version, new_version,
      trim_scale(old_value)::text AS old_value, trim_scale(new_value)::text AS new_value
    FROM efir_budget.cell_changes WHERE commit_id > ${mark.commit} ORDER BY cell_id, new_version`
  const commits = await owner<{ revision: string }[]>`
    SELECT revision FROM efir_budget.cell_commits WHERE budget_version_id = ${budget} AND commit_id > ${mark.commit}`
  const cells = await owner<{ cell: string; version: number; number: string }[]>`
    SELECT id AS cell, version, trim_scale(value_numeric)::text AS number
    FROM efir_budget.planning_cells WHERE id IN (
      SELECT cell_id FROM efir_budget.cell_changes WHERE commit_id > ${mark.commit}
    )`
  const { revision } = await markLog(world)
  return judge(
    {
      records,
      revisions: commits.map((commit) => Number(commit.revision)),
      counter: { before: Number(mark.revision), now: Number(revision) },
      cells,
    },
    successes,
  )
}
