import type { AcquireOptions } from '../leases/acquire-options.ts'
import type { Lease } from '../leases/lease.ts'
import type { ResolvedAddress } from '../model/address.ts'
import type { AnyCell } from '../model/cell.ts'
import type { LeaseLostError } from '../model/refusals.ts'
import { CellEdit } from './cell-edit.ts'
import type { LiveBudget } from './live-budget.ts'
import { closedError } from './live-errors.ts'
import type { SheetWrites } from './sheet-writes.ts'
import type { AnyVisibleCell, TypedCells } from './typed-cells.ts'

/** An edit, whatever the compiler knows about its value. */
export type LooseEdit = CellEdit<AnyVisibleCell, AnyCell, never>

/** What the edits of a sheet need of it. */
export interface SheetEditsPorts {
  readonly live: LiveBudget
  readonly writes: SheetWrites
  readonly typed: TypedCells
  readonly lost: (event: { readonly cell: ResolvedAddress; readonly error: LeaseLostError }) => void
}

/** The edits of one sheet, from the asking for a lease to its end. */
export class SheetEdits {
  readonly #ports: SheetEditsPorts
  readonly #open = new Set<LooseEdit>()
  readonly #ended = new AbortController()

  constructor(ports: SheetEditsPorts) {
    this.#ports = ports
  }

  /** Waits for the lease until the caller, or the sheet, has enough of it. */
  async begin(address: ResolvedAddress, { signal, ...options }: AcquireOptions): Promise<LooseEdit | null> {
    const stop = new AbortController()
    const onAbort = (): void => stop.abort(signal?.aborted === true ? signal.reason : closedError())
    const signals = [this.#ended.signal, ...(signal === undefined ? [] : [signal])]
    for (const one of signals) one.addEventListener('abort', onAbort)
    if (signals.some(({ aborted }) => aborted)) onAbort()
    try {
      const begun = await this.#ports.live.edit(address, { ...options, signal: stop.signal })
      return begun && this.#begun(address, begun)
    } finally {
      for (const one of signals) one.removeEventListener('abort', onAbort)
    }
  }

  /** Nobody waits for a lease any more. */
  end(): void {
    this.#ended.abort()
  }

  /** Resolves when each has ended, in whatever way. */
  async commitAll(): Promise<void> {
    await Promise.allSettled([...this.#open].map((edit) => edit.commit()))
  }

  #begun(
    cell: ResolvedAddress,
    { lease, end }: { readonly lease: Lease; readonly end: () => void },
  ): LooseEdit {
    const { live, writes, typed, lost } = this.#ports
    const edit: LooseEdit = new CellEdit({
      lease,
      confirmed: () => typed.confirmed(live.store.get(cell).base),
      write: (change) => writes.one({ cell, ...change }, null, lease.token),
      drop: (ids) => live.outbox.drop(ids),
      ended: () => {
        end()
        if (this.#open.delete(edit) && lease.signal.aborted) {
          lost({ cell, error: lease.signal.reason as LeaseLostError })
        }
      },
    })
    this.#open.add(edit)
    return edit
  }
}
