import { useEffect, useId, useRef, useState, type ReactElement, type ReactNode, type RefObject } from 'react'
import { classNames } from './class-names.ts'
import { place, usePlacement } from './floating.ts'
import { useKeptFocus } from './use-kept-focus.ts'

/** What the button of a popover is given. */
interface PopoverTrigger {
  readonly ref: RefObject<HTMLButtonElement | null>
  readonly 'aria-expanded': boolean
  readonly 'aria-controls': string
  readonly 'aria-haspopup': 'dialog'
}

/** A button's panel. */
export interface PopoverProps {
  readonly label: string
  readonly className?: string | undefined
  readonly trigger: (props: PopoverTrigger) => ReactElement
  /** Drawn only while it is open. */
  readonly children: (close: () => void) => ReactNode
}

/**
 * A panel that a button opens, above everything else on the page. The browser's own popover: Escape and a click elsewhere
 * close it, and the focus goes back to the button.
 */
export function Popover({ label, className, trigger, children }: PopoverProps): ReactElement {
  const id = useId()
  const button = useRef<HTMLButtonElement>(null)
  const panel = useRef<HTMLDivElement>(null)
  const [isOpen, setOpen] = useState(false)
  usePlacement(isOpen, panel, button)
  useKeptFocus(panel)

  useEffect(() => {
    const [box, opener] = [panel.current, button.current]
    if (!isOpen || box === null) return undefined
    return () => {
      // What the browser has closed by itself is closed, and the focus is where the browser has put it.
      if (!box.matches(':popover-open')) return
      box.hidePopover()
      // What had it is not drawn any more.
      if (document.activeElement === document.body) opener?.focus()
    }
  }, [isOpen])

  useEffect(() => {
    const [box, opener] = [panel.current, button.current]
    if (box === null || opener === null) return
    // By hand: React 18 does not know the property by the name that React 19 wants.
    opener.setAttribute('popovertarget', id)
    const before = (event: Event): void => {
      if (!isOpening(event)) return
      place(box, opener)
      setOpen(true)
    }
    const after = (event: Event): void => {
      if (isOpening(event)) box.focus()
      else setOpen(false)
    }
    const leave = ({ relatedTarget }: FocusEvent): void => {
      const isElsewhere =
        relatedTarget instanceof Node && !box.contains(relatedTarget) && relatedTarget !== opener
      if (isElsewhere) box.hidePopover()
    }
    box.addEventListener('beforetoggle', before)
    box.addEventListener('toggle', after)
    box.addEventListener('focusout', leave)
    return () => {
      box.removeEventListener('beforetoggle', before)
      box.removeEventListener('toggle', after)
      box.removeEventListener('focusout', leave)
    }
  }, [id])

  return (
    <>
      {trigger({ ref: button, 'aria-expanded': isOpen, 'aria-controls': id, 'aria-haspopup': 'dialog' })}
      <div
        ref={panel}
        id={id}
        popover="auto"
        role="dialog"
        aria-label={label}
        tabIndex={-1}
        className={classNames('efir-cells-popover', className)}
      >
        {isOpen && children(() => setOpen(false))}
      </div>
    </>
  )
}

function isOpening(event: Event): boolean {
  return (event as ToggleEvent).newState === 'open'
}
