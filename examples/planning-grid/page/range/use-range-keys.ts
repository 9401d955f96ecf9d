import { useCallback, type ClipboardEvent, type KeyboardEvent } from 'react'
import type { GridView } from '../grid-view.ts'
import type { Edits } from '../use-edits.ts'
import { extend } from './range.ts'

/**
 * What the keyboard and the clipboard do with the selection. The handlers go on an element around the grid, in the capture
 * phase: a key that is the selection's does not reach the grid.
 */
export function useRangeKeys(
  view: GridView,
  edits: Edits | null,
  reveal: (row: number, column: number) => void,
) {
  const onKeyDownCapture = useCallback(
    (event: KeyboardEvent) => {
      if (isTyping(event.target) || !isInCell(event.target)) return
      const { range } = view.getSnapshot()
      if (range === null || edits === null) return
      const isCommand = event.ctrlKey || event.metaKey
      const act = (): boolean => {
        if (event.shiftKey && !event.altKey) {
          const longer = extend(range, event.key, isCommand, view.size)
          if (longer === undefined) return false
          view.select(longer)
          reveal(longer.head.row, longer.head.column)
          return true
        }
        if (event.altKey) return false
        if (isCommand) {
          switch (event.key.toLowerCase()) {
            case 'a':
              view.select({
                anchor: { row: 0, column: 0 },
                head: { row: view.size.rows - 1, column: view.size.columns - 1 },
              })
              return true
            case 'd':
              edits.fill('down')
              return true
            case 'r':
              edits.fill('right')
              return true
            default:
              return false
          }
        }
        if (event.key !== 'Delete' && event.key !== 'Backspace') return false
        edits.clear()
        return true
      }
      if (!act()) return
      event.preventDefault()
      event.stopPropagation()
    },
    [view, edits, reveal],
  )
  const onCopy = useCallback(
    (event: ClipboardEvent) => {
      const text = isTyping(event.target) ? null : (edits?.copy() ?? null)
      if (text === null) return
      event.clipboardData.setData('text/plain', text)
      event.preventDefault()
    },
    [edits],
  )
  const onCut = useCallback(
    (event: ClipboardEvent) => {
      onCopy(event)
      if (event.defaultPrevented) edits?.clear()
    },
    [onCopy, edits],
  )
  const onPaste = useCallback(
    (event: ClipboardEvent) => {
      if (isTyping(event.target) || edits === null) return
      event.preventDefault()
      edits.paste(event.clipboardData.getData('text/plain'))
    },
    [edits],
  )
  return { onKeyDownCapture, onCopy, onCut, onPaste }
}

function isTyping(target: EventTarget): boolean {
  return (
    target instanceof HTMLElement && (target.isContentEditable || target.matches('input, textarea, select'))
  )
}

function isInCell(target: EventTarget): boolean {
  return target instanceof Element && target.closest('.ag-cell') !== null
}
