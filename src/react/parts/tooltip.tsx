import { useEffect, useRef, type ReactElement, type ReactNode } from 'react'
import { place } from './floating.ts'

const delay = 400

/**
 * Shows what a button is called while the pointer rests on it, and at once when the focus comes by keyboard. Escape takes it
 * away. It is for eyes only: the button has the same words as its label.
 */
export function Tooltip({
  text,
  children,
}: {
  readonly text: string
  readonly children: ReactNode
}): ReactElement {
  const wrapper = useRef<HTMLSpanElement>(null)
  const tip = useRef<HTMLSpanElement>(null)

  useEffect(() => {
    const [area, box] = [wrapper.current, tip.current]
    const target = area?.firstElementChild
    if (area === null || box === null || !(target instanceof HTMLElement)) return
    let timer: ReturnType<typeof setTimeout> | undefined
    const hide = (): void => {
      clearTimeout(timer)
      if (box.matches(':popover-open')) box.hidePopover()
    }
    const show = (): void => {
      clearTimeout(timer)
      if (!box.isConnected || box.matches(':popover-open')) return
      place(box, target)
      box.showPopover()
    }
    const enter = (): void => {
      clearTimeout(timer)
      timer = setTimeout(show, delay)
    }
    const focus = (): void => {
      if (target.matches(':focus-visible')) show()
    }
    const escape = ({ key }: KeyboardEvent): void => {
      if (key === 'Escape') hide()
    }
    const listeners = [
      ['pointerenter', enter],
      ['pointerleave', hide],
      ['focusin', focus],
      ['focusout', hide],
      ['click', hide],
    ] as const
    for (const [name, listener] of listeners) area.addEventListener(name, listener)
    document.addEventListener('keydown', escape)
    return () => {
      hide()
      for (const [name, listener] of listeners) area.removeEventListener(name, listener)
      document.removeEventListener('keydown', escape)
    }
  }, [])

  return (
    <span ref={wrapper} className="efir-cells-tooltip-area">
      {children}
      <span ref={tip} popover="manual" className="efir-cells-tooltip" aria-hidden="true">
        {text}
      </span>
    </span>
  )
}
