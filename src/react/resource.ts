import type { ExternalStore } from '../index.ts'
import { Watchers } from './watchers.ts'

/** What was read, as far as it was. Frozen, and replaced when something in it changes. */
export interface Loaded<Data> {
  /** `undefined` until it was read first; what was read last, while it is read again. */
  readonly data: Data | undefined
  readonly isLoading: boolean
  /** Why it could not be read; `null` once it was. */
  readonly error: Error | null
}

/** Reads what is asked for; `held` is what was read last. */
export type Read<Data> = (signal: AbortSignal, held: Data | undefined) => Promise<Data>

const unread: Loaded<never> = Object.freeze({ data: undefined, isLoading: true, error: null })

/** Something that has to be asked for, shared by all who watch it: read when the first one does, and when told. */
export class Resource<Data> implements ExternalStore<Loaded<Data>> {
  readonly subscribe: (listener: () => void) => () => void
  readonly #read: Read<Data>
  readonly #watchers: Watchers
  #state: Loaded<Data> = unread
  #reading: AbortController | undefined
  #latest: Promise<void> = Promise.resolve()
  #extending: Promise<void> | undefined
  #isWatched = false

  /** `begin` is called when somebody watches, and what it returns when nobody does any more. */
  constructor(read: Read<Data>, begin: (resource: Resource<Data>) => () => void) {
    this.#read = read
    this.#watchers = new Watchers(() => {
      const end = begin(this)
      this.#isWatched = true
      if (this.#reading === undefined) void this.refresh()
      return () => {
        end()
        this.#isWatched = false
        // React's StrictMode leaves, and comes back at once.
        queueMicrotask(() => this.#isWatched || this.#reading?.abort())
      }
    })
    this.subscribe = this.#watchers.subscribe
  }

  readonly getSnapshot = (): Loaded<Data> => this.#state
  readonly getServerSnapshot = (): Loaded<Data> => unread

  /**
   * Reads it again. Resolves when that is done, be it in vain: the state tells. What is being read already is given up, and
   * its askers wait for this; an extension under way comes first.
   */
  readonly refresh = (): Promise<void> =>
    this.#extending === undefined ? this.#replace(this.#read) : this.#extending.then(this.refresh)

  /** Reads more into it, once nothing else is being read: neither is lost over the other. */
  async extend(read: Read<Data>): Promise<void> {
    const before = this.#extending ?? Promise.resolve()
    const turn = before.then(() => this.#settle()).then(() => this.#replace(read))
    this.#extending = turn
    await turn
    if (this.#extending === turn) this.#extending = undefined
  }

  async #replace(read: Read<Data>): Promise<void> {
    this.#latest = this.#run(read)
    await this.#settle()
  }

  async #settle(): Promise<void> {
    for (let awaited: unknown; awaited !== this.#latest;) {
      awaited = this.#latest
      await awaited
    }
  }

  async #run(read: Read<Data>): Promise<void> {
    this.#reading?.abort()
    const reading = new AbortController()
    this.#reading = reading
    this.#show({ ...this.#state, isLoading: true })
    try {
      const data = await read(reading.signal, this.#state.data)
      if (this.#reading === reading) this.#show({ data, isLoading: false, error: null })
    } catch (error) {
      if (this.#reading === reading) {
        const isGivenUp = reading.signal.aborted
        this.#show({ ...this.#state, isLoading: false, error: isGivenUp ? null : (error as Error) })
      }
    } finally {
      if (this.#reading === reading) this.#reading = undefined
    }
  }

  #show(state: Loaded<Data>): void {
    const { data, isLoading, error } = this.#state
    if (state.data === data && state.isLoading === isLoading && state.error === error) return
    this.#state = Object.freeze(state)
    this.#watchers.tell()
  }
}
