import type { ResolvedAddress } from '../model/address.ts'
import type { StoredCell } from '../model/cell.ts'
import type { SnapshotRead } from '../store/cell-store.ts'
import type { CellSelection } from '../store/facts.ts'
import type { Clock } from '../transport/clock.ts'
import { changesSince, type Commit } from '../transport/feed.ts'
import type { CellsTransport } from '../transport/port.ts'
import type { LiveStream, OpenStream, StreamEvent } from '../transport/stream.ts'
import type { Environment } from './environment.ts'
import { openScope, selectionKey, type OpenScope, type Scope } from './scope.ts'
import {
  defaultSettings,
  initialSync,
  isOutdated,
  type SyncEffect,
  type SyncEvent,
  type SyncSettings,
  type SyncState,
  type Timer,
} from './sync-state.ts'
import { transition } from './sync-transition.ts'

/** What the engine needs of the world. */
export interface SyncPorts {
  readonly transport: Pick<CellsTransport, 'send' | 'listCells'>
  /** None where the budget is only polled. */
  readonly openStream: OpenStream | undefined
  readonly clock: Clock
  readonly environment: Environment
  readonly settings?: Partial<SyncSettings> | undefined
}

/** Whoever takes what the engine finds out. */
export interface SyncSink {
  beginSnapshot(selection: CellSelection, options: { readonly isRestored: boolean }): SnapshotRead
  /** Commits in the order of their revisions, with the cells that somebody asked for. */
  apply(commits: readonly Commit[]): void
  /** After everything that changed the state, or how far a scope is loaded. */
  changed(state: SyncState): void
  healed(from: number, to: number): void
  /** A read got an answer: the server can be reached. */
  answered(): void
  /** A read failed, and is begun again later. */
  failed(error: unknown): void
  /** The stream said or did something that is worth a line in a log. */
  troubled(what: string, error: unknown): void
  /** A read was refused for good; the engine has ended. */
  refused(error: unknown): void
}

/** Cells as of a revision, from wherever they come. */
interface GivenCells {
  readonly revision: number
  readonly cells: readonly StoredCell[]
}

const changesPerRead = 5_000
const cellsPerPage = 5_000

/** Keeps a store at the budget's newest revision: acts for sync-transition.ts, and decides nothing itself. */
export class SyncEngine {
  readonly #budgetVersionId: string
  readonly #ports: SyncPorts
  readonly #sink: SyncSink
  readonly #settings: SyncSettings
  readonly #scopes = new Map<string, OpenScope>()
  readonly #timers = new Map<Timer, () => void>()
  #state: SyncState
  #stream: LiveStream | undefined
  #reading: AbortController | undefined
  #isRestored = false
  #unwatch: (() => void) | undefined
  /** Events that came while one was being acted on. */
  #queue: SyncEvent[] | undefined

  constructor(budgetVersionId: string, ports: SyncPorts, sink: SyncSink) {
    this.#budgetVersionId = budgetVersionId
    this.#ports = ports
    this.#sink = sink
    this.#settings = { ...defaultSettings, ...ports.settings }
    this.#state = initialSync(ports.openStream !== undefined)
  }

  get state(): SyncState {
    return this.#state
  }

  /**
   * Asks for the cells of a selection; the same one is loaded once, from `initial` where that is given and not behind what is
   * known. The first call opens the stream.
   */
  want(selection: CellSelection, initial?: GivenCells): Scope {
    const key = selectionKey(selection)
    const held = this.#scopes.get(key)
    if (held !== undefined) return held
    const scope = openScope(selection)
    this.#scopes.set(key, scope)
    if (initial !== undefined && !isOutdated(this.#state, initial.revision)) this.#begin(scope, initial)
    if (this.#scopes.size > 1) {
      if (!scope.isLoaded) this.#dispatch({ type: 'wanted' })
    } else {
      this.#dispatch({ type: 'open' })
      this.#unwatch = this.#ports.environment.watch((type) => this.#dispatch({ type }))
    }
    return scope
  }

  /** Something changed that the stream need not have told: looks at once. */
  refresh(): void {
    this.#dispatch({ type: 'hint' })
  }

  end(): void {
    this.#unwatch?.()
    this.#dispatch({ type: 'end' })
  }

  #dispatch(event: SyncEvent): void {
    if (this.#queue !== undefined) {
      this.#queue.push(event)
      return
    }
    const queue = [event]
    this.#queue = queue
    try {
      for (const next of queue) this.#step(next)
    } finally {
      this.#queue = undefined
    }
  }

  #step(event: SyncEvent): void {
    const { clock } = this.#ports
    const circumstances = { now: clock.now(), chance: clock.random(), settings: this.#settings }
    const { state, effects } = transition(this.#state, event, circumstances)
    this.#state = state
    for (const effect of effects) this.#act(effect)
    this.#sink.changed(state)
  }

  #act(effect: SyncEffect): void {
    switch (effect.type) {
      case 'join': {
        this.#join()
        return
      }
      case 'leave':
        this.#stream?.leave()
        this.#stream = undefined
        return
      case 'read-changes': {
        this.#read((signal) => this.#readChanges(effect.from, signal))
        return
      }
      case 'read-page': {
        this.#read((signal) => this.#readPage(signal))
        return
      }
      case 'stop-reading':
        this.#reading?.abort()
        this.#reading = undefined
        return
      case 'apply': {
        this.#apply(effect.commits)
        return
      }
      case 'relist':
        for (const scope of this.#scopes.values()) {
          Object.assign(scope, { isLoaded: false, listed: 0, after: null, read: undefined })
        }
        this.#isRestored = effect.isRestored
        return
      case 'wait': {
        this.#wait(effect.timer, effect.after)
        return
      }
      case 'stop-waiting':
        this.#timers.get(effect.timer)?.()
        this.#timers.delete(effect.timer)
        return
      case 'healed': {
        this.#sink.healed(effect.from, effect.to)
        return
      }
    }
  }

  #join(): void {
    this.#stream = this.#ports.openStream?.(this.#budgetVersionId, (event) => this.#told(event))
  }

