import { ValidationError } from '../errors.ts'
import type { Lease } from '../leases/lease.ts'
import type { ResolvedAddress } from '../model/address.ts'
import type { AnyCell, Cell } from '../model/cell.ts'
import type { CellInput } from '../model/value.ts'
import type { Modules } from '../modules/modules.ts'
import type { CellAt, InputAt } from '../modules/types.ts'
import type { VisibleCell } from '../store/facts.ts'
import type { WriteHandle } from './sheet-types.ts'
import type { LooseWriteHandle } from './sheet-writes.ts'
import type { VisibleAt } from './typed-cells.ts'

type EditChange = { readonly value: unknown } | { readonly delete: true }

/** What an edit needs of its sheet. */
export interface EditPorts {
  readonly lease: Lease
  /** The cell as the sheet knows it to be confirmed. */
  confirmed(): AnyCell
  /** Writes under the lease. */
  write(change: EditChange): LooseWriteHandle
  /** Gives up those that have not been sent. */
  drop(ids: readonly number[]): void
  /** Called once, when the edit is over. */
  ended(): void
}

/**
 * The edit of one cell, from the moment in which nobody else edits it: the lease is held, the others see it, and what is
 * written through it lands under the lease or not at all. Made by {@link Sheet.edit}. It ends with `commit()`, `release()`
 * or the block of an `await using`, and where the lease is lost.
 */
export class CellEdit<Shown = VisibleCell, Confirmed = Cell, Input = CellInput> {
  readonly cell: ResolvedAddress
  readonly #ports: EditPorts
  readonly #unanswered = new Map<number, Promise<AnyCell>>()
  #last: Promise<AnyCell> | undefined
  #ending: Promise<void> | undefined

  /** @internal */
  constructor(ports: EditPorts) {
    this.#ports = ports
    this.cell = ports.lease.address
    this.signal.addEventListener('abort', () => this.#end(), { once: true })
  }

  /** Aborted, with a {@link LeaseLostError} as its reason, as soon as the lease is known to be lost. */
  get signal(): AbortSignal {
    return this.#ports.lease.signal
  }

  /** Whether the edit goes on: neither ended nor lost. */
  get held(): boolean {
    return this.#ending === undefined && this.#ports.lease.held
  }

  /** When the lease lapses unless it is renewed: ISO 8601, by the database's clock. Moves on with every renewal. */
  get expiresAt(): string {
    return this.#ports.lease.expiresAt
  }

  /**
   * Writes a value, as often as the user changes his mind: shown at once, sent with the turn of the event loop. In all
   * else like {@link Sheet.set}.
   *
   * @throws {LeaseLostError} where the lease is lost: nothing was written.
   * @throws {ValidationError} where the value is not acceptable, or the edit has ended.
   */
  set(value: Input): WriteHandle<Shown, Confirmed> {
    return this.#write({ value })
  }

  /** Deletes the cell. In all else like {@link CellEdit.set}. */
  delete(): WriteHandle<Shown, Confirmed> {
    return this.#write({ delete: true })
  }

  /**
   * Ends the edit when all that was set is answered. Resolves with the cell as it was confirmed; rejects with what the last
   * write was refused with, which an event of the sheet tells too. The cell is free for others then, in either case.
   *
   * @param options the signal ends the waiting, and nothing else.
   * @throws {LeaseLostError} where the lease was lost before the answer: it may have landed.
   */
  async commit({ signal }: { readonly signal?: AbortSignal | undefined } = {}): Promise<Confirmed> {
    this.#ending ??= this.#giveBack()
    await Promise.race([this.#ending, rejection(signal)])
    if (this.#unanswered.size > 0) this.signal.throwIfAborted()
    return (await (this.#last ?? this.#ports.confirmed())) as Confirmed
  }

  /**
   * Ends the edit without what was set and has not been sent. Resolves with whether the lease was held up to now.
   */
  async release(): Promise<boolean> {
    const isHeld = this.#ports.lease.held
    this.#ports.drop([...this.#unanswered.keys()])
    this.#ending ??= this.#giveBack()
    await this.#ending
    return isHeld
  }

  /** {@link CellEdit.commit}, for `await using`; what became of the writes is told by the sheet. */
  async [Symbol.asyncDispose](): Promise<void> {
    await this.commit().catch(() => undefined)
  }

  #write(change: EditChange): WriteHandle<Shown, Confirmed> {
    this.signal.throwIfAborted()
    if (this.#ending !== undefined) throw new ValidationError('edit', 'ended', 'an edit that goes on')
    const handle = this.#ports.write(change)
    this.#unanswered.set(handle.id, handle.result)
    this.#last = handle.result
    const forget = (): void => {
      this.#unanswered.delete(handle.id)
    }
    handle.result.then(forget, forget)
    return handle as object as WriteHandle<Shown, Confirmed>
  }

  /** Not before what is under way is answered: it would not land without the lease. */
  async #giveBack(): Promise<void> {
    await Promise.race([Promise.allSettled(this.#unanswered.values()), aborted(this.signal)])
    this.#end()
    // Where no answer comes, it lapses.
    await this.#ports.lease.release().catch(() => undefined)
  }

  #end(): void {
    this.#ending ??= Promise.resolve()
    this.#ports.ended()
  }
}

function aborted(signal: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    if (signal.aborted) resolve()
    signal.addEventListener('abort', () => resolve(), { once: true })
  })
}

async function rejection(signal: AbortSignal | undefined): Promise<void> {
  await (signal === undefined ? new Promise(() => undefined) : aborted(signal))
  signal?.throwIfAborted()
}

/** The edit of a cell of a field. */
export type EditAt<M extends Modules, Module extends string, Field extends string> = CellEdit<
  VisibleAt<M, Module, Field>,
  CellAt<M, Module, Field>,
  InputAt<M, Module, Field>
>
