import type { WriteOutcome } from './batch.ts'
import type { CellChange, ChangeOf } from './change.ts'
import type { AnyCell } from './model/cell.ts'
import type { Modules } from './modules/modules.ts'
import type { CellOf, CheckedReference, InputOfReference, Untyped } from './modules/types.ts'

/** Changes as they must be: each with a value of its own field. */
export type CheckedChanges<M extends Modules, Changes> = {
  readonly [Index in keyof Changes]: CheckedChange<M, Changes[Index]>
}
/** A change as it must be. */
export type CheckedChange<M extends Modules, Change> = Change extends { readonly cell: infer Reference }
  ? ChangeOf<
      Extract<Reference, AnyCell>,
      CheckedReference<M, Exclude<Reference, AnyCell>>,
      InputOfReference<M, Reference>
    >
  : CellChange

/** What became of changes, each of its own type where the compiler sees each. */
export type OutcomesAt<M extends Modules, Changes extends readonly unknown[]> =
  Untyped<M> extends true
    ? readonly WriteOutcome[]
    : { readonly [Index in keyof Changes]: OutcomeOf<M, Changes[Index]> }
/** What became of a change. */
export type OutcomeOf<M extends Modules, Change> = Change extends { readonly cell: infer Reference }
  ? WriteOutcome<CellOf<M, Reference>, InputOfReference<M, Reference>>
  : never
