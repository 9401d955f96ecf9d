import { describe, expect, it } from 'vitest'
import { boolean, decimal, defineModules, UnreadableValueError, type CellAddress } from '@efir/cells'
import type { Answer } from '../../src/transport/rpc.ts'
import type { SeenRequest } from '../transport/support/scripted-server.ts'
import { empty, scriptedLive } from './support/scripted-live.ts'

const modules = defineModules({
  revenue: { growth: decimal({ as: 'number', period: true }), open: boolean() },
})
const growth = { module: 'revenue', field: 'growth', period: '2026' } as const
const open = { module: 'revenue', field: 'open' } as const
const at = '2026-11-28T10:00:00+00:00'
const id = (n: number) => `00000000-0000-4000-8000-${String(n).padStart(12, '0')}`
const row = (n: number, key: unknown[], number: string | null, text: string | null) => [
  id(n),
  ...key,
  number,
  text,
  'input',
  false,
  null,
  1,
  null,
  at,
]

async function sheetOf(cells: unknown[]) {
  const reply = (request: SeenRequest): Answer =>
    request.operation === 'list_cells'
      ? { status: 200, data: { revision: 1, cells, next: null } }
      : request.operation === 'changes_since'
        ? { status: 200, data: { revision: 1, from: 1, to: 1, resync: false, commits: [] } }
        : empty(request)
  const live = scriptedLive({ reply })
  const sheet = live.openTyped(modules)
  await sheet.ready()
  return { sheet, ...live }
}
const stored = [
  row(1, ['revenue', null, 'growth', '2026'], '0.045', null),
  row(2, ['revenue', null, 'open', null], null, 'perhaps'),
  row(3, ['capex', null, 'amount', null], '7', null),
]

describe('a sheet of an application’s modules', () => {
  it('shows values as their fields have them, with what is confirmed below, frozen and the same until they change', async () => {
    const { sheet } = await sheetOf(stored)
    const shown = sheet.get(growth)
    expect(shown).toMatchObject({ value: 0.045, kind: 'number', exists: true, isPending: false })
    expect(shown.base.value).toBe(0.045)
    expect(Object.isFrozen(shown)).toBe(true)
    expect(sheet.get(growth)).toBe(shown)
    expect(sheet.get(shown)).toBe(shown)
    const store = sheet.cell(growth)
    expect(sheet.cell(growth)).toBe(store)
    expect(store.getSnapshot()).toBe(shown)
    expect(store.getServerSnapshot()).toBe(shown)
    const range = sheet.range({ module: 'revenue', field: 'growth' })
    expect(range.getSnapshot()).toEqual([shown])
    expect(range.getSnapshot()[0]).toBe(shown)
    expect(range.getSnapshot()).toBe(range.getSnapshot())
    expect(Object.isFrozen(range.getSnapshot())).toBe(true)
  })

  it('takes a cell that it showed as what was seen, in the form that is stored', async () => {
    const { sheet } = await sheetOf(stored)
    const { result } = sheet.set(growth, 0.05, { seen: sheet.get(growth) })
    sheet.set(open, true, { seen: sheet.get(open) })
    expect(sheet.pending.getSnapshot().map(({ base }) => base.value)).toEqual(['0.045', 'perhaps'])
    expect(await result).toMatchObject({ value: 0.05 })
    expect(() => sheet.set(growth, 0.06, { seen: sheet.get(open) })).toThrow(/seen/)
  })

  it('writes what its fields take, shows it at once, and gives back what was confirmed', async () => {
    const { sheet, requests } = await sheetOf(stored)
    const seen: unknown[] = []
    const fresh = { ...growth, period: '2028' } as const
    sheet.subscribe(fresh, ({ value, isPending }) => seen.push([value, isPending]))
    sheet.subscribeRange({ field: 'growth' }, (changed) => seen.push(changed.map(({ value }) => value)))
    const { local, result } = sheet.set(fresh, 0.05)
    expect(local).toMatchObject({ value: 0.05, isPending: true, base: { exists: false } })
    expect(await result).toMatchObject({ value: 0.05, version: 1 })
    const write = requests.find(({ operation }) => operation === 'write_cells')
    expect(write?.parameters.p_items).toMatchObject([{ number: '0.05' }])
    expect(seen).toEqual([[0.05, true], [0.05], [0.05, false], [0.05]])
    expect(sheet.set(growth, 0.06).local).toMatchObject({ value: 0.06, base: { value: 0.045 } })
    const batch = sheet.setMany([
      { cell: open, value: true },
      { cell: { ...growth, period: '2027' }, delete: true },
    ])
    expect((await batch.result).map(({ value }) => value)).toEqual([true, null])
  })

  it('shows what a field cannot read as such, and can write over it', async () => {
    const { sheet } = await sheetOf(stored)
    const shown = sheet.get(open)
    expect(shown).toMatchObject({ kind: 'unreadable', raw: { text: 'perhaps' }, isPending: false })
    expect(() => shown.value).toThrow(UnreadableValueError)
    expect(shown.base.kind).toBe('unreadable')
    expect(sheet.range().getSnapshot()).toHaveLength(3)
    expect(sheet.set(open, false).local).toMatchObject({ value: false, isPending: true })
  })

  it('takes no value that is none of its field’s, no field that there is not, and shows no cell that there cannot be', async () => {
    const { sheet, requests } = await sheetOf(stored)
    const before = requests.length
    const unknown: CellAddress = { module: 'revenue', field: 'grwth' }
    const withoutPeriod: CellAddress = { module: 'revenue', field: 'growth' }
    expect(() => sheet.set(growth, 'much' as never)).toThrow(
      expect.objectContaining({ code: 'invalid', field: 'value' }) as Error,
    )
    expect(() => sheet.setMany([{ cell: open, value: 7 as never }])).toThrow(
      expect.objectContaining({ field: 'changes[0].value' }) as Error,
    )
    expect(() => sheet.get(unknown)).toThrow(expect.objectContaining({ field: 'cell.field' }) as Error)
    expect(() => sheet.cell(withoutPeriod)).toThrow(
      expect.objectContaining({ field: 'cell.period' }) as Error,
    )
    expect(requests).toHaveLength(before)
  })

  it('leaves modules that are not defined as they are stored', async () => {
    const { sheet } = await sheetOf(stored)
    expect(sheet.get({ module: 'capex', field: 'amount' }).value).toBe('7')
    expect(sheet.set({ module: 'capex', field: 'amount' }, '8.50').local.value).toBe('8.5')
  })
})
