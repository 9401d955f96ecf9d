import { ValidationError } from '../errors.ts'
import type { CellSelection } from '../store/facts.ts'
import type { CellFilter } from '../transport/port.ts'

const parts = ['module', 'entity', 'field', 'period'] as const

/**
 * The part of a filter that never changes about a cell: a sheet follows cells, and they do not come and go with a lock.
 *
 * @throws {ValidationError} for any other member, and for values that are no texts.
 */
export function toSelection(filter: CellFilter): CellSelection {
  if (typeof filter !== 'object' || (filter as unknown) === null) {
    throw new ValidationError('filter', filter, 'an object')
  }
  const selection: Partial<Record<(typeof parts)[number], CellSelection['entity']>> = {}
  for (const [name, wanted] of Object.entries(filter) as [string, unknown][]) {
    const part = parts.find((known) => known === name)
    if (wanted === undefined) continue
    if (part === undefined) throw new ValidationError(`filter.${name}`, wanted, `only ${parts.join(', ')}`)
    const values: unknown[] = Array.isArray(wanted) ? wanted : [wanted]
    const mayBeNull = part === 'entity' || part === 'period'
    if (!values.every((value) => typeof value === 'string' || (mayBeNull && value === null))) {
      throw new ValidationError(`filter.${name}`, wanted, mayBeNull ? 'texts or null' : 'texts')
    }
    const texts = (values as (string | null)[]).map((value) =>
      part === 'entity' && value !== null ? value.toLowerCase() : value,
    )
    selection[part] = Array.isArray(wanted) ? texts : texts[0]
  }
  return selection as CellSelection
}

/** The cells of both. */
export function intersection(one: CellSelection, other: CellSelection): CellSelection {
  const both: Partial<Record<(typeof parts)[number], CellSelection['entity']>> = {}
  for (const part of parts) {
    const [first, second] = [one[part], other[part]]
    if (first === undefined) both[part] = second
    else if (second === undefined) both[part] = first
    else {
      const allowed = new Set(listed(second))
      both[part] = listed(first).filter((value) => allowed.has(value))
    }
  }
  return both as CellSelection
}

function listed(wanted: string | null | readonly (string | null)[]): readonly (string | null)[] {
  return wanted === null || typeof wanted === 'string' ? [wanted] : wanted
}
