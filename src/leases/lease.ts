import type { Call } from '../call.ts'
import { cellKey, type ResolvedAddress } from '../model/address.ts'
import type { CellKey } from '../model/ids.ts'
import { LeaseLostError, RefusedError } from '../model/refusals.ts'
import type { Clock } from '../transport/clock.ts'
import type { CallOptions } from '../transport/port.ts'
import { heldSince, nextTick, step, type LeaseEvent, type LeaseState } from './lease-state.ts'
import { readReleased, readRenewed } from './lease-wire.ts'

/** What a lease needs to know. */
export interface LeaseTerms {
  readonly call: Call
  readonly clock: Clock
  readonly address: ResolvedAddress
  readonly token: number
  readonly expiresAt: string
  /** When it was asked for, by the clock. */
  readonly sentAt: number
  readonly ttl: number
  /** Called when it is over: at once where it is lost, and where it is released after the answer to that. */
  readonly onEnd: () => void
}

/** Gives a token back. Resolves with whether its lease was held up to now. */
export async function releaseToken(call: Call, token: number, options: CallOptions): Promise<boolean> {
  const { status } = await call('release_leases', { p_tokens: [token] }, readReleased, options)
  return status === 'released'
}

/**
 * The right to say "I am editing this cell", for a while. It renews itself until it is released or lost; then it lapses
 * at `expiresAt`, whatever became of the program. Made by {@link Leases.acquire}.
 */
export class Lease {
  /** Proves to the database, in a write, that the lease is still held. Of one cell, the later token is the greater. */
  readonly token: number
  readonly address: ResolvedAddress
  /** The address as one stable string, as {@link cellKey} makes it. */
  readonly key: CellKey
  readonly #terms: LeaseTerms
  readonly #lost = new AbortController()
  readonly #over = new AbortController()
  #state: LeaseState
  #expiresAt: string
  #callOff: () => void = () => undefined
  #released: Promise<boolean> | undefined

  /** @internal */
  constructor(terms: LeaseTerms) {
    this.#terms = terms
    this.token = terms.token
    this.address = terms.address
    this.key = cellKey(terms.address)
    this.#expiresAt = terms.expiresAt
    this.#state = heldSince(terms.sentAt, terms.ttl)
    this.#step('tick')
  }

  /** When it lapses unless it is renewed: ISO 8601, by the database's clock. Moves on with every renewal. */
  get expiresAt(): string {
    return this.#expiresAt
  }

  /** Aborted, with a {@link LeaseLostError} as its reason, as soon as the lease is known to be lost. */
  get signal(): AbortSignal {
    return this.#lost.signal
  }

  /**
   * Whether it is held, by this machine's own clock; never past its end, even if timers are late. The database has the
   * last word: write with `{ lease }`.
   */
  get held(): boolean {
    this.#step('tick')
    return this.#state.status === 'held'
  }

  /**
   * Gives the cell free for others. Resolves with whether the lease was held up to now; again with the same answer.
   * Where no answer comes, it rejects; the lease is then not renewed any more and lapses at `expiresAt`.
   *
   * @throws {TransportError} where no answer came.
   */
  release(options: CallOptions = {}): Promise<boolean> {
    this.#released ??= this.#release(options)
    return this.#released
  }

  /** {@link Lease.release}, for `await using`; it does not mind if no answer comes. */
  async [Symbol.asyncDispose](): Promise<void> {
    await this.release().catch(() => undefined)
  }

  /** @internal Somebody took it, as this client knows already. */
  lose(): void {
    this.#step('lost')
  }

  /** @internal Somebody may have taken it: asks at once. */
  doubt(): void {
    this.#step('doubt')
  }

  async #release(options: CallOptions): Promise<boolean> {
    if (!this.held) return false
    this.#step('release')
    try {
      return await releaseToken(this.#terms.call, this.token, options)
    } finally {
      this.#terms.onEnd()
    }
  }

  #step(event: LeaseEvent, why: { readonly heldBy?: string | null; readonly cause?: unknown } = {}): void {
    const { clock, ttl } = this.#terms
    const before = this.#state
    const now = clock.now()
    const state = step(before, event, now, ttl)
    this.#state = state
    if (before.status !== 'held') return
    this.#callOff()
    if (state.status === 'held') {
      this.#callOff = clock.after(Math.max(0, nextTick(state) - now), () => this.#step('tick'), true)
      if (state.renewing !== null && before.renewing === null) void this.#renew(state.until - now)
      return
    }
    this.#over.abort()
    if (state.status === 'lost') {
      const { heldBy = null, cause } = why
      const who = heldBy === null ? '' : `: ${heldBy} took it`
      const lost = { cell: null, heldBy, heldUntil: null }
      this.#lost.abort(
        new LeaseLostError(`The lease of cell ${this.key} is lost${who}.`, lost, [], { cause }),
      )
      this.#terms.onEnd()
    }
  }

  async #renew(timeout: number): Promise<void> {
    const { call, ttl } = this.#terms
    const parameters = { p_tokens: [this.token], p_ttl_ms: ttl }
    try {
      const reply = await call('renew_leases', parameters, readRenewed, {
        signal: this.#over.signal,
        timeout,
        // Time for another try, should this one get no answer.
        attemptTimeout: ttl / 4,
        retry: { maxDelay: ttl / 10 },
      })
      this.#step(reply.status, reply)
      if (this.#state.status === 'held' && reply.expiresAt !== undefined) this.#expiresAt = reply.expiresAt
    } catch (cause) {
      // Refused, there is nothing to try again: the budget is gone, or the caller is no member any more.
      this.#step(cause instanceof RefusedError ? 'lost' : 'failed', { cause })
    }
  }
}
