import type { Budget } from '../index.ts'
import { Resource, type Read } from './resource.ts'

/** What is told that something is out of date. */
export type Topic = 'comments' | 'history' | 'steps'

/** The least time between two reads because the user came back to the window. */
const focusMilliseconds = 5_000

const byBudget = new WeakMap<Budget, Resources>()

/** What the components of a budget have asked the server for, whichever provider they are in. */
export function resourcesOf(budget: Budget): Resources {
  const held = byBudget.get(budget) ?? new Resources()
  byBudget.set(budget, held)
  return held
}

/** What is asked of the server besides cells, by topic and key; each is read once for all who watch it. */
export class Resources {
  readonly #held = new Map<string, Resource<unknown>>()
  readonly #watched = new Map<Resource<unknown>, { readonly topic: Topic; readonly key: string }>()
  #focused = 0

  /** The resource of this key: the same one while somebody watches it. */
  get<Data>(topic: Topic, key: string, read: Read<Data>): Resource<Data> {
    const name = `${topic} ${key}`
    const found = this.#held.get(name)
    if (found !== undefined) return found as Resource<Data>
    return new Resource<Data>(read, (resource) => {
      const watched = resource as Resource<unknown>
      if (!this.#held.has(name)) this.#held.set(name, watched)
      this.#watched.set(watched, { topic, key })
      if (this.#watched.size === 1) page()?.addEventListener?.('focus', this.#onFocus)
      return () => {
        if (this.#held.get(name) === watched) this.#held.delete(name)
        this.#watched.delete(watched)
        if (this.#watched.size === 0) page()?.removeEventListener?.('focus', this.#onFocus)
      }
    })
  }

  /** Reads again what somebody watches of a topic: all of it, or what is stale by its key. */
  async refresh(topic: Topic, isStale: (key: string) => boolean = () => true): Promise<void> {
    const stale = [...this.#watched].filter(([, about]) => about.topic === topic && isStale(about.key))
    await Promise.all(stale.map(([resource]) => resource.refresh()))
  }

  /** Whoever comes back to a window wants to see what is there now. */
  readonly #onFocus = (): void => {
    const now = Date.now()
    if (now - this.#focused < focusMilliseconds) return
    this.#focused = now
    for (const resource of this.#watched.keys()) void resource.refresh()
  }
}

/** React Native has a window that nobody comes back to; a server has none. */
function page(): Partial<Pick<Window, 'addEventListener' | 'removeEventListener'>> | undefined {
  return (globalThis as { readonly window?: Partial<Window> }).window
}
