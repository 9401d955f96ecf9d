// The real server's limit: bursts pass, an average over a window does not. Pure; times are in milliseconds.

export interface RateLimit {
  readonly perSecond: number
  /** In seconds. */
  readonly window: number
}

export class RateWindow {
  readonly #limit: RateLimit
  readonly #counts = new Map<number, number>()

  constructor(limit: RateLimit) {
    this.#limit = limit
  }

  count(now: number): void {
    const second = Math.floor(now / 1000)
    this.#counts.set(second, (this.#counts.get(second) ?? 0) + 1)
  }

  isOver(now: number): boolean {
    const oldest = Math.floor(now / 1000) - this.#limit.window
    let total = 0
    for (const [second, count] of this.#counts) {
      if (second <= oldest) this.#counts.delete(second)
      else total += count
    }
    return total > this.#limit.perSecond * this.#limit.window
  }
}
