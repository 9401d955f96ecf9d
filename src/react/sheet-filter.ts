import type { ResolvedAddress, SheetFilter } from '../index.ts'

/** The parts of an address, in the order that cells are listed in. */
export const addressParts = ['module', 'entity', 'field', 'period'] as const

/** Whether a filter names a cell. */
export function matchesFilter(cell: ResolvedAddress, filter: SheetFilter): boolean {
  return addressParts.every((part) => {
    const wanted: unknown = filter[part]
    if (wanted === undefined) return true
    return Array.isArray(wanted) ? wanted.includes(cell[part]) : wanted === cell[part]
  })
}

/** The filter with its ids in lower case, as the database prints them and cells are compared. */
export function normalFilter(filter: SheetFilter): SheetFilter {
  const { entity } = filter
  if (typeof entity === 'string') return { ...filter, entity: entity.toLowerCase() }
  if (!Array.isArray(entity)) return filter
  const ids = entity as readonly (string | null)[]
  return { ...filter, entity: ids.map((id) => (typeof id === 'string' ? id.toLowerCase() : id)) }
}

/** Equal for filters of the same cells that were written in the same order. */
export function filterKey(filter: SheetFilter): string {
  const { module, entity, field, period, ...unknown } = normalFilter(filter)
  return JSON.stringify([
    [module, entity, field, period].map((part) => (part === undefined ? 0 : [part])),
    unknown,
  ])
}
