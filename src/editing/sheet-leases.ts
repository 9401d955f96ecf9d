import type { Call } from '../call.ts'
import type { Lease } from '../leases/lease.ts'
import { readLeaseNews, readLeases } from '../leases/lease-wire.ts'
import { cellKey, type CellAddress, type ResolvedAddress } from '../model/address.ts'
import type { CellKey, UserId } from '../model/ids.ts'
import type { ExternalStore } from '../store/facts.ts'
import type { Clock } from '../transport/clock.ts'
import type { OpenChannel } from '../transport/stream.ts'
import {
  nextTick,
  noLeases,
  step,
  type LeaseHolder,
  type LeaseNews,
  type LeasesEvent,
} from './leases-state.ts'

/** Somebody is editing a cell, and the database knows. Frozen, and the same object until something in it changes. */
export interface SheetLease {
  readonly cell: ResolvedAddress
  /** The user id of who holds it. Proven, unlike presence. */
  readonly heldBy: UserId
  /** Whether that is the signed-in user, with this window or another. */
  readonly isMine: boolean
  /** ISO 8601, by the database's clock. */
  readonly acquiredAt: string
  /** When it ends unless it is renewed, as was told last: ISO 8601, by the database's clock. */
  readonly expiresAt: string
}

/** What the leases of a sheet need of the world. */
export interface SheetLeasesPorts {
  readonly clock: Clock
  readonly call: Call
  /** The id of the signed-in user, from his token; `null` where there is none. */
  readonly userId: () => Promise<string | null>
  /** Told what a listener threw. */
  readonly report: (error: unknown) => void
}

/**
 * Who is editing which cell, as it happens: {@link Sheet.leases}. An external store; its functions need no `this`. All
 * sheets of a budget share it; it tells of the whole budget, whatever the sheet's filter.
 *
 * Where the client's stream is `broadcast`, the database tells when a lease is acquired, stolen, prolonged or released;
 * else it is asked every five seconds. A lease whose time is over goes without a word, by the database's clock.
 */
export class SheetLeases implements ExternalStore<readonly SheetLease[]> {
  readonly #ports: SheetLeasesPorts
  readonly #listeners = new Set<{ readonly listener: () => void }>()
  /** Those that this client holds for edits. */
  readonly #own = new Map<CellKey, Lease>()
  readonly #over = new AbortController()
  #state = noLeases
  #user: string | null = null
  #shown: ReadonlyMap<CellKey, SheetLease> = new Map()
  #snapshot: readonly SheetLease[] = Object.freeze([])
  #stopTick: () => void = () => undefined

  /** @internal */
  constructor(ports: SheetLeasesPorts) {
    this.#ports = ports
  }

  /** All leases that are held, in the order of their cells: the same frozen array until something in it changes. */
  readonly getSnapshot = (): readonly SheetLease[] => this.#snapshot
  /** What a server renders: the same as {@link SheetLeases.getSnapshot}. */
  readonly getServerSnapshot = (): readonly SheetLease[] => this.#snapshot
  /** Calls the listener after each change. Returns what ends it. */
  readonly subscribe = (listener: () => void): (() => void) => {
    const entry = { listener }
    this.#listeners.add(entry)
    return () => this.#listeners.delete(entry)
  }

  /**
   * The lease of a cell; `null` where nobody holds one, or nothing is known yet. The same frozen object until it
   * changes: fit for `getSnapshot` of a cell's own store.
   *
   * @throws {ValidationError} where it is not an address.
   */
  readonly at = (cell: CellAddress): SheetLease | null => this.#shown.get(cellKey(cell)) ?? null

