import { useEffect, useRef, type RefObject } from 'react'

/**
 * Keeps the focus in a panel when what had it is taken away (a comment that was deleted, a write that was discarded): it goes to
 * the panel, and not to the top of the page.
 */
export function useKeptFocus(panel: RefObject<HTMLElement | null>): void {
  const isInside = useRef(false)
  useEffect(() => {
    const box = panel.current
    if (box === null) return
    const enter = (): void => {
      isInside.current = true
    }
    const leave = ({ target, relatedTarget }: FocusEvent): void => {
      setTimeout(() => {
        const isTakenAway = target instanceof Node && !target.isConnected
        if (isTakenAway || (relatedTarget instanceof Node && box.contains(relatedTarget))) return
        isInside.current = box.contains(box.ownerDocument.activeElement)
      })
    }
    box.addEventListener('focusin', enter)
    box.addEventListener('focusout', leave)
    return () => {
      box.removeEventListener('focusin', enter)
      box.removeEventListener('focusout', leave)
    }
  }, [panel])
  useEffect(() => {
    const box = panel.current
    if (box === null || !isInside.current) return
    const { activeElement, body } = box.ownerDocument
    if (activeElement === body || activeElement === null) box.focus({ preventScroll: true })
  })
}
