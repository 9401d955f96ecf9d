import { expectTypeOf } from 'vitest'
import {
  createCells,
  decimal,
  defineModules,
  oneOf,
  CellLockedError,
  LeaseLostError,
  RefusedError,
  VersionConflictError,
  type AnySupabaseClient,
  type Cell,
  type CellInput,
  type RefusedChange,
  type StoredCell,
  type UnreadableCell,
} from '@efir/cells'

declare const supabase: AnySupabaseClient
declare const error: unknown
declare const id: string
declare function use(value: unknown): void

const modules = defineModules({
  revenue: { growth: decimal({ as: 'number', period: true }), status: oneOf(['draft', 'final']) },
})
const typed = createCells(supabase, { modules }).budget(id)
const plain = createCells(supabase).budget(id)
const growth = await typed.read({ module: 'revenue', field: 'growth', period: '2025' })

// What is caught has the types of no modules, and no `any` among them.
if (error instanceof VersionConflictError) {
  expectTypeOf(error).toEqualTypeOf<VersionConflictError>()
  expectTypeOf(error.base).toEqualTypeOf<Cell | null>()
  expectTypeOf(error.mine).toEqualTypeOf<CellInput>()
  expectTypeOf(error.theirs).toEqualTypeOf<StoredCell | null>()
  if (error.theirs !== null) {
    expectTypeOf(error.theirs.value).toEqualTypeOf<string | null>()
    // @ts-expect-error -- exact text is no number
    use(error.theirs.value * 2)
    // @ts-expect-error -- nor is it what a cell does not have
    use(error.theirs.amount)
    void plain.write(error.theirs, error.mine)
    // @ts-expect-error -- a cell without its field's types cannot be given a number's field
    void typed.write(growth, error.mine)
  }
  // @ts-expect-error -- the cell may be gone
  use(error.theirs.version)
}
if (error instanceof CellLockedError) expectTypeOf(error.cell).toEqualTypeOf<StoredCell>()
if (error instanceof LeaseLostError) expectTypeOf(error.cell).toEqualTypeOf<StoredCell | null>()
if (error instanceof RefusedError) expectTypeOf(error.refused).toEqualTypeOf<readonly RefusedChange[]>()

// With modules, the field of the cell gives the types.
type Theirs = StoredCell<'revenue', 'growth', number> | UnreadableCell<'revenue', 'growth'>
const refusal = typed.refusalOf(error, growth)
if (refusal?.status === 'conflict') {
  expectTypeOf(refusal.base).toEqualTypeOf<typeof growth | null>()
  expectTypeOf(refusal.mine).toEqualTypeOf<number | null>()
  expectTypeOf(refusal.theirs).toEqualTypeOf<Theirs | null>()
  if (refusal.theirs !== null) void typed.write(refusal.theirs, refusal.mine)
  // @ts-expect-error -- the cell may be gone
  use(refusal.theirs.version)
}
if (refusal?.status === 'locked') expectTypeOf(refusal.cell).toEqualTypeOf<Theirs>()
// @ts-expect-error -- there may be none about this cell
use(refusal.status)
const choice = typed.refusalOf(error, { module: 'revenue', field: 'status' })
if (choice?.status === 'conflict') expectTypeOf(choice.mine).toEqualTypeOf<'draft' | 'final' | null>()
// @ts-expect-error -- no such field
void typed.refusalOf(error, { module: 'revenue', field: 'nota' })
// @ts-expect-error -- the field requires a period
void typed.refusalOf(error, { module: 'revenue', field: 'growth' })
const untyped = plain.refusalOf(error, { module: 'revenue', field: 'growth' })
expectTypeOf(untyped).toEqualTypeOf<RefusedChange | undefined>()
