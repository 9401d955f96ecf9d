import type { PersistentStorage } from '../../../src/outbox/persistent-storage.ts'
import type { TabLocks } from '../../../src/outbox/outbox-keeper.ts'

/** A storage that windows share, and that the test can look into and let fail. */
export class TextStorage implements PersistentStorage {
  readonly texts = new Map<string, string>()
  /** What the next calls throw. */
  failure: Error | undefined
  writes = 0

  keys(prefix: string): Promise<readonly string[]> {
    return this.#answer(() => [...this.texts.keys()].filter((key) => key.startsWith(prefix)))
  }

  get(key: string): Promise<string | undefined> {
    return this.#answer(() => this.texts.get(key))
  }

  write(put: ReadonlyMap<string, string>, remove: readonly string[]): Promise<void> {
    return this.#answer(() => {
      this.writes++
      for (const [key, text] of put) this.texts.set(key, text)
      for (const key of remove) this.texts.delete(key)
    })
  }

  #answer<Result>(work: () => Result): Promise<Result> {
    return this.failure === undefined ? Promise.resolve().then(work) : Promise.reject(this.failure)
  }
}

/** The locks of one window, of those of a browser. Closing the window lets go of them. */
export class WindowLocks {
  readonly #held: Set<string>
  readonly #waiting: (() => void)[]
  readonly #own = new Set<string>()
  isClosed = false

  private constructor(held: Set<string>, waiting: (() => void)[]) {
    this.#held = held
    this.#waiting = waiting
  }

  /** Makes windows of one browser. */
  static browser(): () => WindowLocks {
    const [held, waiting] = [new Set<string>(), [] as (() => void)[]]
    return () => new WindowLocks(held, waiting)
  }

  /** The window is gone, as if its process had been killed. */
  close(): void {
    this.isClosed = true
    for (const name of this.#own) this.#held.delete(name)
    this.#next()
  }

  readonly request = (async (
    name: string,
    options: LockOptions,
    work: (lock: Lock | null) => Promise<void>,
  ): Promise<void> => {
    if (this.#held.has(name)) {
      if (options.ifAvailable === true) {
        await work(null)
        return
      }
      await new Promise<void>((resolve, reject) => {
        const look = (): void => {
          if (this.isClosed || this.#held.has(name)) return
          this.#waiting.splice(this.#waiting.indexOf(look), 1)
          this.#take(name)
          resolve()
        }
        this.#waiting.push(look)
        options.signal?.addEventListener('abort', () => {
          this.#waiting.splice(this.#waiting.indexOf(look), 1)
          reject(new DOMException('Called off.', 'AbortError'))
        })
      })
    } else this.#take(name)
    await work({ name, mode: 'exclusive' })
    if (this.#own.delete(name)) this.#held.delete(name)
    this.#next()
  }) as TabLocks['request']

  #take(name: string): void {
    this.#held.add(name)
    this.#own.add(name)
  }

  #next(): void {
    for (const look of [...this.#waiting]) look()
  }
}
