import { useCallback, useRef, type PointerEvent } from 'react'
import type { GridView } from '../grid-view.ts'
import type { Edits } from '../use-edits.ts'
import { dragTarget } from './fill.ts'
import { positionIn } from './cell-element.ts'
import { blockOf, single, type Block, type Position } from './range.ts'

type Drag =
  | { readonly kind: 'select'; readonly anchor: Position }
  | { readonly kind: 'fill'; readonly block: Block; readonly draw: (target: Block | null) => void }

/** Selecting by the pointer, and dragging the selection's handle. */
export function useRangePointer(
  view: GridView,
  edits: Edits | null,
  reveal: (row: number, column: number) => void,
) {
  const drag = useRef<Drag | null>(null)

  const follow = useCallback(
    (move: globalThis.PointerEvent) => {
      const at = positionUnder(view, move)
      const { current } = drag
      if (at === null || current === null) return
      if (current.kind === 'fill') current.draw(dragTarget(current.block, at))
      else view.select({ anchor: current.anchor, head: at })
      reveal(at.row, at.column)
    },
    [view, reveal],
  )

  const begin = useCallback(
    (started: Drag) => {
      drag.current = started
      const end = (last: globalThis.PointerEvent) => {
        window.removeEventListener('pointermove', follow)
        window.removeEventListener('pointerup', end)
        window.removeEventListener('pointercancel', end)
        drag.current = null
        if (started.kind !== 'fill') return
        const at = last.type === 'pointerup' ? positionUnder(view, last) : null
        started.draw(null)
        if (at !== null) edits?.fillInto(dragTarget(started.block, at))
      }
      window.addEventListener('pointermove', follow)
      window.addEventListener('pointerup', end)
      window.addEventListener('pointercancel', end)
    },
    [view, edits, follow],
  )

  const onPointerDownCapture = useCallback(
    (event: PointerEvent) => {
      if (event.button !== 0 || (event.target as Element).closest('input, .range-handle') !== null) return
      const at = positionUnder(view, event.nativeEvent)
      if (at === null) return
      const { range } = view.getSnapshot()
      const anchor = event.shiftKey && range !== null ? range.anchor : at
      view.select(event.shiftKey ? { anchor, head: at } : single(at))
      begin({ kind: 'select', anchor })
      // With Shift the selection grows and the focus stays: the grid does not hear of it.
      if (event.shiftKey) event.stopPropagation()
    },
    [view, begin],
  )

  /** The browser leaves the focus where it is, too. */
  const onMouseDownCapture = useCallback((event: React.MouseEvent) => {
    if (!event.shiftKey || (event.target as Element).closest('.ag-cell') === null) return
    event.preventDefault()
  }, [])

  const beginFill = useCallback(
    (draw: (target: Block | null) => void) => {
      const { range } = view.getSnapshot()
      if (range !== null) begin({ kind: 'fill', block: blockOf(range), draw })
    },
    [view, begin],
  )
  return { onPointerDownCapture, onMouseDownCapture, beginFill }
}

/** The displayed cell under the pointer. */
function positionUnder(view: GridView, { clientX, clientY }: globalThis.PointerEvent): Position | null {
  // Something may lie over it.
  const found = document.elementsFromPoint(clientX, clientY).find((element) => element.closest('.ag-cell'))
  return found === undefined ? null : positionIn(view, found)
}
