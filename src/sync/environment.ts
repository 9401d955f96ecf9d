/** What the world around a page tells, so that tests can tell it and Node need not have it. */
export interface Environment {
  /**
   * Tells of what may mean that something was missed: `wake` where the page is shown again or gets the focus, and what the
   * device says of its network. Says so at once where it is offline now. Returns what ends it.
   */
  watch(tell: (event: 'wake' | 'online' | 'offline') => void): () => void
  /** Milliseconds, by a clock that goes on while the computer sleeps. It may jump. */
  wallTime(): number
}

/** A browser's page, or whatever of it is there: a worker has no document, and Node neither. */
export const systemEnvironment: Environment = {
  watch(tell) {
    const { window, document, navigator } = globalThis as Partial<typeof globalThis>
    const ends: (() => void)[] = []
    const on = (target: EventTarget | undefined, name: string, listener: () => void): void => {
      target?.addEventListener(name, listener)
      ends.push(() => target?.removeEventListener(name, listener))
    }
    on(document, 'visibilitychange', () => {
      if (document?.visibilityState === 'visible') tell('wake')
    })
    for (const name of ['focus', 'pageshow']) on(window, name, () => tell('wake'))
    for (const name of ['online', 'offline'] as const) on(window, name, () => tell(name))
    if (window !== undefined && navigator?.onLine === false) tell('offline')
    return () => ends.forEach((end) => end())
  },
  wallTime: () => Date.now(),
}
