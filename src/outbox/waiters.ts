interface Waiter {
  readonly isOver: () => boolean
  readonly tell: () => void
}

/** Those who wait for something that is looked at now and then. */
export class Waiters {
  #waiting: readonly Waiter[] = []

  /** Resolves at the first look that finds it over; rejects with the signal's reason. */
  async wait(isOver: () => boolean, signal?: AbortSignal): Promise<void> {
    signal?.throwIfAborted()
    if (isOver()) return
    await new Promise<void>((resolve, reject) => {
      const onAbort = (): void => {
        this.#waiting = this.#waiting.filter((other) => other !== waiter)
        // eslint-disable-next-line @typescript-eslint/prefer-promise-reject-errors -- the reason is the caller's own
        reject(signal?.reason)
      }
      const tell = (): void => {
        signal?.removeEventListener('abort', onAbort)
        resolve()
      }
      const waiter = { isOver, tell }
      this.#waiting = [...this.#waiting, waiter]
      signal?.addEventListener('abort', onAbort, { once: true })
    })
  }

  look(): void {
    const over = this.#waiting.filter(({ isOver }) => isOver())
    if (over.length === 0) return
    this.#waiting = this.#waiting.filter((waiter) => !over.includes(waiter))
    for (const { tell } of over) tell()
  }
}
