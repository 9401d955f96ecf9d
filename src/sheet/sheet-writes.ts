import { ValidationError } from '../errors.ts'
import { cellKey, type CellAddress, type ResolvedAddress } from '../model/address.ts'
import type { AnyCell, Cell } from '../model/cell.ts'
import { toStoredValue } from '../model/value.ts'
import type { ModuleRules } from '../modules/rules.ts'
import type { NewWrite, Write, WriteSession } from '../outbox/outbox-state.ts'
import { toInput } from '../outbox/write-errors.ts'
import type { PendingValue, VisibleCell } from '../store/facts.ts'
import type { LiveBudget } from './live-budget.ts'
import { closedError } from './live-errors.ts'
import type {
  BasedSheetChange,
  Choice,
  ConflictPolicy,
  LooseSheetChange,
  PendingWrite,
  WriteHandle,
} from './sheet-types.ts'
import type { AnyVisibleCell, TypedCells } from './typed-cells.ts'

/** What the writes of a sheet need to know of it. */
export interface SheetWritesPorts {
  readonly live: LiveBudget
  readonly origin: number
  readonly onConflict: ConflictPolicy
  readonly rules: ModuleRules
  readonly typed: TypedCells
  readonly isClosed: () => boolean
  /** @throws {ValidationError} where it is no address, or outside the sheet. */
  readonly resolve: (cell: CellAddress, field: string) => ResolvedAddress
  /** Whether the sheet's filter names the cell. */
  readonly includes: (cell: ResolvedAddress) => boolean
}

/** A write of a sheet, whatever the compiler knows about its value. */
export interface LooseWriteHandle {
  readonly id: number
  readonly local: AnyVisibleCell
  readonly result: Promise<AnyCell>
}

type Unnamed = Omit<NewWrite, 'id'>

/** The writes of one sheet: what goes into the outbox, and how it is listed there. */
export class SheetWrites {
  readonly #ports: SheetWritesPorts
  /** The views of writes, so that the same write is the same object. */
  readonly #views = new WeakMap<Write, PendingWrite>()

  constructor(ports: SheetWritesPorts) {
    this.#ports = ports
  }

  /** The writes that are listed: the sheet's own, and those of its cells that no sheet has any more. */
  get listed(): Write[] {
    const { live, origin, includes } = this.#ports
    return live.outbox.state.writes.filter(
      (write) => write.origin === origin || (live.isOrphan(write) && includes(write.cell)),
    )
  }

  one(change: BasedSheetChange, session: WriteSession | null, lease?: number): LooseWriteHandle {
    const [handle] = this.#write([{ ...this.#prepare(change, '', session), lease }])
    if (handle === undefined) throw closedError()
    return handle
  }

  many(changes: readonly LooseSheetChange[], session: WriteSession) {
    if (!Array.isArray(changes)) throw new ValidationError('changes', changes, 'an array of changes')
    const seen = new Set<string>()
    const prepared = changes.map((change: LooseSheetChange, index) => {
      const write = this.#prepare(change, `changes[${index}]`, session)
      const key = cellKey(write.cell)
      if (seen.has(key)) throw new ValidationError(`changes[${index}].cell`, key, 'each cell once')
      seen.add(key)
      return write
    })
    const writes = this.#write(prepared)
    const result = Promise.allSettled(writes.map((write) => write.result)).then((outcomes) =>
      outcomes.map((outcome) => {
        if (outcome.status === 'rejected') throw outcome.reason
        return outcome.value
      }),
    )
    result.catch(() => undefined)
    return { writes, result }
  }

  view(write: Write): PendingWrite {
    let view = this.#views.get(write)
    if (view === undefined) {
      const { outbox } = this.#ports.live
      const { id, cell, value, state, base, theirs } = write
      view = Object.freeze({
        id,
        cell,
        value: toInput(value),
        isDeletion: value === 'deleted',
        state,
        base,
        theirs: theirs ?? null,
        error: outbox.errorOf(write),
        retry: () => this.#again(write),
        discard: () => outbox.drop([id]),
      })
      this.#views.set(write, view)
    }
    return view
  }

  settle(write: Write, choice: Choice<'mine' | 'theirs'>): WriteHandle | undefined {
    if (choice === 'mine') return this.#again(write)
    if (choice !== 'theirs') return this.#again(write, toStoredValue(choice, 'choice'))
    this.#ports.live.outbox.drop([write.id])
    return undefined
  }

  /** What is listed, and what comes of it, is in the form that is stored. */
  #again(write: Write, value?: PendingValue): WriteHandle {
    const { live, isClosed } = this.#ports
    if (isClosed()) throw closedError()
    const { id, result } = live.outbox.again(write.id, value)
    return { id, result, local: live.store.get(write.cell) }
  }

  #prepare(change: BasedSheetChange, path: string, session: WriteSession | null): Unnamed {
    const { onConflict, origin, rules, isClosed, resolve } = this.#ports
    if (isClosed()) throw closedError()
    const member = (name: string) => (path === '' ? name : `${path}.${name}`)
    const cell = resolve(change.cell, member('cell'))
    const value: PendingValue =
      change.delete === true
        ? 'deleted'
        : toStoredValue(rules.toInput(cell, change.value, path), member('value'))
    const base = this.#baseOf(cell, change.seen, member('seen'))
    const policy = typeof onConflict === 'function' ? 'custom' : onConflict
    return { cell, value, base, session, policy, origin }
  }

  /** What the write is based on: nobody is in conflict with himself, even where he saw less. */
  #baseOf(cell: ResolvedAddress, seen: AnyVisibleCell | undefined, field: string): Cell {
    const { live, typed } = this.#ports
    const { base } = live.store.get(cell)
    if (seen === undefined) return base
    const shown = typed.below(seen)
    if (!isOf(cell, shown)) throw new ValidationError(field, seen, `${cellKey(cell)} as the sheet showed it`)
    return live.isOwn(base) ? base : shown.base
  }

  #write(writes: readonly Unnamed[]): LooseWriteHandle[] {
    const { live, typed } = this.#ports
    const made = live.outbox.write(writes)
    return made.map(({ id, result }, index) => {
      const cell = writes[index]?.cell
      if (cell === undefined) throw closedError()
      return { id, result: typed.result(result), local: typed.visible(live.store.get(cell)) }
    })
  }
}

/** Whether it is that cell as a sheet showed it, whoever gave it. */
function isOf(cell: ResolvedAddress, shown: Partial<VisibleCell> | null): boolean {
  return [shown, shown?.base].every(
    (part) =>
      part?.module === cell.module &&
      part.entity === cell.entity &&
      part.field === cell.field &&
      part.period === cell.period,
  )
}
