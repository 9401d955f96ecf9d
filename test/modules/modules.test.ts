import { describe, expect, it } from 'vitest'
import {
  boolean,
  createCells,
  custom,
  decimal,
  defineModules,
  text,
  UnreadableValueError,
  type StoredCell,
} from '@efir/cells'
import { createClient } from '@supabase/supabase-js'
import { noRules } from '../../src/modules/rules.ts'

const entity = '0199a3c4-0000-4000-8000-000000000002'
const modules = defineModules({
  revenue: {
    rate: decimal({ scale: 2, period: true, entity: 'optional' }),
    open: boolean({ entity: true }),
    note: text(),
  },
})

const at = (field: string, parts: { period?: string; entity?: string; module?: string } = {}) => ({
  module: parts.module ?? 'revenue',
  field,
  period: parts.period ?? null,
  entity: parts.entity ?? null,
})

const row = (module: string, field: string, kind: StoredCell['kind'], value: string | null): StoredCell =>
  Object.freeze({
    ...at(field, { module }),
    exists: true,
    id: '0199a3c4-0000-7000-8000-000000000001',
    kind,
    value,
    valueType: 'input',
    isLocked: true,
    lockReason: 'Approved',
    version: 3,
    modifiedBy: entity,
    modifiedAt: '2026-11-23T00:00:00+00:00',
  })

describe('addresses of defined modules', () => {
  it.each([
    [at('rate', { period: '2025-09' })],
    [at('rate', { period: '2025-09', entity })],
    [at('open', { entity })],
    [at('note')],
    [at('anything', { module: 'capex', period: '2025' })],
    [at('constructor', { module: 'constructor' })],
    [at('toString', { module: '__proto__' })],
  ])('may be %j', (address) => {
    expect(() => modules.checkAddress(address, 'cell')).not.toThrow()
  })

  it.each([
    ['cell.period', null, 'one: this field requires it', at('rate')],
    ['cell.period', '2025', 'none: this field has no period', at('note', { period: '2025' })],
    ['cell.entity', null, 'one: this field requires it', at('open')],
    ['cell.entity', entity, 'none: this field has no entity', at('note', { entity })],
    ['cell.field', 'nota', 'a field of revenue: rate, open, note', at('nota')],
    ['cell.field', 'constructor', 'a field of revenue: rate, open, note', at('constructor')],
  ])('are refused by %s where it is %s', (field, given, allowed, address) => {
    expect(() => modules.checkAddress(address, 'cell')).toThrow(
      expect.objectContaining({ code: 'invalid', field, given, allowed }) as Error,
    )
  })
})

describe('values of defined modules', () => {
  it('are checked by their field, at their own address', () => {
    const address = at('rate', { period: '2025-09' })
    expect(modules.toInput(address, '1.50', 'change')).toBe('1.5')
    expect(modules.toInput(address, null, 'change')).toBeNull()
    expect(() => modules.toInput(at('rate'), '1', 'changes[2]')).toThrow(
      expect.objectContaining({ field: 'changes[2].cell.period' }) as Error,
    )
    expect(() => modules.toInput(address, 'x', 'changes[2]')).toThrow(
      expect.objectContaining({ field: 'changes[2].value', given: 'x' }) as Error,
    )
  })

  it('pass as they are where nothing is known of the module', () => {
    expect(modules.toInput(at('a', { module: 'capex' }), { text: 'x' }, 'change')).toEqual({ text: 'x' })
    expect(noRules.toInput(at('a'), true, 'change')).toBe(true)
    const cell = row('capex', 'rate', 'text', 'x')
    expect(modules.toTyped(cell)).toBe(cell)
    expect(noRules.toTyped(cell)).toBe(cell)
    expect(() => noRules.checkAddress(at('nota'), 'cell')).not.toThrow()
  })
})

describe('a cell that its field cannot read', () => {
  it.each([
    ['is stored as text, and its field as number', row('revenue', 'rate', 'text', 'n/a')],
    ['is stored as number, and its field as text', row('revenue', 'note', 'number', '7')],
    ['holds what its field cannot read; allowed: true, false or null', row('revenue', 'open', 'text', 'yes')],
    ['is of no field of its module', row('revenue', 'nota', 'text', 'x')],
    ['is of no field of its module', row('revenue', '', 'text', 'x')],
  ])('%s, and keeps all but its value', (problem, cell) => {
    const typed = modules.toTyped(cell)
    const { value, kind, ...rest } = cell
    expect({ ...typed }).toEqual({
      ...rest,
      kind: 'unreadable',
      raw: kind === 'text' ? { text: value } : value,
      problem,
    })
    expect(() => typed.value).toThrow(UnreadableValueError)
    expect(() => typed.value).toThrow(problem)
    expect(Object.isFrozen(typed)).toBe(true)
  })

  it('can be copied, printed and compared without throwing', () => {
    const typed = modules.toTyped(row('revenue', 'rate', 'text', 'n/a'))
    expect(JSON.parse(JSON.stringify(typed))).toEqual(structuredClone({ ...typed }))
    expect(typed).toEqual(modules.toTyped(row('revenue', 'rate', 'text', 'n/a')))
  })

  it('is none when it is empty, whatever its field', () => {
    for (const field of ['rate', 'open', 'nota']) {
      const cell = row('revenue', field, 'empty', null)
      expect(modules.toTyped(cell)).toBe(cell)
    }
  })
})

describe('definitions', () => {
  it.each([
    ['modules..note.module', { '': { note: text() } }],
    ['modules.revenue..field', { revenue: { '': text() } }],
    [`modules.${'m'.repeat(51)}.note.module`, { ['m'.repeat(51)]: { note: text() } }],
    ['modules.revenue.note', { revenue: { note: {} } }],
    ['modules.revenue.note', { revenue: { note: null } }],
    ['modules.revenue.note', { revenue: { note: 'text' } }],
    ['modules.revenue', { revenue: null }],
    ['modules', null],
    ['modules', 'revenue'],
    ['modules.revenue.note', { revenue: { note: { ...text(), stored: 'json' } } }],
    ['modules.revenue.note', { revenue: { note: { ...text(), parse: 'no' } } }],
    ['modules.revenue.note.period', { revenue: { note: text({ period: 'yes' as never }) } }],
    ['modules.revenue.note.entity', { revenue: { note: custom('text', text(), { entity: 1 as never }) } }],
  ])('name %s where it is not acceptable', (field, given) => {
    expect(() => defineModules(given as never)).toThrow(
      expect.objectContaining({ code: 'invalid', field }) as Error,
    )
  })

  it('are no modules before defineModules() has made them', () => {
    const supabase = createClient('http://127.0.0.1:1', 'anon-key')
    const raw = { revenue: { note: text() } }
    expect(() => createCells(supabase, { modules: raw as never })).toThrow(
      expect.objectContaining({ field: 'modules', allowed: 'what defineModules() made' }) as Error,
    )
  })
})
