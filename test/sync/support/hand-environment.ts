import type { Environment } from '../../../src/sync/environment.ts'

type Told = Parameters<Parameters<Environment['watch']>[0]>[0]

/** A world that the test holds in its hands. */
export class HandEnvironment implements Environment {
  wall = 0
  readonly #watchers = new Set<(event: Told) => void>()

  watch(tell: (event: Told) => void): () => void {
    this.#watchers.add(tell)
    return () => this.#watchers.delete(tell)
  }

  wallTime(): number {
    return this.wall
  }

  get isWatched(): boolean {
    return this.#watchers.size > 0
  }

  tell(event: Told): void {
    for (const tell of [...this.#watchers]) tell(event)
  }
}
