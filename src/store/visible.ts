import type { Cell, StoredCell } from '../model/cell.ts'
import type { PendingValue, VisibleCell } from './facts.ts'

/** The one rule of what is shown: the pending value over the confirmed cell. */
export function visibleCell(base: Cell, pending: PendingValue | undefined): VisibleCell {
  const { module, entity, field, period } = base
  const { exists, kind, value } = pending === undefined ? base : pendingContent(pending)
  return Object.freeze({
    module,
    entity,
    field,
    period,
    exists,
    kind,
    value,
    isPending: pending !== undefined,
    base,
  })
}

function pendingContent(pending: PendingValue): Pick<VisibleCell, 'exists' | 'kind' | 'value'> {
  if (pending === 'deleted') return { exists: false, kind: 'empty', value: null }
  const { number, text } = pending
  const kind = number !== null ? 'number' : text !== null ? 'text' : 'empty'
  return { exists: true, kind, value: number ?? text }
}

export function samePending(one: PendingValue | undefined, other: PendingValue | undefined): boolean {
  if (one === other) return true
  if (typeof one !== 'object' || typeof other !== 'object') return false
  return one.number === other.number && one.text === other.text
}

export function sameStoredCell(one: StoredCell, other: StoredCell): boolean {
  return (Object.keys(one) as (keyof StoredCell)[]).every((name) => one[name] === other[name])
}
