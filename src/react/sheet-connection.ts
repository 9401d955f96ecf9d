import type {
  Budget,
  Conflict,
  ConflictPolicy,
  ExternalStore,
  OpenOptions,
  Sheet,
  SheetFilter,
} from '../index.ts'
import { valueStore } from './value-store.ts'

/** How far a sheet is opened. Frozen. */
export interface ConnectionState {
  /** `null` until it is opened, and again when nobody holds it any more. */
  readonly sheet: Sheet | null
  /** Every cell of it is loaded, and nothing is missed. */
  readonly isReady: boolean
  /** Why it cannot be opened or loaded. */
  readonly error: Error | null
}

/** What is opened, and how. */
export interface ConnectionSettings {
  /** Equal for what is opened in the same way. */
  readonly key: string
  readonly budget: Budget | undefined
  /** A sheet that the application opened, and closes. */
  readonly given: Sheet | undefined
  readonly filter: SheetFilter
  readonly options: Pick<OpenOptions, 'presence' | 'onConflict' | 'persist' | 'initial'>
}

const nothing: ConnectionState = Object.freeze({ sheet: null, isReady: false, error: null })

/**
 * A sheet, opened while somebody holds it: by the first who does, and closed when the last one let go and nobody took it up
 * again within the same turn of the event loop, as React's StrictMode does.
 */
export class SheetConnection {
  readonly #settings: ConnectionSettings
  readonly #state
  #policy: ConflictPolicy | undefined
  #holders = 0
  #run: { isOver: boolean; readonly settled: Promise<void> } | undefined

  constructor(settings: ConnectionSettings) {
    this.#settings = settings
    this.#policy = settings.options.onConflict
    this.#state = valueStore<ConnectionState>(
      settings.given === undefined ? nothing : Object.freeze({ ...nothing, sheet: settings.given }),
    )
  }

  get state(): ExternalStore<ConnectionState> {
    return this.#state
  }

  /** Whether somebody keeps it open. */
  get isHeld(): boolean {
    return this.#holders > 0
  }

  /** Opens the sheet, or keeps it open, until the returned function is called. */
  readonly hold = (): (() => void) => {
    this.#holders += 1
    void this.open()
    let isOver = false
    return () => {
      if (isOver) return
      isOver = true
      this.#holders -= 1
      if (this.#holders === 0) setTimeout(() => this.#holders === 0 && this.#close())
    }
  }

  /** Opens the sheet, whoever holds it. Resolves when it is ready, or cannot be. */
  open(): Promise<void> {
    if (this.#run === undefined) {
      const run = { isOver: false, settled: Promise.resolve() }
      this.#run = run
      run.settled = this.#follow(run)
    }
    return this.#run.settled
  }

  /** The policy is asked as it is now: it may be another function with every render. */
  follow(policy: ConflictPolicy | undefined): void {
    this.#policy = policy
  }

  async #follow(run: { readonly isOver: boolean }): Promise<void> {
    const { given, budget, filter } = this.#settings
    const isOver = () => run.isOver
    try {
      const sheet = given ?? (await budget?.open(filter, this.#options()))
      if (sheet === undefined) return
      if (isOver()) {
        if (given === undefined) await sheet.close()
        return
      }
      if (sheet !== this.#state.getSnapshot().sheet) this.#show({ sheet, isReady: false, error: null })
      await sheet.ready()
      if (!isOver()) this.#show({ sheet, isReady: true, error: null })
    } catch (error) {
      const { sheet } = this.#state.getSnapshot()
      if (!isOver()) this.#show({ sheet, isReady: false, error: error as Error })
    }
  }

  #options(): OpenOptions {
    const { options } = this.#settings
    if (typeof options.onConflict !== 'function') return options
    const onConflict = (conflict: Conflict) =>
      typeof this.#policy === 'function' ? this.#policy(conflict) : 'reject'
    return { ...options, onConflict }
  }

  #close(): void {
    const { sheet } = this.#state.getSnapshot()
    if (this.#run !== undefined) this.#run.isOver = true
    this.#run = undefined
    if (this.#settings.given !== undefined) return
    this.#show(nothing)
    void sheet?.close()
  }

  #show(state: ConnectionState): void {
    this.#state.set(Object.freeze(state))
  }
}
