/** Who listens to something that is itself listened to only while somebody does. */
export class Watchers {
  readonly #listeners = new Set<{ readonly listener: () => void }>()
  readonly #begin: () => () => void
  #end: () => void = () => undefined

  /** `begin` is called before the first listener is added, and what it returns after the last one left. */
  constructor(begin: () => () => void) {
    this.#begin = begin
  }

  readonly subscribe = (listener: () => void): (() => void) => {
    const entry = { listener }
    if (this.#listeners.size === 0) this.#end = this.#begin()
    this.#listeners.add(entry)
    return () => {
      if (this.#listeners.delete(entry) && this.#listeners.size === 0) this.#end()
    }
  }

  tell(): void {
    for (const { listener } of [...this.#listeners]) listener()
  }
}