  /** @internal Somebody wants to know: from now on it is followed. */
  follow(): void {
    if (!this.#state.isFollowed) this.#step({ type: 'follow' })
  }

  /** @internal Something may have happened that was told to nobody. */
  doubt(): void {
    this.#step({ type: 'doubt' })
  }

  /** @internal Whether the device says that it has a network. */
  connected(isOnline: boolean): void {
    if (isOnline !== this.#state.isOnline) this.#step({ type: isOnline ? 'online' : 'offline' })
  }

  /** @internal A lease of this client's own, of this user: it asks at once where another may have taken it. Returns what ends that. */
  hold(lease: Lease, user: string | null): () => void {
    this.#user = user
    this.#own.set(lease.key, lease)
    this.#noStreamTells()
    return () => {
      if (this.#own.get(lease.key) === lease) this.#own.delete(lease.key)
      this.#noStreamTells()
    }
  }

  /** @internal The same channel, without what is about leases: that is kept here. */
  over(open: OpenChannel<'comments'>): OpenChannel<'comments' | 'leases'> {
    return (budgetVersionId, tell) => {
      const stream = open(budgetVersionId, (event) => {
        if (event.type === 'leases') {
          this.#told(event.said)
          return
        }
        if (event.type === 'joined') this.#step({ type: 'joined' })
        if (event.type === 'lost') this.#step({ type: 'lost' })
        tell(event)
      })
      return {
        ...stream,
        leave: () => {
          this.#step({ type: 'lost' })
          stream.leave()
        },
      }
    }
  }

  /** @internal */
  end(): void {
    this.#over.abort()
    this.#stopTick()
    this.#listeners.clear()
  }

  #noStreamTells(): void {
    if (this.#state.isFollowed && !this.#state.isJoined) this.doubt()
  }

  #told(said: unknown): void {
    if (!this.#state.isFollowed && this.#own.size === 0) return
    try {
      const { at, leases } = readLeaseNews(said, () => 'leases')
      for (const { address, heldBy } of leases ?? []) {
        if (heldBy !== this.#user) this.#own.get(cellKey(address))?.doubt()
      }
      this.#step({ type: 'told', at, news: leases?.map(toNews) ?? null })
    } catch {
      // Nothing that our database says.
      this.doubt()
    }
  }

  #step(event: LeasesEvent): void {
    if (this.#over.signal.aborted) return
    const { clock } = this.#ports
    const before = this.#state
    const now = clock.now()
    const state = step(before, event, { now, chance: clock.random() })
    this.#state = state
    this.#stopTick()
    const due = nextTick(state)
    this.#stopTick =
      due === Infinity
        ? () => undefined
        : clock.after(Math.max(0, due - now), () => this.#step({ type: 'tick' }), true)
    if (state.reads > before.reads) void this.#read()
    if (state.held !== before.held) this.#show()
  }

  async #read(): Promise<void> {
    const { call, userId } = this.#ports
    const { signal } = this.#over
    try {
      const [user, { at, leases }] = await Promise.all([
        userId(),
        call('list_leases', {}, readLeases, { signal }),
      ])
      this.#user = user
      this.#step({ type: 'read', at, news: leases.map(toNews) })
    } catch {
      // Whether the budget is gone, or the server, its sheets are told by their own reads.
      this.#step({ type: 'failed' })
    }
  }

  #show(): void {
    const before = this.#shown
    const shown = new Map(
      [...this.#state.held]
        .toSorted(([one], [other]) => (one < other ? -1 : 1))
        .map(([key, { holder }]) => [key, this.#lease(before.get(key), holder)]),
    )
    this.#shown = shown
    const snapshot = [...shown.values()]
    const isSame =
      snapshot.length === this.#snapshot.length &&
      snapshot.every((lease, place) => lease === this.#snapshot[place])
    if (isSame) return
    this.#snapshot = Object.freeze(snapshot)
    for (const { listener } of [...this.#listeners]) {
      try {
        listener()
      } catch (error) {
        this.#ports.report(error)
      }
    }
  }

  #lease(before: SheetLease | undefined, holder: LeaseHolder): SheetLease {
    const { address, heldBy, acquiredAt, expiresAt } = holder
    const isMine = heldBy === this.#user
    const isSame =
      before?.heldBy === heldBy &&
      before.isMine === isMine &&
      before.acquiredAt === acquiredAt &&
      before.expiresAt === expiresAt
    return isSame
      ? before
      : Object.freeze({ cell: Object.freeze(address), heldBy, isMine, acquiredAt, expiresAt })
  }
}

type Told = {
  readonly [Name in keyof LeaseHolder]: LeaseHolder[Name] | (Name extends 'address' ? never : null)
}

function toNews({ address, heldBy, acquiredAt, expiresAt }: Told): LeaseNews {
  const isHeld = heldBy !== null && acquiredAt !== null && expiresAt !== null
  return { key: cellKey(address), holder: isHeld ? { address, heldBy, acquiredAt, expiresAt } : null }
}
