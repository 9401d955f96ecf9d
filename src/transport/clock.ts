/** Time and chance, so that tests can hold both in their hands. */
export interface Clock {
  /** Milliseconds, on a clock that never goes back. */
  now(): number
  /** From 0 up to, and without, 1. */
  random(): number
  /**
   * Runs once after so many milliseconds, unless what it returns is called before. In the background, it is no reason
   * for the program to stay alive.
   */
  after(milliseconds: number, run: () => void, background?: boolean): () => void
}

/** What a timer holds; with more it would run at once. */
const longest = 2 ** 31 - 1

export const systemClock: Clock = {
  now: () => performance.now(),
  random: () => Math.random(),
  after(milliseconds, run, background = false) {
    if (milliseconds > longest) return () => undefined
    const timer = setTimeout(run, milliseconds)
    // Browsers and edge runtimes, where timers are numbers, have no such thing.
    if (background) (timer as { readonly unref?: () => void }).unref?.()
    return () => clearTimeout(timer)
  },
}

/**
 * The result of the work; or, after so many milliseconds, what `late` gives; or, as soon as the signal says so, its
 * reason. In the last two cases the work's own signal is aborted, and whatever becomes of the work is ignored: a fetch
 * that does not listen to its signal holds nobody up.
 */
export async function within<T>(
  clock: Clock,
  milliseconds: number,
  signal: AbortSignal | undefined,
  work: (signal: AbortSignal) => Promise<T>,
  late: () => T,
): Promise<T> {
  signal?.throwIfAborted()
  const controller = new AbortController()
  let callOff = (): void => undefined
  let onAbort = (): void => undefined
  try {
    return await new Promise<T>((resolve, reject) => {
      onAbort = () => {
        // eslint-disable-next-line @typescript-eslint/prefer-promise-reject-errors -- the reason is the caller's own
        reject(signal?.reason)
        controller.abort(signal?.reason)
      }
      signal?.addEventListener('abort', onAbort)
      callOff = clock.after(milliseconds, () => {
        resolve(late())
        controller.abort()
      })
      work(controller.signal).then(resolve, reject)
    })
  } finally {
    callOff()
    signal?.removeEventListener('abort', onAbort)
  }
}
