import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { cellKey, parseCellKey, ValidationError, type CellAddress } from '@efir/cells'
import { newUuid } from '../../src/model/identifier.ts'

const code = (limit: number) =>
  fc
    .string({ minLength: 1, maxLength: limit, unit: 'binary' })
    .filter((text) => !text.includes('\0') && text.length > 0)
const address: fc.Arbitrary<CellAddress> = fc.record({
  module: code(50),
  entity: fc.option(fc.uuid(), { nil: null }),
  field: code(100),
  period: fc.option(code(20), { nil: null }),
})

describe('cell keys', () => {
  it('round-trip', () => {
    fc.assert(
      fc.property(address, (given) => {
        expect(parseCellKey(cellKey(given))).toEqual(given)
      }),
    )
  })

  it('are equal for equal addresses, however they are spelled', () => {
    const entity = 'AAAAAAAA-0000-4000-8000-000000000001'
    expect(cellKey({ module: 'm', field: 'f' })).toBe(
      cellKey({ field: 'f', module: 'm', entity: null, period: undefined }),
    )
    expect(cellKey({ module: 'm', field: 'f', entity })).toBe(
      cellKey({ module: 'm', field: 'f', entity: entity.toLowerCase() }),
    )
  })

  it.each(['', 'x', '[]', '["m",null,"f"]', '["m","not-a-uuid","f",null]', '[1,null,"f",null]'])(
    'refuse %j',
    (text) => expect(() => parseCellKey(text)).toThrow(ValidationError),
  )
})

describe('addresses', () => {
  it.each([
    ['address.module', { module: '', field: 'f' }],
    ['address.module', { module: 'm'.repeat(51), field: 'f' }],
    ['address.field', { module: 'm', field: 'f'.repeat(101) }],
    ['address.field', { module: 'm', field: 'nul\0' }],
    ['address.field', { module: 'm', field: 'half \ud83d' }],
    ['address.entity', { module: 'm', field: 'f', entity: '42' }],
    ['address.period', { module: 'm', field: 'f', period: 'p'.repeat(21) }],
  ])('name %s where it is not acceptable', (field, given) => {
    expect(() => cellKey(given)).toThrow(expect.objectContaining({ code: 'invalid', field }) as Error)
  })

  it('count characters as Postgres does, not UTF-16 units', () => {
    expect(() => cellKey({ module: '🧮'.repeat(50), field: 'f' })).not.toThrow()
  })
})

describe('newUuid', () => {
  it('makes distinct version 7 UUIDs that sort by time', () => {
    const made = Array.from({ length: 1000 }, newUuid)
    expect(new Set(made).size).toBe(1000)
    for (const uuid of made)
      expect(uuid).toMatch(/^[0-9a-f]{8}-[0-9a-f]{4}-7[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$/)
    const time = Number.parseInt(made[0]!.replace('-', '').slice(0, 12), 16)
    expect(Math.abs(time - Date.now())).toBeLessThan(60_000)
  })
})
