import type { Cell, ResolvedAddress, VisibleCell } from '../index.ts'
import { addressParts } from './sheet-filter.ts'

/** A confirmed cell as a sheet shows it. */
export function shownCell(confirmed: Cell): VisibleCell {
  const base = Object.freeze(confirmed)
  const { module, entity, field, period, exists, kind, value } = base
  return Object.freeze({ module, entity, field, period, exists, kind, value, isPending: false, base })
}

/** A cell that nobody has written yet, as a sheet shows it. */
export function missingCell({ module, entity, field, period }: ResolvedAddress): VisibleCell {
  return shownCell({
    module,
    entity,
    field,
    period,
    exists: false,
    id: null,
    kind: 'empty',
    value: null,
    isLocked: false,
    lockReason: null,
    version: 0,
    modifiedBy: null,
    modifiedAt: null,
  })
}

/** Whether two confirmed cells are the same row at the same version. What is pending is only the same as itself. */
export function isSameCell(one: VisibleCell, other: VisibleCell): boolean {
  if (one === other) return true
  return (
    !one.isPending &&
    !other.isPending &&
    one.exists === other.exists &&
    one.base.id === other.base.id &&
    one.base.version === other.base.version &&
    // Of a budget that was restored from a backup, the same version may hold something else.
    one.base.modifiedAt === other.base.modifiedAt
  )
}

/** The order of a sheet's ranges: module, entity, field, period, by code units, what is absent first. */
export function compareCells(one: ResolvedAddress, other: ResolvedAddress): number {
  for (const part of addressParts) {
    const [left, right] = [one[part], other[part]]
    if (left === right) continue
    if (left === null) return -1
    if (right === null) return 1
    return left < right ? -1 : 1
  }
  return 0
}
