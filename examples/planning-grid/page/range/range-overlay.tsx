import { useEffect, useReducer, useState, useSyncExternalStore } from 'react'
import type { GridApi } from 'ag-grid-community'
import { usePresence } from '@efir/cells/react'
import type { GridView } from '../grid-view.ts'
import { blockOf, isSingle, single, type Block } from './range.ts'

interface RangeOverlayProps {
  readonly view: GridView
  readonly api: GridApi
  readonly onFill: (draw: (target: Block | null) => void) => void
}

interface Frame {
  readonly left: number
  readonly top: number
  readonly width: number
  readonly height: number
}

/**
 * What lies over the cells and scrolls with them: the selection with its handle, and a frame in the colour of each other
 * person. No cell renders for any of it.
 */
export function RangeOverlay({ view, api, onFill }: RangeOverlayProps) {
  const { range } = useSyncExternalStore(view.subscribe, view.getSnapshot)
  const { others } = usePresence()
  const [drawn, setDrawn] = useState<Block | null>(null)
  useLayoutChanges(api)

  const selection = range && frameOf(blockOf(range), view, api)
  const anchor = range && frameOf(blockOf(single(range.anchor)), view, api)
  const target = drawn && frameOf(drawn, view, api)
  const places = others.flatMap((person) =>
    person.places.flatMap(({ cell, mode }, index) => {
      const at = cell && view.positionOf(cell)
      const frame = at && frameOf(blockOf(single(at)), view, api)
      return frame ? [{ key: `${person.userId} ${index}`, person, mode, frame, isTop: at.row === 0 }] : []
    }),
  )
  return (
    <div className="overlay" aria-hidden="true">
      {places.map(({ key, person, mode, frame, isTop }) => (
        <div
          key={key}
          className={`person-frame${person.isIdle ? ' is-idle' : ''}${isTop ? ' is-top' : ''}`}
          data-person={person.name ?? ''}
          style={{ ...frame, '--person': person.color } as React.CSSProperties}
        >
          <span className="person-label">
            {person.name ?? 'Somebody'}
            {mode === 'editing' && ' …'}
          </span>
        </div>
      ))}
      {selection && (
        <div className={isSingle(blockOf(range)) ? 'range is-single' : 'range'} style={selection}>
          <div
            className="range-handle"
            onPointerDown={(event) => {
              event.preventDefault()
              onFill(setDrawn)
            }}
          />
        </div>
      )}
      {anchor && <div className="range-anchor" style={anchor} />}
      {target && <div className="range-target" style={target} />}
    </div>
  )
}

/** In pixels of the grid's own container; `null` where the block is not displayed. */
function frameOf({ top, left, bottom, right }: Block, view: GridView, api: GridApi): Frame | null {
  const { periods } = view.getSnapshot()
  const [first, last] = [api.getDisplayedRowAtIndex(top), api.getDisplayedRowAtIndex(bottom)]
  const [start, end] = [api.getColumn(periods[left] ?? ''), api.getColumn(periods[right] ?? '')]
  const pinned = api.getDisplayedLeftColumns().reduce((width, column) => width + column.getActualWidth(), 0)
  const x = start?.getLeft()
  const endX = end?.getLeft()
  if (!end || !first || !last || typeof x !== 'number' || typeof endX !== 'number') return null
  if (first.rowTop === null || last.rowTop === null) return null
  return {
    left: pinned + x,
    top: first.rowTop,
    width: endX + end.getActualWidth() - x,
    height: last.rowTop + (last.rowHeight ?? 0) - first.rowTop,
  }
}

const layoutEvents = ['modelUpdated', 'columnResized', 'displayedColumnsChanged'] as const

function useLayoutChanges(api: GridApi): void {
  const [, look] = useReducer((turn: number) => turn + 1, 0)
  useEffect(() => {
    for (const name of layoutEvents) api.addEventListener(name, look)
    return () => {
      if (api.isDestroyed()) return
      for (const name of layoutEvents) api.removeEventListener(name, look)
    }
  }, [api])
}
