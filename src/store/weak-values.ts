/**
 * Remembers an object for as long as somebody else holds it, so that who asks again gets the same one. Entries whose
 * object is gone are swept when as many came in as were alive after the last sweep: a constant cost an entry.
 */
export class WeakValues<Key, Value extends object> {
  readonly #entries = new Map<Key, WeakRef<Value>>()
  readonly #onGone: ((key: Key) => void) | undefined
  #sweepAt = 1024

  constructor(onGone?: (key: Key) => void) {
    this.#onGone = onGone
  }

  get isEmpty(): boolean {
    return this.#entries.size === 0
  }

  get(key: Key): Value | undefined {
    return this.#entries.get(key)?.deref()
  }

  set(key: Key, value: Value): void {
    if (this.#entries.size >= this.#sweepAt) this.#sweep()
    this.#entries.set(key, new WeakRef(value))
  }

  delete(key: Key): void {
    this.#entries.delete(key)
  }

  #sweep(): void {
    for (const [key, entry] of this.#entries) {
      if (entry.deref() !== undefined) continue
      this.#entries.delete(key)
      this.#onGone?.(key)
    }
    this.#sweepAt = Math.max(1024, 2 * this.#entries.size)
  }
}
