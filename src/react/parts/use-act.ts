import { useCallback, useEffect, useRef, useState } from 'react'

/** Something that the user has asked for: whether it is under way, and what went wrong last. */
export interface Act {
  readonly isBusy: boolean
  readonly error: unknown
  /** Does it. Resolves to whether it was done; an error is kept, and not thrown. */
  readonly act: (work: () => unknown) => Promise<boolean>
}

/** Does what buttons ask for, and keeps its errors for {@link Failure} to show. */
export function useAct(): Act {
  const [state, setState] = useState<{ readonly isBusy: boolean; readonly error: unknown }>({
    isBusy: false,
    error: null,
  })
  const isThere = useRef(true)
  useEffect(() => {
    isThere.current = true
    return () => {
      isThere.current = false
    }
  }, [])
  const act = useCallback(async (work: () => unknown): Promise<boolean> => {
    setState({ isBusy: true, error: null })
    try {
      await work()
      if (isThere.current) setState({ isBusy: false, error: null })
      return true
    } catch (error) {
      if (isThere.current) setState({ isBusy: false, error })
      return false
    }
  }, [])
  return { ...state, act }
}
