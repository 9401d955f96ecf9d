import { expectTypeOf } from 'vitest'
import {
  boolean,
  createCells,
  decimal,
  defineModules,
  oneOf,
  type AnySupabaseClient,
  type AnyVisibleCell,
  type Cell,
  type CellEdit,
  type DecimalText,
  type ExternalStore,
  type Sheet,
  type TypedCell,
  type TypedVisibleCell,
  type UnreadableVisibleCell,
  type VisibleCell,
  type WriteHandle,
} from '@efir/cells'

declare const supabase: AnySupabaseClient
declare const name: string

const modules = defineModules({
  revenue: {
    rate: decimal({ scale: 2, period: true, entity: 'optional' }),
    growth: decimal({ as: 'number', period: true }),
    status: oneOf(['draft', 'final']),
  },
  staff: { open: boolean() },
})
const budget = createCells(supabase, { modules }).budget(name)
const sheet = await budget.open({ module: 'revenue' })
expectTypeOf(sheet).toEqualTypeOf<Sheet<typeof modules, 'revenue'>>()

type Shown<Field extends string, Value> =
  TypedVisibleCell<'revenue', Field, Value> | UnreadableVisibleCell<'revenue', Field>

// What is shown is of its own field.
const rate = sheet.get({ module: 'revenue', field: 'rate', period: '2025-09' })
expectTypeOf(rate).toEqualTypeOf<Shown<'rate', DecimalText>>()
expectTypeOf(rate.value).toEqualTypeOf<DecimalText | null>()
expectTypeOf(rate.base).toExtend<TypedCell<'revenue', 'rate', unknown>>()
const growth = sheet.get({ module: 'revenue', field: 'growth', period: '2026' })
expectTypeOf(growth.value).toEqualTypeOf<number | null>()
if (growth.kind === 'unreadable')
  expectTypeOf(growth.raw).toEqualTypeOf<DecimalText | { readonly text: string }>()
else expectTypeOf(growth.base).toEqualTypeOf<TypedCell<'revenue', 'growth', number>>()
expectTypeOf(sheet.cell({ module: 'revenue', field: 'status' })).toEqualTypeOf<
  ExternalStore<Shown<'status', 'draft' | 'final'>>
>()
sheet.subscribe({ module: 'revenue', field: 'growth', period: '2026' }, ({ value }) => {
  expectTypeOf(value).toEqualTypeOf<number | null>()
})

// What was shown, or read, names its cell.
expectTypeOf(sheet.get(growth)).toEqualTypeOf(growth)
const status = await budget.read({ module: 'revenue', field: 'status' })
expectTypeOf(sheet.get(status).value).toEqualTypeOf<'draft' | 'final' | null>()

// Ranges are of the sheet's own module, or of what their filter names.
expectTypeOf(sheet.range().getSnapshot()[0]!).toEqualTypeOf<
  Shown<'rate', DecimalText> | Shown<'growth', number> | Shown<'status', 'draft' | 'final'>
>()
expectTypeOf(sheet.range({ field: 'growth' }).getSnapshot()[0]!.value).toEqualTypeOf<number | null>()
expectTypeOf(sheet.range({ module: 'revenue', field: 'growth' })).toEqualTypeOf<
  ExternalStore<readonly Shown<'growth', number>[]>
>()
sheet.subscribeRange({ field: 'status' }, (changed) => {
  expectTypeOf(changed[0]!.value).toEqualTypeOf<'draft' | 'final' | null>()
})
const whole = await budget.open()
expectTypeOf(whole.range().getSnapshot()[0]!).toEqualTypeOf<AnyVisibleCell>()
expectTypeOf(whole.range({ module: 'staff' }).getSnapshot()[0]!.value).toEqualTypeOf<boolean | null>()

// What is written is of its field, and so is what comes back.
const handle = sheet.set(growth, 0.05)
void sheet.set(growth, 0.05, { seen: sheet.get(growth) })
expectTypeOf(handle).toEqualTypeOf<WriteHandle<typeof growth, TypedCell<'revenue', 'growth', number>>>()
void sheet.set({ module: 'revenue', field: 'status' }, 'final')
void sheet.set({ module: 'revenue', field: 'status' }, null)
expectTypeOf((await sheet.delete(growth).result).value).toEqualTypeOf<number | null>()
const batch = sheet.setMany([
  { cell: { module: 'revenue', field: 'status' }, value: 'draft' },
  { cell: growth, value: 0.1 },
  { cell: rate, delete: true },
])
const [drafted, grown] = await batch.result
expectTypeOf(drafted.value).toEqualTypeOf<'draft' | 'final' | null>()
expectTypeOf(grown).toEqualTypeOf<TypedCell<'revenue', 'growth', number>>()
expectTypeOf(batch.writes[1].local.value).toEqualTypeOf<number | null>()
sheet.session('Raise', (session) => {
  session.set(growth, 0.06)
  // @ts-expect-error -- no number
  session.set(growth, 'much')
})
const edit = await sheet.edit(growth)
expectTypeOf(edit).toEqualTypeOf<
  CellEdit<typeof growth, TypedCell<'revenue', 'growth', number>, number | null>
>()
expectTypeOf(await edit.commit()).toEqualTypeOf<TypedCell<'revenue', 'growth', number>>()
expectTypeOf(await sheet.edit(growth, { ifAvailable: true })).toEqualTypeOf<typeof edit | null>()

// Wrong names.
// @ts-expect-error -- no such field
void sheet.get({ module: 'revenue', field: 'rates', period: '2025-09' })
// @ts-expect-error -- the field requires a period
void sheet.cell({ module: 'revenue', field: 'growth' })
// @ts-expect-error -- no such field
void sheet.range({ module: 'revenue', field: 'open' })
// @ts-expect-error -- no such field
void budget.open({ module: 'revenue', field: 'open' })

// Wrong values.
// @ts-expect-error -- none of the field's
void sheet.set({ module: 'revenue', field: 'status' }, 'done')
// @ts-expect-error -- none of the field's
void sheet.setMany([{ cell: { module: 'revenue', field: 'status' }, value: 'done' }])
// @ts-expect-error -- none of the field's
void edit.set('much')

// A module that is not defined, or whose name the compiler does not know, is taken as it comes.
expectTypeOf(whole.get({ module: 'capex', field: 'amount' })).toEqualTypeOf<VisibleCell>()
expectTypeOf(whole.get({ module: name, field: name })).toEqualTypeOf<AnyVisibleCell>()
void whole.set({ module: 'capex', field: 'amount' }, '1.50')

// Without modules all is as it is stored.
const plain = await createCells(supabase).budget(name).open({ module: 'revenue' })
expectTypeOf(plain.get({ module: 'revenue', field: 'rate' })).toEqualTypeOf<VisibleCell>()
expectTypeOf(plain.range().getSnapshot()).toEqualTypeOf<readonly VisibleCell[]>()
expectTypeOf(plain.set({ module: 'revenue', field: 'rate' }, '1')).toEqualTypeOf<WriteHandle>()
expectTypeOf(
  plain.setMany([{ cell: { module: 'revenue', field: 'rate' }, value: '1' }]).result,
).toEqualTypeOf<Promise<readonly Cell[]>>()
expectTypeOf(await plain.edit({ module: 'revenue', field: 'rate' })).toEqualTypeOf<CellEdit>()
expectTypeOf(plain).toExtend<Sheet>()
