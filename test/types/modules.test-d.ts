import type { Big } from 'big.js'
import { expectTypeOf } from 'vitest'
import { z } from 'zod'
import {
  boolean,
  createCells,
  date,
  decimal,
  defineModules,
  oneOf,
  text,
  validated,
  type AnySupabaseClient,
  type Budget,
  type Cell,
  type CellAddress,
  type CellChange,
  type Codec,
  type CommentId,
  type DecimalText,
  type StoredCell,
  type TypedCell,
  type UnreadableCell,
} from '@efir/cells'

declare const supabase: AnySupabaseClient
declare const big: Codec<Big>
declare const entity: string
declare const name: string

const modules = defineModules({
  revenue: {
    tuition_rate_sar: decimal({ scale: 2, period: true, entity: 'optional' }),
    growth: decimal({ as: 'number', period: true }),
    total: decimal({ as: big }),
    note: text(),
    status: oneOf(['draft', 'final']),
    open: boolean({ entity: true }),
    due: date(),
  },
  staff: {
    email: z.email(),
    level: z.enum(['junior', 'senior']),
    share: validated(decimal({ as: 'number' }), z.number()),
  },
})
const budget = createCells(supabase, { modules }).budget(name)
expectTypeOf(budget).toEqualTypeOf<Budget<typeof modules>>()

const rate = await budget.read({ module: 'revenue', field: 'tuition_rate_sar', period: '2025-09' })
expectTypeOf(rate).toEqualTypeOf<TypedCell<'revenue', 'tuition_rate_sar', DecimalText>>()
expectTypeOf(rate.value).toEqualTypeOf<DecimalText | null>()
expectTypeOf(rate.module).toEqualTypeOf<'revenue'>()
const growth = await budget.read({ module: 'revenue', field: 'growth', period: '2025-09' })
expectTypeOf(growth.value).toEqualTypeOf<number | null>()
expectTypeOf((await budget.read({ module: 'revenue', field: 'total' })).value).toEqualTypeOf<Big | null>()
const status = await budget.read({ module: 'revenue', field: 'status' })
expectTypeOf(status.value).toEqualTypeOf<'draft' | 'final' | null>()
const open = await budget.read({ module: 'revenue', field: 'open', entity })
expectTypeOf(open.value).toEqualTypeOf<boolean | null>()
const level = await budget.read({ module: 'staff', field: 'level' })
expectTypeOf(level.value).toEqualTypeOf<'junior' | 'senior' | null>()
expectTypeOf((await budget.read({ module: 'staff', field: 'email' })).value).toEqualTypeOf<string | null>()
if (growth.kind === 'unreadable')
  expectTypeOf(growth.raw).toEqualTypeOf<DecimalText | { readonly text: string }>()
else expectTypeOf(growth).toExtend<{ readonly value: number | null }>()

// What was read is read again, and written, as what it is.
expectTypeOf(await budget.read(growth)).toEqualTypeOf<typeof growth>()
expectTypeOf(await budget.write(growth, 0.05)).toEqualTypeOf<typeof growth>()
expectTypeOf(await budget.delete(growth)).toEqualTypeOf<typeof growth>()
void budget.write(rate, '45000.00')
void budget.write(rate, 45_000n)
void budget.write(rate, null)
void budget.write(open, true)
void budget.write({ module: 'revenue', field: 'status' }, 'final', { ifVersion: 'any' })

// Wrong names.
// @ts-expect-error -- no such field
void budget.read({ module: 'revenue', field: 'tuition_rate', period: '2025-09' })
// @ts-expect-error -- a field of another module
void budget.read({ module: 'staff', field: 'note' })
// @ts-expect-error -- no such field
void budget.write({ module: 'revenue', field: 'tuition' }, '1', { ifVersion: 'any' })

// Wrong values.
// @ts-expect-error -- a decimal is no boolean
void budget.write(rate, true)
// @ts-expect-error -- a decimal is no text
void budget.write(rate, { text: 'high' })
// @ts-expect-error -- numbers it said
void budget.write(growth, '0.05')
// @ts-expect-error -- not one of the choices
void budget.write(status, 'approved')
// @ts-expect-error -- a boolean is no text
void budget.write(open, 'true')
// @ts-expect-error -- not one of the schema's choices
void budget.write(level, 'principal')
declare const commentId: CommentId
// @ts-expect-error -- an id is no decimal
void budget.write(rate, commentId)
// @ts-expect-error -- a version is still needed
void budget.write({ module: 'revenue', field: 'status' }, 'final')

// Periods and entities.
// @ts-expect-error -- the field requires a period
void budget.read({ module: 'revenue', field: 'tuition_rate_sar' })
// @ts-expect-error -- the period may not be null either
void budget.read({ module: 'revenue', field: 'tuition_rate_sar', period: null })
// @ts-expect-error -- the field has no period
void budget.read({ module: 'revenue', field: 'note', period: '2025-09' })
// @ts-expect-error -- the field requires an entity
void budget.read({ module: 'revenue', field: 'open' })
// @ts-expect-error -- the field has no entity
void budget.read({ module: 'revenue', field: 'growth', period: '2025-09', entity })
// @ts-expect-error -- a bare schema has neither
void budget.read({ module: 'staff', field: 'email', period: '2025-09' })
// @ts-expect-error -- the field requires a period for writing too
void budget.write({ module: 'revenue', field: 'growth' }, 1, { ifVersion: 'any' })
void budget.read({ module: 'revenue', field: 'tuition_rate_sar', period: '2025-09', entity })
void budget.read({ module: 'revenue', field: 'note', period: undefined, entity: null })

