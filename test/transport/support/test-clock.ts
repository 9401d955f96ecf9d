import type { Clock } from '../../../src/transport/clock.ts'

/**
 * Time that passes only where nothing else is left to do: as soon as promises have settled, it is the time of the next
 * timer. `holdFrom` keeps timers of that length and more back, for tests in which real requests take real time.
 */
export class TestClock implements Clock {
  /** The lengths of all timers that ran. */
  readonly ran: number[] = []
  chance = 0.5
  #now = 1_000
  #timers: { readonly at: number; readonly length: number; readonly run: () => void }[] = []
  readonly #holdFrom: number

  constructor(holdFrom = Infinity) {
    this.#holdFrom = holdFrom
  }

  now(): number {
    return this.#now
  }

  random(): number {
    return this.chance
  }

  after(milliseconds: number, run: () => void): () => void {
    const timer = { at: this.#now + milliseconds, length: milliseconds, run }
    const cancel = (): void => {
      this.#timers = this.#timers.filter((other) => other !== timer)
    }
    if (milliseconds === Infinity || milliseconds >= this.#holdFrom) return () => undefined
    this.#timers.push(timer)
    setImmediate(() => this.#runNext())
    return cancel
  }

  #runNext(): void {
    const [next] = this.#timers.toSorted((one, other) => one.at - other.at)
    if (next === undefined) return
    this.#timers = this.#timers.filter((other) => other !== next)
    this.#now = Math.max(this.#now, next.at)
    this.ran.push(next.length)
    next.run()
    if (this.#timers.length > 0) setImmediate(() => this.#runNext())
  }
}
