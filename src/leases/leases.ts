import type { Call } from '../call.ts'
import { TransportError, ValidationError } from '../errors.ts'
import { cellKey, resolveAddress, type CellAddress, type ResolvedAddress } from '../model/address.ts'
import type { Cell } from '../model/cell.ts'
import { CellLockedError } from '../model/refusals.ts'
import { within } from '../transport/clock.ts'
import type { CallOptions, CellsTransport } from '../transport/port.ts'
import { encodeReference } from '../transport/wire.ts'
import { pollAfter } from './lease-state.ts'
import { readAcquired, readLeases, type AcquireReply, type HeldLease } from './lease-wire.ts'
import { Lease, releaseToken } from './lease.ts'
import { Turns } from './turns.ts'

/** How a lease is acquired. The names are those of the Web Locks API, and mean the same. */
export interface AcquireOptions extends Omit<CallOptions, 'timeout'> {
  /**
   * Milliseconds that the lease lasts without a renewal, 1,000 to 600,000: how long others wait after a crash.
   * @default 30000
   */
  readonly ttl?: number | undefined
  /**
   * `true`: do not wait for somebody else; resolve with `null` where the cell is not free.
   * @default false
   */
  readonly ifAvailable?: boolean | undefined
  /**
   * `true`: take it, whoever holds it; who did will know, and it is on record.
   * @default false
   */
  readonly steal?: boolean | undefined
  /** Ends the waiting, with the signal's reason. Once the lease is acquired, it has no effect. */
  readonly signal?: AbortSignal | undefined
  /**
   * Milliseconds to wait for the lease, requests included.
   * @default Infinity
   */
  readonly timeout?: number | undefined
}

const turnsOf = new WeakMap<CellsTransport, Turns>()
const never = (): Promise<undefined> => new Promise(() => undefined)
const nothing = (): undefined => undefined

/** Who is editing which cell of one budget: {@link Budget.leases}. */
export class Leases {
  readonly #budgetVersionId: string
  readonly #transport: CellsTransport
  readonly #call: Call
  readonly #turns: Turns

  /** @internal */
  constructor(budgetVersionId: string, transport: CellsTransport, call: Call) {
    this.#budgetVersionId = budgetVersionId
    this.#transport = transport
    this.#call = call
    this.#turns = turnsOf.get(transport) ?? new Turns()
    turnsOf.set(transport, this.#turns)
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
    const {
      ttl = 30_000,
      ifAvailable = false,
      steal = false,
      signal,
      timeout = Infinity,
      ...patience
    } = options
    const address = resolveAddress(cell, 'cell')
    check(ttl, timeout, ifAvailable && steal)
    signal?.throwIfAborted()
    const call = this.#call
    const { clock } = this.#transport
    const until = clock.now() + timeout
    const waitFor = async <T>(work: (ended: AbortSignal) => Promise<T>): Promise<T> => {
      const wrapped = async (ended: AbortSignal) => ({ done: await work(ended) })
      const result = await within(clock, until - clock.now(), signal, wrapped, nothing)
      if (result !== undefined) return result.done
      throw new TransportError('timeout', `Cell ${cellKey(address)} is still being edited by another.`, 0)
    }

    const name = `${this.#budgetVersionId} ${cellKey(address)}`
    for (;;) {
      const other = this.#turns.current(name)
      if (other === undefined || (steal && other.lease === undefined)) break
      if (ifAvailable) return null
      if (steal) other.lease?.lose()
      await waitFor(() => other.ended)
    }

    const turn = this.#turns.take(name)
    const parameters = { p_references: [encodeReference(address)], p_ttl_ms: ttl, p_steal: steal }
    let asking: Promise<AcquireReply> | undefined
    try {
      for (let polls = 0; ; polls++) {
        const sentAt = clock.now()
        const asked = (asking = call('acquire_leases', parameters, readAcquired, patience))
        const reply = await waitFor(() => asked)
        asking = undefined
        if (reply.status === 'acquired') {
          // Else the answer took so long that it may be over already: ask again, the token stays.
          if (clock.now() >= sentAt + ttl) continue
          const { token, expiresAt } = reply
          return (turn.lease = new Lease({
            ...{ call, clock, address, token, expiresAt, sentAt, ttl },
            onEnd: turn.end,
          }))
        }
        if (reply.status !== 'held') throw toError(address, reply)
        if (ifAvailable) return null
        const pause = pollAfter(polls, clock.random())
        await waitFor((ended) => within(clock, pause, ended, never, nothing))
      }
    } finally {
      // Called off, and granted perhaps to nobody: what comes is given back before the next of this client asks.
      if (asking !== undefined) void this.#giveBack(asking).finally(turn.end)
      else if (turn.lease === undefined) turn.end()
    }
  }

  /**
   * Who is editing which cell of the budget now, in key order.
   *
   * @throws {NotFoundError} where the budget is not the caller's to see.
   */
  async list(options: CallOptions = {}): Promise<HeldLease[]> {
    return (await this.#call('list_leases', {}, readLeases, options)).leases
  }

  async #giveBack(asking: Promise<AcquireReply>): Promise<void> {
    try {
      const reply = await asking
      if (reply.status === 'acquired') await releaseToken(this.#call, reply.token, {})
    } catch {
      // Nobody is waiting for this answer. If a lease came of it, it lapses.
    }
  }
}

function check(ttl: number, timeout: number, contrary: boolean): void {
  if (!Number.isInteger(ttl) || ttl < 1_000 || ttl > 600_000) {
    throw new ValidationError('ttl', ttl, 'whole milliseconds from 1000 to 600000')
  }
  if (!(timeout >= 0)) throw new ValidationError('timeout', timeout, 'milliseconds, 0 or more')
  if (contrary) throw new ValidationError('steal', true, 'false together with ifAvailable')
}

function toError(
  address: ResolvedAddress,
  reply: Exclude<AcquireReply, { status: 'acquired' | 'held' }>,
): Error {
  if (reply.status === 'invalid') return new ValidationError(`cell.${reply.field}`, address, reply.message)
  return new CellLockedError(`Cell ${cellKey(address)} is locked.`, reply.cell, [{ ...reply, index: 0 }])
}
