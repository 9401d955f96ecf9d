import { useLayoutEffect, type RefObject } from 'react'

/**
 * Takes the focus into a panel when it opens, to `first` or to the panel itself, and gives it back when the panel goes, unless it
 * has gone elsewhere by then.
 */
export function useReturnedFocus(
  panel: RefObject<HTMLElement | null>,
  {
    isWanted,
    first,
  }: { readonly isWanted: boolean; readonly first?: RefObject<HTMLElement | null> | undefined },
): void {
  useLayoutEffect(() => {
    const box = panel.current
    if (!isWanted || box === null) return
    const before = box.ownerDocument.activeElement
    const target = first?.current ?? box
    target.focus({ preventScroll: true })
    return () => {
      const isInside = box.contains(box.ownerDocument.activeElement)
      if (isInside && before instanceof HTMLElement && before.isConnected)
        before.focus({ preventScroll: true })
    }
    // Once, when it opens.
    // eslint-disable-next-line react-hooks/exhaustive-deps
  }, [])
}