// Modules that nobody defined stay usable, as text.
const other = await budget.read({ module: 'capex', field: 'amount', period: '2025' })
expectTypeOf(other).toEqualTypeOf<Cell>()
void budget.write(other, { text: 'later' })
// @ts-expect-error -- a date is nothing that a cell holds
void budget.write(other, new Date())
// Where only run time knows the module, nothing is promised of the value.
const some = await budget.read({ module: name, field: name })
expectTypeOf(some.value).toEqualTypeOf<unknown>()
void budget.write(some, true)
declare const address: CellAddress
expectTypeOf((await budget.read(address)).value).toEqualTypeOf<unknown>()

// Many at once.
const [first, second, third] = await budget.readMany([
  { module: 'revenue', field: 'growth', period: '2025' },
  { module: 'revenue', field: 'note' },
  open,
])
expectTypeOf(first).toEqualTypeOf<typeof growth>()
expectTypeOf(second.value).toEqualTypeOf<string | null>()
expectTypeOf(third).toEqualTypeOf<typeof open>()
const grid = await budget.readMany(
  ['2025', '2026'].map((period) => ({ module: 'revenue' as const, field: 'growth' as const, period })),
)
expectTypeOf(grid).toEqualTypeOf<(typeof growth)[]>()
const nota = { module: 'revenue', field: 'nota' } as const
const noPeriod = { module: 'revenue', field: 'growth' } as const
// @ts-expect-error -- the second one has no such field
void budget.readMany([{ module: 'revenue', field: 'note' }, nota])
// @ts-expect-error -- the field requires a period
void budget.readMany([noPeriod])

const { outcomes } = await budget.writeMany([
  { cell: growth, value: 0.05 },
  { cell: { module: 'revenue', field: 'status' }, value: 'draft', ifVersion: 'any' },
  { cell: rate, delete: true },
])
if (outcomes[0].status === 'written') expectTypeOf(outcomes[0].cell).toEqualTypeOf<typeof growth>()
if (outcomes[0].status === 'conflict') {
  expectTypeOf(outcomes[0].theirs).toEqualTypeOf<
    StoredCell<'revenue', 'growth', number> | UnreadableCell<'revenue', 'growth'> | null
  >()
}
if (outcomes[1].status === 'written') expectTypeOf(outcomes[1].cell).toEqualTypeOf<typeof status>()
void budget.writeMany(grid.map((cell) => ({ cell, value: 1 })))
// @ts-expect-error -- numbers it said
void budget.writeMany(grid.map((cell) => ({ cell, value: '1' })))
const approved = { cell: status, value: 'approved' } as const
// @ts-expect-error -- the second value is none of its field's
void budget.writeMany([{ cell: growth, value: 1 }, approved])
// @ts-expect-error -- a bare address needs its version
void budget.writeMany([{ cell: { module: 'revenue', field: 'note' }, value: 'x' }])
// @ts-expect-error -- the field requires a period
void budget.writeMany([{ cell: { module: 'revenue', field: 'growth' }, value: 1, ifVersion: 'any' }])

// Lists.
for await (const cell of budget.list({ module: 'revenue', field: ['growth', 'open'] })) {
  if (cell.kind === 'unreadable')
    expectTypeOf(cell).toEqualTypeOf<UnreadableCell<'revenue', 'growth' | 'open'>>()
  else if (cell.field === 'growth') expectTypeOf(cell.value).toEqualTypeOf<number | null>()
  else expectTypeOf(cell.value).toEqualTypeOf<boolean | null>()
}
for await (const cell of budget.list({ module: 'staff' })) {
  if (cell.field === 'level') expectTypeOf(cell.value).toEqualTypeOf<'junior' | 'senior' | null>()
}
for await (const cell of budget.list({ locked: true })) expectTypeOf(cell.value).toEqualTypeOf<unknown>()
for await (const cell of budget.list({ module: 'capex' })) expectTypeOf(cell).toEqualTypeOf<StoredCell>()
// @ts-expect-error -- no such field
void budget.list({ module: 'revenue', field: 'nota' })

// Without modules everything is as it was.
const plain = createCells(supabase).budget(name)
expectTypeOf(plain).toEqualTypeOf<Budget>()
expectTypeOf(await plain.read({ module: 'revenue', field: 'anything' })).toEqualTypeOf<Cell>()
expectTypeOf(await plain.readMany([address, address])).toEqualTypeOf<Cell[]>()
for await (const cell of plain.list()) expectTypeOf(cell).toEqualTypeOf<StoredCell>()
void plain.write(other, '1')
// @ts-expect-error -- a boolean is no value without a field that says so
void plain.write(other, true)
// @ts-expect-error -- typed cells are no text: a budget with modules is not one without
void ((): Budget => budget)()

// Definitions.
// @ts-expect-error -- a bare schema is for text
defineModules({ staff: { share: z.number() } })
const asDate = z.iso.date().transform((day) => new Date(day))
// @ts-expect-error -- what the schema answers cannot be stored as a day
validated(date(), asDate)
// @ts-expect-error -- not what defineModules() made
createCells(supabase, { modules: { revenue: { note: text() } } })

// Arrays put together from others.
declare const addresses: CellAddress[]
const growths = ['2025'].map((period) => ({ module: 'revenue' as const, field: 'growth' as const, period }))
void plain.readMany([...addresses, address, ...addresses])
const mixed = await budget.readMany([...growths, { module: 'revenue', field: 'note' }])
expectTypeOf(mixed).toExtend<readonly (typeof growth | TypedCell<'revenue', 'note', string>)[]>()
void budget.writeMany([
  ...growths.map((cell) => ({ cell, value: 1, ifVersion: 0 })),
  { cell: rate, value: '1' },
])
void plain.writeMany([...addresses.map((cell) => ({ cell, value: 1, ifVersion: 'any' as const }))])
declare const changes: CellChange[]
void plain.writeMany(changes)
void plain.writeMany([...changes, ...changes])
