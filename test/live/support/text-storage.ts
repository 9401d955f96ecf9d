import type { PersistentStorage } from '@efir/cells'

/** What a browser keeps, while pages come and go. */
export class TextStorage implements PersistentStorage {
  readonly #texts = new Map<string, string>()

  keys(prefix: string): Promise<readonly string[]> {
    return Promise.resolve([...this.#texts.keys()].filter((key) => key.startsWith(prefix)))
  }

  get(key: string): Promise<string | undefined> {
    return Promise.resolve(this.#texts.get(key))
  }

  write(put: ReadonlyMap<string, string>, remove: readonly string[]): Promise<void> {
    for (const [key, text] of put) this.#texts.set(key, text)
    for (const key of remove) this.#texts.delete(key)
    return Promise.resolve()
  }
}