  #told(event: StreamEvent): void {
    if (event.type === 'garbage') this.#sink.troubled('a message that cannot be read', event.error)
    if (event.type === 'lost') this.#sink.troubled(`the stream was lost: ${event.why}`, event.error)
    this.#dispatch(event)
  }

  #wait(timer: Timer, after: number): void {
    const { clock, environment } = this.#ports
    this.#timers.get(timer)?.()
    const due = environment.wallTime() + after
    const stop = clock.after(after, () => {
      this.#timers.delete(timer)
      this.#dispatch({ type: 'due', timer, late: environment.wallTime() - due })
    })
    this.#timers.set(timer, stop)
  }

  #read(ask: (signal: AbortSignal) => Promise<() => SyncEvent>): void {
    const controller = new AbortController()
    this.#reading = controller
    const isOpen = () => this.#reading === controller
    ask(controller.signal).then(
      (take) => {
        if (!isOpen()) return
        this.#sink.answered()
        this.#dispatch(take())
      },
      (error: unknown) => {
        if (!isOpen()) return
        if (isFinal(error)) {
          this.end()
          this.#sink.refused(error)
        } else {
          this.#sink.failed(error)
          this.#dispatch({ type: 'failed' })
        }
      },
    )
  }

  async #readChanges(from: number, signal: AbortSignal): Promise<() => SyncEvent> {
    const [only, another] = this.#scopes.values()
    const filter = only === undefined || another !== undefined ? {} : only.selection
    const { transport } = this.#ports
    const page = await changesSince(transport.send, this.#budgetVersionId, from, changesPerRead, filter, {
      signal,
    })
    return () => ({ type: 'changes', page })
  }

  async #readPage(signal: AbortSignal): Promise<() => SyncEvent> {
    const scope = [...this.#scopes.values()].find(({ isLoaded }) => !isLoaded)
    // Asked for and loaded by now.
    if (scope === undefined) return () => ({ type: 'page', revision: this.#state.cursor ?? 0, last: true })
    const { selection, after } = scope
    scope.read ??= this.#sink.beginSnapshot(selection, { isRestored: this.#isRestored })
    this.#isRestored = false
    const { transport } = this.#ports
    const page = await transport.listCells(this.#budgetVersionId, selection, after, cellsPerPage, { signal })
    return () => {
      if (isOutdated(this.#state, page.revision)) return { type: 'outdated' }
      scope.read?.page(page.revision, page.cells)
      scope.listed += page.cells.length
      scope.after = page.next
      if (page.next === null) {
        scope.read?.end()
        scope.isLoaded = true
      }
      return { type: 'page', revision: page.revision, last: this.#isListed() }
    }
  }

  /** What was read elsewhere, as if the only page of the list had come. */
  #begin(scope: OpenScope, { revision, cells }: GivenCells): void {
    const read = this.#sink.beginSnapshot(scope.selection, { isRestored: false })
    read.page(revision, cells)
    read.end()
    Object.assign(scope, { isLoaded: true, listed: cells.length })
    this.#dispatch({ type: 'given', revision, last: this.#isListed() })
  }

  #isListed(): boolean {
    return [...this.#scopes.values()].every(({ isLoaded }) => isLoaded)
  }

  #apply(commits: readonly Commit[]): void {
    const scopes = [...this.#scopes.values()]
    const isWanted = (address: ResolvedAddress) => scopes.some(({ includes }) => includes(address))
    this.#sink.apply(
      commits.map((commit) => ({
        ...commit,
        cells: commit.cells.filter(isWanted),
        deleted: commit.deleted.filter(isWanted),
      })),
    )
  }
}

/** What no waiting mends: the budget is gone or not ours, or the database does not know the question. */
function isFinal(error: unknown): boolean {
  const { code } = error as { readonly code?: unknown }
  return ['not_found', 'forbidden', 'invalid', 'not_installed'].includes(String(code))
}
