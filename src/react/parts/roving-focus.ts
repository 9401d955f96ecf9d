import { useEffect, type KeyboardEvent, type RefObject } from 'react'

const steps: Readonly<Record<string, (index: number, count: number) => number>> = {
  Next: (index, count) => (index + 1) % count,
  Previous: (index, count) => (index - 1 + count) % count,
  Home: () => 0,
  End: (_, count) => count - 1,
}

/**
 * One tab stop for a toolbar's buttons; arrows, Home and End go from one to the next (the toolbar pattern of WAI-ARIA). Returns
 * the toolbar's `onKeyDown`.
 */
export function useRovingFocus(toolbar: RefObject<HTMLElement | null>): (event: KeyboardEvent) => void {
  useEffect(() => {
    const items = itemsOf(toolbar.current)
    const stop = items.find((item) => item.tabIndex === 0 && item.dataset.stop === '') ?? items[0]
    for (const item of items) makeStop(item, item === stop)
  })
  return (event) => {
    const items = itemsOf(toolbar.current)
    const index = items.findIndex((item) => item === event.target)
    const isRtl = toolbar.current !== null && getComputedStyle(toolbar.current).direction === 'rtl'
    const step = steps[directionOf(event.key, isRtl)]
    if (index < 0 || step === undefined) return
    const next = items[step(index, items.length)]
    for (const item of items) makeStop(item, item === next)
    next?.focus()
    event.preventDefault()
  }
}

function directionOf(key: string, isRtl: boolean): string {
  if (key === 'ArrowRight') return isRtl ? 'Previous' : 'Next'
  if (key === 'ArrowLeft') return isRtl ? 'Next' : 'Previous'
  return key
}

function itemsOf(toolbar: HTMLElement | null): HTMLElement[] {
  return [...(toolbar?.querySelectorAll<HTMLElement>('[data-efir-cells-item]') ?? [])]
}

function makeStop(item: HTMLElement, isStop: boolean): void {
  item.tabIndex = isStop ? 0 : -1
  if (isStop) item.dataset.stop = ''
  else delete item.dataset.stop
}
