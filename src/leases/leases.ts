import type { Call } from '../call.ts'
import { TransportError, ValidationError } from '../errors.ts'
import { cellKey, resolveAddress, type CellAddress, type ResolvedAddress } from '../model/address.ts'
import type { Cell } from '../model/cell.ts'
import { CellLockedError } from '../model/refusals.ts'
import { within } from '../transport/clock.ts'
import type { CallOptions, CellsTransport } from '../transport/port.ts'
import { encodeReference } from '../transport/wire.ts'
import { pollAfter } from './lease-state.ts'
import {
  decodeAcquired,
  decodeLeases,
  decodeReleased,
  decodeRenewed,
  type AcquireReply,
  type HeldLease,
} from './lease-wire.ts'
import { Lease } from './lease.ts'
import { Turns, type Turn } from './turns.ts'

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
const never = (): Promise<never> => new Promise(() => undefined)
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
    const { ifAvailable = false, steal = false, signal, timeout = Infinity } = options
    const address = resolveAddress(cell, 'cell')
    check(options)
    signal?.throwIfAborted()
    const { clock } = this.#transport
    const until = clock.now() + timeout
    const name = `${this.#budgetVersionId} ${cellKey(address)}`

    for (let other; (other = this.#turns.current(name)) !== undefined;) {
      if (ifAvailable) return null
      if (steal && other.lease === undefined) break
      // Taken from oneself: the token stays, and with it what the database knows.
      if (steal) other.lease?.lose(null)
      const { ended } = other
      if (
        !(await within(
          clock,
          until - clock.now(),
          signal,
          () => ended.then(() => true),
          () => false,
        ))
      ) {
        throw tooLong(address, 'this very client')
      }
    }
    return await this.#acquireInTurn(address, options, until, this.#turns.take(name))
  }

  /**
   * Who is editing which cell of the budget now, in key order.
   *
   * @throws {NotFoundError} where the budget is not the caller's to see.
   */
  async list(options: CallOptions = {}): Promise<HeldLease[]> {
    return await this.#call('list_leases', {}, decodeLeases, options)
  }

  async #acquireInTurn(
    address: ResolvedAddress,
    options: AcquireOptions,
    until: number,
    turn: Turn,
  ): Promise<Lease | null> {
    const { ttl = 30_000, ifAvailable, signal } = options
    const { clock } = this.#transport
    let asking: Promise<AcquireReply> | undefined
    try {
      for (let polls = 0; ; polls++) {
        const sentAt = clock.now()
        asking = this.#ask(address, options, until - sentAt)
        const request = asking
        const reply = await within(clock, Infinity, signal, () => request, never as never)
        asking = undefined
        if (reply.status === 'acquired') {
          // Else the answer took so long that it may be over already: ask again, the token stays.
          if (clock.now() < sentAt + ttl) {
            turn.lease = this.#toLease(address, reply, sentAt, ttl, turn)
            return turn.lease
          }
        } else if (reply.status !== 'held') {
          throw toError(address, reply)
        } else if (ifAvailable === true) {
          return null
        } else {
          const left = until - clock.now()
          await within(clock, Math.min(left, pollAfter(polls, clock.random())), signal, never, nothing)
          if (clock.now() >= until) throw tooLong(address, reply.by)
        }
      }
    } finally {
      if (asking !== undefined) {
        // Called off, and granted perhaps to nobody: what comes is given back before the next of this client asks.
        void this.#giveBack(asking).finally(turn.end)
      } else if (turn.lease === undefined) {
        turn.end()
      }
    }
  }

  #ask(address: ResolvedAddress, options: AcquireOptions, left: number): Promise<AcquireReply> {
    const { ttl = 30_000, steal = false, attemptTimeout, retry } = options
    const parameters = { p_references: [encodeReference(address)], p_ttl_ms: ttl, p_steal: steal }
    const timeout = left === Infinity ? undefined : left
    return this.#call('acquire_leases', parameters, decodeAcquired, { timeout, attemptTimeout, retry })
  }

  async #giveBack(asking: Promise<AcquireReply>): Promise<void> {
    try {
      const reply = await asking
      if (reply.status === 'acquired') await this.#release(reply.token, {})
    } catch {
      // Nobody is waiting for this answer. If a lease came of it, it lapses.
    }
  }

  #toLease(
    address: ResolvedAddress,
    { token, expiresAt }: Extract<AcquireReply, { status: 'acquired' }>,
    sentAt: number,
    ttl: number,
    turn: Turn,
  ): Lease {
    const { clock } = this.#transport
    return new Lease({
      token,
      address,
      expiresAt,
      sentAt,
      ttl,
      clock,
      renew: (options) =>
        this.#call('renew_leases', { p_tokens: [token], p_ttl_ms: ttl }, decodeRenewed, options),
      release: (options) => this.#release(token, options),
      onEnd: turn.end,
    })
  }

  #release(token: number, options: CallOptions): Promise<boolean> {
    return this.#call('release_leases', { p_tokens: [token] }, decodeReleased, options)
  }
}

function check({ ttl = 30_000, ifAvailable, steal, timeout = Infinity }: AcquireOptions): void {
  if (!Number.isInteger(ttl) || ttl < 1_000 || ttl > 600_000) {
    throw new ValidationError('ttl', ttl, 'whole milliseconds from 1000 to 600000')
  }
  if (ifAvailable === true && steal === true) {
    throw new ValidationError('steal', steal, 'false together with ifAvailable')
  }
  if (!(typeof timeout === 'number' && timeout >= 0)) {
    throw new ValidationError('timeout', timeout, 'milliseconds, 0 or more')
  }
}

function tooLong(address: ResolvedAddress, by: string): TransportError {
  return new TransportError('timeout', `Cell ${cellKey(address)} is still being edited by ${by}.`, 0, {
    hint: 'Wait longer, or ask whoever is editing it; `steal` takes it.',
  })
}

function toError(
  address: ResolvedAddress,
  reply: Exclude<AcquireReply, { status: 'acquired' | 'held' }>,
): Error {
  if (reply.status === 'invalid') return new ValidationError(`cell.${reply.field}`, address, reply.message)
  return new CellLockedError(`Cell ${cellKey(address)} is locked.`, reply.cell, [{ ...reply, index: 0 }])
}
