import { describe, expect, it } from 'vitest'
import { filterKey, matchesFilter, normalFilter } from '../../src/react/sheet-filter.ts'

const id = '0199A3C4-0000-7000-8000-00000000000A'
const cell = { module: 'revenue', entity: id.toLowerCase(), field: 'growth', period: '2026' }

describe('a filter of a sheet', () => {
  it('names entities as the database prints them, however they were written', () => {
    expect(normalFilter({ entity: id })).toEqual({ entity: cell.entity })
    expect(normalFilter({ entity: [id, null] })).toEqual({ entity: [cell.entity, null] })
    expect(normalFilter({ entity: null })).toEqual({ entity: null })
    expect(normalFilter({ module: 'A' })).toEqual({ module: 'A' })
  })

  it('is the same for the same cells, and another for others', () => {
    expect(filterKey({ field: 'a', entity: id })).toBe(filterKey({ entity: cell.entity, field: 'a' }))
    const others = [{}, { entity: null }, { entity: [null] }, { entity: id }, { field: 'a' }, { period: 'a' }]
    expect(new Set(others.map(filterKey)).size).toBe(others.length)
  })

  it('has the cells that each of its parts names', () => {
    expect(matchesFilter(cell, {})).toBe(true)
    expect(matchesFilter(cell, { module: 'revenue', period: ['2025', '2026'] })).toBe(true)
    expect(matchesFilter(cell, { period: ['2025'] })).toBe(false)
    expect(matchesFilter(cell, { entity: null })).toBe(false)
    expect(matchesFilter({ ...cell, entity: null }, { entity: null })).toBe(true)
  })
})
