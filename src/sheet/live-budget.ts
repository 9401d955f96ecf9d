import { TransportError, type CellsError } from '../errors.ts'
import { callsOf, type Call } from '../call.ts'
import { SheetLeases } from '../editing/sheet-leases.ts'
import type { CellsLogger } from '../events.ts'
import type { Turn } from '../history/step.ts'
import { turnStep, type TurnOptions } from '../history/steps.ts'
import type { AcquireOptions } from '../leases/acquire-options.ts'
import type { Lease } from '../leases/lease.ts'
import { load } from '../load.ts'
import { cellKey, type ResolvedAddress } from '../model/address.ts'
import type { Cell } from '../model/cell.ts'
import { Outbox } from '../outbox/outbox.ts'
import type { OutboxState, Write } from '../outbox/outbox-state.ts'
import type { KeeperSink, OutboxKeeper } from '../outbox/outbox-keeper.ts'
import type { StorageStatus } from '../outbox/persistent-storage.ts'
import type { OutboxStorage } from '../outbox/storage.ts'
import { CellStore } from '../store/cell-store.ts'
import { SyncEngine, type SyncPorts } from '../sync/sync-engine.ts'
import type { SyncState } from '../sync/sync-state.ts'
import { SheetPresence } from '../presence/presence.ts'
import type { Commit } from '../transport/feed.ts'
import type { CellsTransport } from '../transport/port.ts'
import type { OpenChannel } from '../transport/stream.ts'
import { commentsApart, type CommentedCells } from './comment-news.ts'
import { resolveConflict } from './conflict.ts'
import { reporter, toCellsError } from './live-errors.ts'
import type { ConflictPolicy } from './sheet-types.ts'

/** What a live budget needs of the world. */
export interface LivePorts extends Omit<SyncPorts, 'transport' | 'openStream'> {
  readonly transport: CellsTransport
  /** None where the budget is only polled. */
  readonly openStream: OpenChannel | undefined
  /** The id of the signed-in user, from his token; `null` where there is none. */
  readonly userId: () => Promise<string | null>
  readonly storage: OutboxStorage
  readonly logger?: CellsLogger | undefined
  /** Told what a listener threw. @default the global `reportError`; where there is none, the logger */
  readonly report?: ((error: unknown) => void) | undefined
}

/** What a live budget tells each of its sheets. */
export interface Member {
  readonly origin: number
  readonly onConflict: ConflictPolicy
  changed(): void
  conflict(write: Write, theirs: Cell, error: CellsError): void
  rejected(write: Write, error: CellsError): void
  healed(from: number, to: number): void
  commented(cells: CommentedCells): void
  stored(): void
}

/** One budget as its sheets share it: one store, one stream, one outbox. */
export class LiveBudget {
  readonly id: string
  readonly ports: LivePorts
  readonly store: CellStore
  readonly engine: SyncEngine
  readonly outbox: Outbox
  readonly presence: SheetPresence
  readonly leases: SheetLeases
  readonly report: (error: unknown) => void
  readonly #call: Call
  readonly #members = new Set<Member>()
  readonly #onEmpty: () => void
  #lastOrigin = 0
  #depth = 0
  #isChanged = false
  #error: CellsError | null = null
  #isRefused = false
  #keeper: Promise<OutboxKeeper | undefined> | undefined
  #onChange: () => void = () => undefined
  readonly #onWake = new Set<() => void>()
  #stopWatching: (() => void) | undefined
  #storage: OutboxStorage
  #storageStatus: StorageStatus = inMemory
  #user: string | null = null

