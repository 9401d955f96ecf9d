import { setTimeout as delay } from 'node:timers/promises'
import type { SupabaseClient } from '@supabase/supabase-js'
import {
  cellKey,
  type Cell,
  type CellAddress,
  type ConflictEvent,
  type ResolvedAddress,
  type Sheet as SheetType,
  type VisibleCell,
  type WriteHandle,
} from '@efir/cells'
import { keepOutbox } from '../../../src/outbox/keep-outbox.ts'
import { memoryStorage } from '../../../src/outbox/storage.ts'
import { LiveBudget, type Member } from '../../../src/sheet/live-budget.ts'
import { Sheet } from '../../../src/sheet/sheet.ts'
import { toSelection } from '../../../src/sheet/selection.ts'
import type { ConflictPolicy, SheetFilter } from '../../../src/sheet/sheet-types.ts'
import { isCaughtUp } from '../../../src/sync/sync-state.ts'
import { broadcastStream } from '../../../src/transport/broadcast-stream.ts'
import { openTransport } from '../../../src/transport/open.ts'
import { rowStream } from '../../../src/transport/row-stream.ts'
import { defaultPolicy } from '../../../src/transport/retry-policy.ts'
import type { ChannelEvent } from '../../../src/transport/stream.ts'
import { supabaseServer } from '../../../src/transport/supabase.ts'
import { HeldClock, settled } from '../../leases/support/held-clock.ts'
import { HandEnvironment } from '../../sync/support/hand-environment.ts'
import type { Meddle, Network } from './network.ts'
import { TextStorage } from './text-storage.ts'

/** A mistake that a client could have, made at its ports. */
export interface Mutant {
  readonly name: string
  readonly meddle?: (client: LiveClient) => Meddle
  readonly told?: (client: LiveClient, event: ChannelEvent) => ChannelEvent
}

/** A write as its author knows it. */
export interface Told {
  readonly key: string
  readonly handle: WriteHandle
  /** Whether the page that made it is gone: nobody is told any more. */
  isOrphan: boolean
  outcome: { readonly cell: Cell } | { readonly error: unknown } | undefined
}

/** Who is behind a client: signed in once for many runs. */
export interface Person {
  readonly userId: string
  readonly supabase: SupabaseClient
  readonly network: Network
}

/** What one client is like. */
export interface ClientSettings {
  readonly policy: ConflictPolicy
  readonly stream: 'broadcast' | 'postgres_changes'
  readonly filter: SheetFilter
  readonly persists: boolean
  readonly isSeen: boolean
  readonly newest: Newest
  readonly mutant?: Mutant | undefined
}

/** The newest that anybody was told the budget has. */
export interface Newest {
  revision: number
}

