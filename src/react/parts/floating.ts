import { useEffect, type RefObject } from 'react'

const gap = 6
const margin = 8

/**
 * Puts a fixed box beside what it belongs to: below it, or above where there is more room; from its start edge, or from its
 * end where it stands in the further half. The box need not be measured: how far it reaches is for the stylesheet.
 */
export function place(box: HTMLElement, beside: Element): void {
  const { top, bottom, left, right } = beside.getBoundingClientRect()
  const { clientWidth: width, clientHeight: height } = box.ownerDocument.documentElement
  const isBelow = height - bottom >= Math.min(top, 320)
  const fromLeft = left + right < width
  box.style.setProperty('top', isBelow ? `${bottom + gap}px` : 'auto')
  box.style.setProperty('bottom', isBelow ? 'auto' : `${height - top + gap}px`)
  box.style.setProperty('left', fromLeft ? `${Math.max(margin, left)}px` : 'auto')
  box.style.setProperty('right', fromLeft ? 'auto' : `${Math.max(margin, width - right)}px`)
  const room = isBelow ? height - bottom : top
  box.style.setProperty('--efir-cells-room', `${Math.max(120, room - gap - margin)}px`)
}

/** Keeps an open box beside what it belongs to while the page moves. */
export function usePlacement(
  isOpen: boolean,
  box: RefObject<HTMLElement | null>,
  beside: RefObject<Element | null>,
): void {
  useEffect(() => {
    if (!isOpen) return
    const move = (): void => {
      if (box.current !== null && beside.current !== null) place(box.current, beside.current)
    }
    addEventListener('scroll', move, { capture: true, passive: true })
    addEventListener('resize', move)
    return () => {
      removeEventListener('scroll', move, { capture: true })
      removeEventListener('resize', move)
    }
  }, [isOpen, box, beside])
}