  constructor(id: string, ports: LivePorts, onEmpty: () => void = () => undefined) {
    this.id = id
    this.ports = ports
    this.report = ports.report ?? reporter(ports.logger)
    this.store = new CellStore({ onListenerError: this.report })
    this.#onEmpty = onEmpty
    this.#onWake.add(() => this.leases.doubt())
    this.#onWake.add(() => this.#commented('all'))
    this.#storage = ports.storage
    const storage = { save: (state: OutboxState) => this.#storage.save(state) }
    this.outbox = new Outbox(
      id,
      { ...ports, storage },
      {
        commit: (work) => this.#commit(work),
        confirm: (facts) => this.store.confirm(facts),
        overlay: (changes) => this.store.overlay(changes),
        confirmed: (cell) => this.store.get(cell).base,
        resolve: (write, sides) => {
          const policy = [...this.#members].find(({ origin }) => origin === write.origin)?.onConflict
          return resolveConflict(write, sides, policy, this.report)
        },
        changed: () => this.#changed(),
        conflict: (write, theirs, error) =>
          this.#membersOf(write, (member) => member.conflict(write, theirs, error)),
        rejected: (write, error) => this.#membersOf(write, (member) => member.rejected(write, error)),
        refresh: () => this.engine.refresh(),
      },
    )
    ports.userId().then(
      (user) => (this.#user = user),
      () => undefined,
    )
    this.presence = new SheetPresence({ clock: ports.clock, userId: ports.userId, report: this.report })
    this.#call = callsOf(ports.transport, id)
    this.leases = new SheetLeases({
      call: this.#call,
      clock: ports.clock,
      userId: ports.userId,
      report: this.report,
    })
    const openChannel = ports.openStream && commentsApart(ports.openStream, (cells) => this.#commented(cells))
    const openStream = openChannel && this.presence.over(this.leases.over(openChannel))
    this.engine = new SyncEngine(
      id,
      { ...ports, openStream },
      {
        beginSnapshot: (selection, options) => this.store.beginSnapshot(selection, options),
        apply: (commits) => this.#take(commits),
        changed: (state) => this.#synced(state),
        healed: (from, to) => {
          this.leases.doubt()
          for (const member of this.#members) member.healed(from, to)
          this.#commented('all')
        },
        answered: () => {
          if (this.#error !== null) this.#error = null
          if (this.outbox.isStuck) this.outbox.resume()
        },
        failed: (error) => {
          this.#error = toCellsError(error)
        },
        troubled: (what, error) => this.#log(what, error),
        refused: (error) => {
          this.#isRefused = true
          this.#error = toCellsError(error)
          this.#log('the budget can not be followed any more', error)
          this.#changed()
        },
      },
    )
  }

  /** Why the server cannot be reached just now, or the budget not be followed any more. */
  get error(): CellsError | null {
    return this.#error
  }

  /** Whether the database refused the budget for good. */
  get isRefused(): boolean {
    return this.#isRefused
  }

  /** How writes are kept. */
  get storage(): StorageStatus {
    return this.#storageStatus
  }

  /** Keeps writes where they outlive the page, from now on; the first to say how has said it for all. */
  async keep(make: (sink: KeeperSink) => Promise<OutboxKeeper | undefined>): Promise<void> {
    this.#keeper ??= this.#keep(make)
    await this.#keeper
  }

  async #keep(
    make: (sink: KeeperSink) => Promise<OutboxKeeper | undefined>,
  ): Promise<OutboxKeeper | undefined> {
    const keeper = await make({
      state: () => this.outbox.state,
      adopt: (kept) => this.outbox.adopt(kept),
      told: (status) => {
        this.#storageStatus = status
        for (const member of [...this.#members]) member.stored()
      },
    })
    if (keeper === undefined) return undefined
    this.#storage = keeper
    this.#onChange = () => keeper.changed()
    this.#onWake.add(() => void keeper.look())
    await keeper.open()
    return keeper
  }

  /** Whether the signed-in user was the last to write the cell, in this window or another. */
  isOwn({ exists, modifiedBy }: Cell): boolean {
    return exists && modifiedBy !== null && modifiedBy === this.#user
  }

  /** Whether the sheet that a write came from is gone: any other one shows it. */
  isOrphan({ origin }: Write): boolean {
    return ![...this.#members].some((member) => member.origin === origin)
  }

  nextOrigin(): number {
    return ++this.#lastOrigin
  }

  attach(member: Member): void {
    this.#members.add(member)
    this.#stopWatching ??= this.ports.environment.watch((event) => {
      if (event === 'wake') for (const look of this.#onWake) look()
    })
  }

  /** The last one turns off the light. */
  detach(member: Member): void {
    if (!this.#members.delete(member) || this.#members.size > 0) return
    this.#onEmpty()
    this.engine.end()
    this.#stopWatching?.()
    void this.#keeper?.then((keeper) => keeper?.end())
    this.outbox.end()
    this.presence.end()
    this.leases.end()
  }

  /**
   * Acquires the lease of a cell for an edit; `null` where it is not free and was not to be waited for. `end` is to be called
   * when the edit is over.
   */
  async edit(
    cell: ResolvedAddress,
    options: AcquireOptions,
  ): Promise<{ readonly lease: Lease; readonly end: () => void } | null> {
    const { acquireLease } = await load(() => import('../leases/calls.ts'))
    const { transport, userId } = this.ports
    const ground = { budgetVersionId: this.id, transport, call: this.#call }
    const [user, lease] = await Promise.all([userId().catch(() => null), acquireLease(ground, cell, options)])
    if (lease === null) return null
    const ends = [this.leases.hold(lease, user), this.presence.edit(cell)]
    return { lease, end: () => ends.forEach((end) => end()) }
  }

  /** Undoes or redoes after all that has been written so far; one at a time. */
  async turn<Kind extends Turn>(kind: Kind, options: TurnOptions): ReturnType<typeof turnStep<Kind>> {
    return await this.outbox.between(options.signal, () => this.#turn(kind, options))
  }

  async #turn<Kind extends Turn>(kind: Kind, options: TurnOptions): ReturnType<typeof turnStep<Kind>> {
    if (this.outbox.isStuck) {
      throw new TransportError('network', 'Own writes have not been answered yet; nothing was done.', 0, {
        hint: 'Try again when they are: the list of pending writes tells.',
      })
    }
    const result = await turnStep(this.ports.transport.send, this.id, kind, options)
    const { revision, outcomes } = result
    const cells = outcomes.flatMap(({ cell }) => (cell.exists ? [cell] : []))
    const deleted = outcomes.flatMap(({ id, version, cell }) => {
      const { module, entity, field, period } = cell
      return cell.exists ? [] : [{ id, version, module, entity, field, period }]
    })
    this.#commit(() => {
      this.store.confirm({ revision, cells, deleted })
      const moved = outcomes.filter(({ status }) => status === 'reverted')
      this.outbox.moved(moved.map(({ cell, version }) => ({ key: cellKey(cell), row: cell, version })))
    })
    return result
  }

  /** One change to listeners of the store; the sheets are told after it. */
  #commit(work: () => void): void {
    this.#depth++
    try {
      this.store.commit(work)
    } finally {
      this.#depth--
      if (this.#isChanged) this.#changed()
    }
  }

  #take(commits: readonly Commit[]): void {
    for (const commit of commits) {
      // One notification a commit: its rows, and the own writes that it settles.
      this.#commit(() => {
        const { revision, cells, deleted } = commit
        this.store.confirm({ revision, cells, deleted })
        this.outbox.seen(commit)
      })
    }
  }

  #commented(cells: CommentedCells): void {
    for (const member of [...this.#members]) member.commented(cells)
  }

  #synced(state: SyncState): void {
    if (state.online) this.outbox.release('offline')
    else this.outbox.hold('offline')
    this.leases.connected(state.online)
    this.#changed()
  }

  #changed(): void {
    this.#isChanged = this.#depth > 0
    if (this.#isChanged) return
    this.#onChange()
    for (const member of [...this.#members]) member.changed()
  }

  #membersOf(write: Write, tell: (member: Member) => void): void {
    const members = [...this.#members]
    const own = members.filter(({ origin }) => origin === write.origin)
    for (const member of own.length > 0 ? own : members) tell(member)
  }

  #log(what: string, error: unknown): void {
    const { code } = (error ?? {}) as { readonly code?: unknown }
    try {
      this.ports.logger?.warn(`@efir/cells: ${what}`, { budgetVersionId: this.id, code })
    } catch (thrown) {
      this.report(thrown)
    }
  }
}

const inMemory: StorageStatus = Object.freeze({ kind: 'memory', error: null, unreadable: Object.freeze([]) })
