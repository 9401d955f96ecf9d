import { describe, expect, it } from 'vitest'
import { kindOf, missingCell, writtenCell } from '../../src/model/cell.ts'

const address = { module: 'revenue', entity: null, field: 'growth', period: '2026' }

describe('a cell', () => {
  it('that nobody has written has its address, version 0 and nothing else', () => {
    const cell = missingCell({ ...address, more: 'than an address' } as typeof address)
    expect(cell).toEqual({
      ...address,
      ...{ exists: false, id: null, kind: 'empty', value: null, isLocked: false, lockReason: null },
      ...{ version: 0, modifiedBy: null, modifiedAt: null },
    })
    expect(Object.isFrozen(cell)).toBe(true)
  })

  it.each([
    [{ number: '4.5', text: null }, 'number', '4.5'],
    [{ number: null, text: 'later' }, 'text', 'later'],
    [{ number: null, text: '' }, 'text', ''],
    [{ number: null, text: null }, 'empty', null],
  ] as const)('as a write of %j left it is a %s', (stored, kind, value) => {
    const written = { id: 'id', version: 3, by: 'bob', at: '2026-11-28T10:00:00Z' }
    const cell = writtenCell(address, stored, written, 'imported')
    expect(cell).toEqual({
      ...address,
      ...{ exists: true, id: 'id', kind, value, valueType: 'imported', isLocked: false, lockReason: null },
      ...{ version: 3, modifiedBy: 'bob', modifiedAt: '2026-11-28T10:00:00Z' },
    })
    expect(Object.isFrozen(cell)).toBe(true)
    expect(kindOf(stored.number, stored.text)).toBe(kind)
  })
})
