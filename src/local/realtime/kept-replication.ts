import { Replication, type ReplicationOptions } from './replication.ts'

// As long as the real server takes to come back after its backend died.
const REOPEN_MILLISECONDS = 5_000
const IDLE_MILLISECONDS = 10_000

/**
 * A replication that is open while somebody needs it. When it is lost it comes back by itself, and nobody is told: what
 * was committed in between is lost.
 */
export class KeptReplication {
  readonly #options: Omit<ReplicationOptions, 'onLost'>
  #current: Promise<Replication> | undefined
  #timer: NodeJS.Timeout | undefined
  #isNeeded = false
  #isPaused = false
  #isClosed = false

  constructor(options: Omit<ReplicationOptions, 'onLost'>) {
    this.#options = options
  }

  /** Resolves when what is committed from then on is told; at once while paused, for then it is known to be lost. */
  async need(): Promise<void> {
    this.#isNeeded = true
    clearTimeout(this.#timer)
    await this.#open()
  }

  /** Closes in a while, unless it is needed again. */
  release(): void {
    this.#isNeeded = false
    this.#later(IDLE_MILLISECONDS, () => void this.#shut())
  }

  async pause(): Promise<void> {
    this.#isPaused = true
    await this.#shut()
  }

  async resume(): Promise<void> {
    this.#isPaused = false
    if (this.#isNeeded) await this.#open()
  }

  async close(): Promise<void> {
    this.#isClosed = true
    clearTimeout(this.#timer)
    await this.#shut()
  }

  #open(): Promise<unknown> {
    if (this.#isPaused || this.#isClosed) return Promise.resolve()
    if (this.#current !== undefined) return this.#current
    const opening = Replication.open({
      ...this.#options,
      onLost: () => {
        if (this.#current === opening) this.#current = undefined
        this.#later(REOPEN_MILLISECONDS, () => void this.#reopen())
      },
    })
    this.#current = opening
    opening.catch(() => {
      if (this.#current === opening) this.#current = undefined
    })
    return opening
  }

  async #reopen(): Promise<void> {
    if (!this.#isNeeded) return
    await this.#open().catch(() => this.#later(REOPEN_MILLISECONDS, () => void this.#reopen()))
  }

  async #shut(): Promise<void> {
    const closing = this.#current
    this.#current = undefined
    await closing?.then(
      (replication) => replication.close(),
      () => undefined,
    )
  }

  #later(milliseconds: number, work: () => void): void {
    clearTimeout(this.#timer)
    if (!this.#isClosed) this.#timer = setTimeout(work, milliseconds).unref()
  }
}
