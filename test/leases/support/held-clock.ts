import type { Clock } from '../../../src/transport/clock.ts'

interface Timer {
  readonly at: number
  readonly early: number
  readonly run: () => void
}

/** Time that stands still until the test lets it pass. Requests that are really sent take no time at all. */
export class HeldClock implements Clock {
  chance = 0.5
  /** By how much timers of more than a moment run before they are due, as Node's may. */
  early = 0
  #now = 1_000
  #timers: Timer[] = []

  /** How many timers wait. */
  get waiting(): number {
    return this.#timers.length
  }

  /** Milliseconds until the next timer is due; undefined where none waits. */
  get untilNext(): number | undefined {
    const due = this.#timers.map(({ at }) => Math.max(0, at - this.#now))
    return due.length === 0 ? undefined : Math.min(...due)
  }

  now(): number {
    return this.#now
  }

  random(): number {
    return this.chance
  }

  after(milliseconds: number, run: () => void): () => void {
    if (milliseconds === Infinity) return () => undefined
    const timer = { at: this.#now + milliseconds, early: milliseconds > 1 ? this.early : 0, run }
    this.#timers.push(timer)
    return () => {
      this.#timers = this.#timers.filter((other) => other !== timer)
    }
  }

  /** Time passes, and timers run when they are due. */
  async pass(milliseconds: number): Promise<void> {
    const until = this.#now + milliseconds
    await settled()
    for (;;) {
      const [next] = this.#timers.toSorted((one, other) => one.at - other.at)
      if (next === undefined || next.at > until) break
      this.#timers = this.#timers.filter((other) => other !== next)
      this.#now = Math.max(this.#now, next.at - next.early)
      next.run()
      await settled()
    }
    this.#now = until
  }

  /** Time passes, and no timer runs: the machine sleeps. */
  sleep(milliseconds: number): void {
    this.#now += milliseconds
  }
}

/** Until every promise that can settle by itself has settled. */
export const settled = (): Promise<void> => new Promise((resolve) => setImmediate(resolve))
