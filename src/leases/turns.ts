import type { Lease } from './lease.ts'

/** One acquisition's turn at a cell, from its first request until its lease is over. */
export interface Turn {
  /** The lease that came of it, so far. */
  lease?: Lease
  readonly ended: Promise<void>
  readonly end: () => void
}

/**
 * Within one client, acquisitions of a cell take turns, as the Web Locks of one page do. To the database they would be
 * the same user, who goes on under the same token: the first to release it would release it for all.
 */
export class Turns {
  readonly #current = new Map<string, Turn>()

  current(name: string): Turn | undefined {
    return this.#current.get(name)
  }

  take(name: string): Turn {
    let resolve = (): void => undefined
    const turn: Turn = {
      ended: new Promise((done) => (resolve = done)),
      end: () => {
        if (this.#current.get(name) === turn) this.#current.delete(name)
        resolve()
      },
    }
    this.#current.set(name, turn)
    return turn
  }
}
