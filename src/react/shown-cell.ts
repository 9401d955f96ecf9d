import type { Cell, ResolvedAddress, SheetFilter, VisibleCell } from '../index.ts'

const parts = ['module', 'entity', 'field', 'period'] as const

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

/** Whether two cells show the same, and are the same below what is pending. */
export function isSameCell(one: VisibleCell, other: VisibleCell): boolean {
  if (one === other) return true
  return (
    one.value === other.value &&
    one.kind === other.kind &&
    one.exists === other.exists &&
    one.isPending === other.isPending &&
    (Object.keys(one.base) as (keyof Cell)[]).every((name) => one.base[name] === other.base[name])
  )
}

/** The order of a sheet's ranges: module, entity, field, period, by code units, what is absent first. */
export function compareCells(one: ResolvedAddress, other: ResolvedAddress): number {
  for (const part of parts) {
    const [left, right] = [one[part], other[part]]
    if (left === right) continue
    if (left === null) return -1
    if (right === null) return 1
    return left < right ? -1 : 1
  }
  return 0
}

/** Whether a filter names a cell. */
export function matchesFilter(cell: ResolvedAddress, filter: SheetFilter): boolean {
  return parts.every((part) => {
    const wanted: unknown = filter[part]
    if (wanted === undefined) return true
    return Array.isArray(wanted) ? wanted.includes(cell[part]) : wanted === cell[part]
  })
}
