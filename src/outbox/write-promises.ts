import type { Cell } from '../model/cell.ts'
import type { Write } from './outbox-state.ts'

interface Promised {
  readonly result: Promise<Cell>
  readonly resolve: (cell: Cell) => void
  readonly reject: (reason: unknown) => void
}

/** What became of a write, promised to whoever made it. */
export interface WritePromise {
  readonly id: number
  readonly result: Promise<Cell>
}

/** The promises of writes that nobody knows the end of yet. */
export class WritePromises {
  readonly #promised = new Map<number, Promised>()

  /** The promise of a write; the same one as long as it is not kept. */
  of(id: number): WritePromise {
    let promised = this.#promised.get(id)
    if (promised === undefined) {
      const { promise, resolve, reject } = withResolvers<Cell>()
      promised = { result: promise, resolve, reject }
      this.#promised.set(id, promised)
      // Who does not listen is told by events, and by the list of pending writes.
      promise.catch(() => undefined)
    }
    return { id, result: promised.result }
  }

  resolve(write: Write, cell: Cell): void {
    this.#end(write, (promised) => promised.resolve(cell))
  }

  reject(write: Write, reason: unknown): void {
    this.#end(write, (promised) => promised.reject(reason))
  }

  rejectAll(reason: () => unknown): void {
    for (const { reject } of this.#promised.values()) reject(reason())
    this.#promised.clear()
  }

  /** What becomes of a write becomes of those that it took the place of. */
  #end({ id, replaces }: Write, say: (promised: Promised) => void): void {
    for (const one of [id, ...replaces]) {
      const promised = this.#promised.get(one)
      if (promised === undefined) continue
      this.#promised.delete(one)
      say(promised)
    }
  }
}

/** `Promise.withResolvers`, which browsers of 2023 do not have. */
function withResolvers<T>() {
  let resolve!: (value: T) => void
  let reject!: (reason: unknown) => void
  const promise = new Promise<T>((onResolve, onReject) => {
    resolve = onResolve
    reject = onReject
  })
  return { promise, resolve, reject }
}
