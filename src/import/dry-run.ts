import { toStoredValue, type Cell } from '../index.ts'
import type { BaseRule, LaneReply } from './lane/lane.ts'
import type { ImportItem } from './map/items.ts'
import type { ImportDifference } from './options.ts'
import type { RejectStatus } from './report.ts'

const reasons: Partial<Record<ImportDifference['status'], string>> = {
  exists: 'The cell is there already.',
  missing: 'There is no such cell.',
  locked: 'The cell is locked.',
}

/** What writing the items would do to the cells as they are now. */
export function compare(
  items: readonly ImportItem[],
  cells: readonly Cell[],
  rule: BaseRule,
): readonly ImportDifference[] {
  return items.flatMap(({ cell, value, record }, index) => {
    const before = cells[index]
    if (before === undefined) return []
    return [{ status: statusOf(before, value, rule), line: record.line, cell, before, after: value }]
  })
}

/** The same as what a lane answers. */
export function toCounts(differences: readonly ImportDifference[]): Pick<LaneReply, 'counts' | 'problems'> {
  const counts: Record<string, number> = {}
  const problems: LaneReply['problems'][number][] = []
  for (const [index, { status }] of differences.entries()) {
    counts[status] = (counts[status] ?? 0) + 1
    const reason = reasons[status]
    if (reason !== undefined) problems.push({ index, status: status as RejectStatus, reason })
  }
  return { counts, problems }
}

function statusOf(before: Cell, value: ImportItem['value'], rule: BaseRule): ImportDifference['status'] {
  if (before.isLocked) return 'locked'
  if (before.exists && rule === 'insert') return 'exists'
  if (!before.exists && rule === 'update') return 'missing'
  const { number, text } = toStoredValue(value)
  const kind = number !== null ? 'number' : text !== null ? 'text' : 'empty'
  // No cell and an empty one show the same: nothing.
  if (kind === before.kind && (number ?? text) === before.value) return 'unchanged'
  return before.exists ? 'updated' : 'created'
}
