import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { BindingError, readChangeFilter } from '../../../src/local/realtime/change-filter.ts'

const read = (filter: unknown, rest: object = { schema: 'public', table: 'notes' }) =>
  readChangeFilter({ event: '*', schema: undefined, table: undefined, select: undefined, ...rest, filter })

describe('a filter', () => {
  it.each([
    ['id=eq.1', [['id', 'eq', '1']]],
    [
      'id=gt.0,id=lt.100',
      [
        ['id', 'gt', '0'],
        ['id', 'lt', '100'],
      ],
    ],
    ['name=in.(a,"b,c")', [['name', 'in', '{a,"b,c"}']]],
    ['name=eq."a,b \\"c\\""', [['name', 'eq', 'a,b "c"']]],
    ['ratio=gte.1.5', [['ratio', 'gte', '1.5']]],
    ['  ', []],
    [undefined, []],
  ])('%s is understood', (filter, conditions) => {
    const found = read(filter).conditions.map(({ column, operator, value }) => [column, operator, value])
    expect(found).toEqual(conditions)
  })

  it.each(['undefined', 'id', 'id=1', 'id=like.x', 'id=in.1', '=eq.1', 'id=eq.1,', 'id=constructor.1', 7])(
    '%s is refused',
    (filter) => {
      expect(() => read(filter)).toThrow(BindingError)
    },
  )

  it('of any text is understood or refused, and never more', () => {
    fc.assert(
      fc.property(fc.oneof(fc.string(), fc.stringMatching(/^[a-c=.,()"\\]*$/)), (filter) => {
        try {
          read(filter)
        } catch (error) {
          expect(error).toBeInstanceOf(BindingError)
        }
      }),
    )
  })
})

describe('a binding', () => {
  it.each([
    [{ schema: 'public' }, ['public', '*']],
    [{ table: 'notes' }, ['public', 'notes']],
    [{ schema: 'efir_budget', table: 'planning_cells' }, ['efir_budget', 'planning_cells']],
  ])('%j is of a schema and a table', (binding, wanted) => {
    const { schema, table } = read(undefined, binding)
    expect([schema, table]).toEqual(wanted)
  })

  it.each([{}, { schema: 7 }, { schema: 'public', table: {} }, { schema: 'public', select: ['id'] }])(
    '%j is refused',
    (binding) => {
      expect(() => read(undefined, binding)).toThrow(BindingError)
    },
  )
})