/** One open sheet on the real stack, with its clock in the test's hands, that writes down whatever is wrong with it. */
export class LiveClient {
  readonly name: string
  readonly userId: string
  sheet!: SheetType
  live!: LiveBudget
  readonly network: Network
  readonly clock = new HeldClock()
  readonly environment = new HandEnvironment()
  readonly told: Told[] = []
  readonly conflicts: ConflictEvent[] = []
  /** What the events `conflict` and `rejected` told. */
  readonly reported = new Set<unknown>()
  /** Calls of all its pages, and those that the present page knows of. */
  readonly operations = new Set<string>()
  readonly ownOperations = new Set<string>()
  readonly problems: string[] = []
  isOnline = true
  readonly #newest: Newest
  readonly #policy: ConflictPolicy
  readonly #budgetVersionId: string
  readonly #person: Person
  readonly #settings: ClientSettings
  /** What outlives a page. */
  readonly #storage = new TextStorage()
  readonly #seen = new Map<string, { version: number; isGone: boolean }>()
  readonly #waiting = new Set<() => void>()
  /** Hears what the sheet hears. */
  readonly #member: Member = {
    origin: -1,
    onConflict: 'reject',
    changed: () => this.#changed(),
    conflict: () => undefined,
    rejected: () => undefined,
    healed: () => undefined,
    commented: () => undefined,
    stored: () => undefined,
  }
  /** What is not to be missing where the sheet next says that it has caught up. */
  #floor = 0
  /** Undos and redos under way. */
  #turns = 0
  #wasCaughtUp = false
  #pages = 0
  #place: CellAddress | null = null

  constructor(name: string, person: Person, budgetVersionId: string, settings: ClientSettings) {
    const { policy, newest, mutant } = settings
    this.name = name
    this.userId = person.userId
    this.#budgetVersionId = budgetVersionId
    this.#person = person
    this.#settings = settings
    this.network = person.network
    this.#newest = newest
    this.#policy = policy
    this.environment.wallTime = () => this.clock.now()
    this.network.watch = {
      sent: ({ name: rpc, parameters }) => {
        if (rpc !== 'write_cells') return
        this.operations.add(String(parameters.p_operation_id))
        this.ownOperations.add(String(parameters.p_operation_id))
      },
      answered: (_, reply) => {
        const { revision } = (reply ?? {}) as { readonly revision?: unknown }
        if (typeof revision === 'number') newest.revision = Math.max(newest.revision, revision)
      },
      moved: () => this.#moved(),
    }
    this.network.meddle = mutant?.meddle?.(this)
  }

  /** Opens its page, or the next one. */
  async open(): Promise<void> {
    this.#pages += 1
    this.#place = null
    const { name } = this
    const { stream, newest, mutant, filter, persists, isSeen } = this.#settings
    const { supabase } = this.#person
    const open = stream === 'broadcast' ? broadcastStream(supabase) : rowStream(supabase, 'efir_budget')
    this.live = new LiveBudget(this.#budgetVersionId, {
      transport: openTransport(
        supabaseServer(supabase, 'efir_budget'),
        defaultPolicy,
        { emit: () => undefined },
        this.clock,
      ),
      openStream: (id, tell) =>
        open(id, (event) => {
          if (event.type === 'joined') this.#floor = newest.revision
          tell(mutant?.told?.(this, event) ?? event)
        }),
      clock: this.clock,
      environment: this.environment,
      storage: memoryStorage,
      userId: () => Promise.resolve(this.userId),
      report: (error) => this.problems.push(`${name}: a listener threw ${String(error)}`),
    })
    this.sheet = new Sheet(this.live, toSelection(filter), {
      onConflict: this.#policy,
      ...(isSeen && { presence: { name } }),
    })
    // What the page before it was about ends unheard and unseen.
    this.#turns = 0
    this.#seen.clear()
    const { sheet } = this
    sheet.subscribeRange({}, (cells) => sheet === this.sheet && cells.forEach((cell) => this.#show(cell)))
    this.sheet.on('conflict', (event) => {
      this.conflicts.push(event)
      this.reported.add(event.error)
    })
    this.sheet.on('rejected', ({ error }) => this.reported.add(error))
    this.live.attach(this.#member)
    if (!persists) return
    await this.live.keep((sink) =>
      keepOutbox(this.#storage, ['test', this.#budgetVersionId], this.live.ports, sink),
    )
    const { error } = this.sheet.storage.getSnapshot()
    if (error !== null) this.problems.push(`${name}: nothing is kept: ${error.message}`)
  }

  /** The page goes as it is, and another comes. */
  async reload(): Promise<void> {
    const { persists } = this.#settings
    const { writes } = this.live.outbox.state
    const left = persists ? writes.length : 0
    for (const told of this.told) told.isOrphan ||= told.outcome === undefined
    const gone = AbortSignal.abort(new Error('the page is gone'))
    await this.sheet.close(persists ? { signal: gone } : { pending: 'discard' })
    this.live.detach(this.#member)
    // What it had sent may land after it, and the next page cannot know.
    if (!persists) this.ownOperations.clear()
    this.#wasCaughtUp = false
    await settled()
    await this.open()
    if (!this.isOnline) this.environment.tell('offline')
    if (left !== this.live.outbox.state.writes.length) {
      this.problems.push(
        `${this.name}: ${left} writes were left behind, and ${this.live.outbox.state.writes.length} taken up`,
      )
    }
  }

  /** Whether somebody can type into its page: the first is empty like the budget, a later one not before it is loaded. */
  get isReady(): boolean {
    const { cursor, unloaded } = this.live.engine.state
    return this.#pages === 1 || (cursor !== null && !unloaded)
  }

  /** The cursor goes to a cell, where the user is seen. */
  move(cell: CellAddress | null): void {
    if (!this.#settings.isSeen) return
    this.#place = cell
    this.sheet.presence.move(cell)
  }

  /** Which of these it should see and does not, where they are. */
  missing(clients: readonly LiveClient[]): string[] {
    if (this.#settings.stream !== 'broadcast') return []
    const { others } = this.sheet.presence
    const here = clients.filter((client) => client.userId !== this.userId && client.isThere)
    const absent = here.filter(({ userId, place }) => {
      const places = others.find((person) => person.userId === userId)?.places ?? []
      return !places.some(({ cell }) => (cell === null ? null : cellKey(cell)) === place)
    })
    const strangers = others.filter(({ userId }) => !here.some((client) => client.userId === userId))
    return [
      ...absent.map(({ name, place }) => `${this.name} does not see ${name} at ${place}`),
      ...strangers.map(({ userId }) => `${this.name} sees ${userId}, who is not there`),
    ]
  }

  /** Whether the others can see it. */
  get isThere(): boolean {
    return this.#settings.isSeen && this.#settings.stream === 'broadcast'
  }

  /** The cell on which it is. */
  get place(): string | null {
    return this.#place === null ? null : cellKey(this.#place)
  }

  /** Whether its sheet is of the cell. */
  has(cell: CellAddress): boolean {
    const { period = null, field } = cell
    const { filter } = this.#settings
    const names = (wanted: unknown, part: string | null) => [wanted].flat().includes(part)
    return (
      (filter.period === undefined || names(filter.period, period)) &&
      (filter.field === undefined || names(filter.field, field))
    )
  }

  /** Whether something is under way that real time brings about. */
  get isBusy(): boolean {
    return this.network.isBusy || this.live.engine.state.link === 'joining'
  }

  /** Nothing waits to be sent, all up to the revision is there, and the sheet says that it is live. */
  isAtRest(revision: number): boolean {
    const { engine, outbox } = this.live
    return (
      this.#turns === 0 &&
      outbox.state.operations.length === 0 &&
      this.sheet.status.getSnapshot().pendingWrites === 0 &&
      this.sheet.status.getSnapshot().state === 'live' &&
      engine.state.cursor === revision
    )
  }

  /** Resolves when something has moved. */
  moved(): Promise<void> {
    return new Promise((resolve) => this.#waiting.add(resolve))
  }

  tell(event: 'wake' | 'online' | 'offline'): void {
    if (event === 'online') this.isOnline = true
    if (event === 'offline') this.isOnline = false
    this.#floor = this.#newest.revision
    this.environment.tell(event)
  }

  /** Lets its clock go on until its next timer is due. */
  async jump(): Promise<void> {
    // It looks again for a commit that it was told of and that no read shows yet: that takes the database real time.
    if (this.live.engine.state.unknowing > 0) await delay(20)
    await this.clock.pass(this.clock.untilNext ?? 0)
  }

  write(handles: readonly WriteHandle[]): void {
    for (const handle of handles) {
      const told: Told = { key: cellKey(handle.local), handle, isOrphan: false, outcome: undefined }
      this.told.push(told)
      handle.result.then(
        (cell) => (told.outcome = { cell }),
        (error: unknown) => (told.outcome = { error }),
      )
    }
  }

  /** In the background: a bad network may refuse it, then the user is told, and nothing else. */
  turn(kind: 'undo' | 'redo'): void {
    this.#turns += 1
    const { sheet } = this
    const over = () => {
      if (sheet === this.sheet) this.#turns -= 1
      this.#moved()
    }
    sheet[kind]().then(over, over)
  }

  async close(): Promise<void> {
    await this.sheet.close({ pending: 'discard' })
    this.live.detach(this.#member)
  }

  describe(): string {
    const { engine, outbox } = this.live
    return JSON.stringify({
      name: this.name,
      busy: this.network.isBusy,
      status: this.sheet.status.getSnapshot(),
      sync: engine.state,
      outbox: outbox.state,
    })
  }

  #changed(): void {
    const { state } = this.live.engine
    const caughtUp = isCaughtUp(state)
    if (caughtUp && !this.#wasCaughtUp && (state.cursor ?? 0) < this.#floor) {
      this.problems.push(
        `${this.name} says that it has caught up at ${state.cursor}; ${this.#floor} was there before it began`,
      )
    }
    this.#wasCaughtUp = caughtUp
    this.#moved()
  }

  #moved(): void {
    const waiting = [...this.#waiting]
    this.#waiting.clear()
    for (const resolve of waiting) resolve()
  }

  /** A cell is shown anew: its confirmed version never goes back, and over it lies the newest own write. */
  #show(cell: VisibleCell): void {
    const key = cellKey(cell)
    const { exists, version } = cell.base
    const before = this.#seen.get(key) ?? { version: 0, isGone: false }
    if (exists && (version < before.version || (version === before.version && before.isGone))) {
      this.problems.push(`${this.name}: ${key} went back from ${before.version} to ${version}`)
    }
    this.#seen.set(key, { version: Math.max(version, before.version), isGone: !exists })
    // What a commit settles, it tells its promise a moment later.
    setImmediate(() => this.#checkOverlay(key, cell))
  }

  #checkOverlay(key: string, address: ResolvedAddress): void {
    if (this.#policy !== 'reject') return
    const mine = this.told.findLast((told) => told.key === key)
    if (mine === undefined || mine.isOrphan || mine.outcome !== undefined) return
    const shown = this.live.store.get(address)
    const { local } = mine.handle
    if (shown.isPending && shown.value === local.value && shown.exists === local.exists) return
    this.problems.push(`${this.name}: ${key} shows ${shown.value} over the unsettled ${local.value}`)
  }
}
