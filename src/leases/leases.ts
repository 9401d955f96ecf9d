import type { Call } from '../call.ts'
import type { CellAddress } from '../model/address.ts'
import type { Cell } from '../model/cell.ts'
import { load } from '../load.ts'
import type { CallOptions, CellsTransport } from '../transport/port.ts'
import type { AcquireOptions } from './acquire-options.ts'
import type { LeaseGround } from './acquire.ts'
import type { HeldLease } from './lease-wire.ts'
import type { Lease } from './lease.ts'

const leaseCalls = () => load(() => import('./calls.ts'))

/** Who is editing which cell of one budget: {@link Budget.leases}. */
export class Leases {
  readonly #ground: LeaseGround

  /** @internal */
  constructor(budgetVersionId: string, transport: CellsTransport, call: Call) {
    this.#ground = { budgetVersionId, transport, call }
  }

  /**
   * Acquires the lease of a cell, of one that nobody has written yet too. Waits while somebody else holds it, unless
   * told otherwise; asks every few seconds. It renews itself until it is released.
   *
   * A lease holds nobody's write back. It tells others, and a write with `{ lease }` lands only while it is held.
   *
   * @throws {CellLockedError} where the cell is locked.
   * @throws {ForbiddenError} where the caller is no member of the organisation, but a program.
   * @throws {NotFoundError} where the budget is not the caller's to see.
   * @throws {TransportError} where the `timeout` is over, or no answer came.
   * @throws {ValidationError} where the address or an option is not acceptable.
   * @example
   * ```ts
   * import type { Budget } from '@efir/cells'
   *
   * async function edit(budget: Budget, ask: (stolen: AbortSignal) => Promise<string>) {
   *   const cell = await budget.read({ module: 'revenue', field: 'tuition_rate', period: '2025-09' })
   *   const lease = await budget.leases.acquire(cell, { ifAvailable: true })
   *   if (lease === null) return 'Somebody is editing it.'
   *   try {
   *     await budget.write(cell, await ask(lease.signal), { lease })
   *     return 'Saved.'
   *   } finally {
   *     await lease.release()
   *   }
   * }
   * void edit
   * ```
   */
  async acquire(
    cell: Cell | CellAddress,
    options?: AcquireOptions & { readonly ifAvailable?: false | undefined },
  ): Promise<Lease>
  async acquire(cell: Cell | CellAddress, options: AcquireOptions): Promise<Lease | null>
  async acquire(cell: Cell | CellAddress, options: AcquireOptions = {}): Promise<Lease | null> {
    const { acquireLease } = await leaseCalls()
    return await acquireLease(this.#ground, cell, options)
  }

  /**
   * Who is editing which cell of the budget now, in key order: one answer with all of them, as of one moment.
   *
   * @throws {NotFoundError} where the budget is not the caller's to see.
   * @example
   * ```ts
   * import { cellKey, type Budget } from '@efir/cells'
   *
   * async function editors(budget: Budget) {
   *   const leases = await budget.leases.list()
   *   return new Map(leases.map(({ address, heldBy }) => [cellKey(address), heldBy]))
   * }
   * void editors
   * ```
   */
  async list(options: CallOptions = {}): Promise<HeldLease[]> {
    const { readLeases } = await leaseCalls()
    return (await this.#ground.call('list_leases', {}, readLeases, options)).leases
  }
}
