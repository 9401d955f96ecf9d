import { useMemo, useSyncExternalStore } from 'react'
import type { CellAddress } from '@efir/cells'
import { CellLockBadge, usePlanningCell } from '@efir/cells/react'
import { formatAmount } from './amount.ts'
import { addressAt, type GridView } from './grid-view.ts'
import { blockOf, columnsOf, isSingle, rowsOf } from './range/range.ts'

/** Which cell the selection was begun at, and what it says to the last digit. */
export function CellBar({ view }: { readonly view: GridView }) {
  const state = useSyncExternalStore(view.subscribe, view.getSnapshot)
  const { rows, periods, range } = state
  const anchor = range?.anchor
  const address = useMemo(() => anchor && addressAt({ rows, periods }, anchor), [rows, periods, anchor])
  if (range === null || anchor === undefined || !address) {
    return (
      <div className="cell-bar is-empty">Select a cell: arrows move, Enter edits, Shift selects a block.</div>
    )
  }
  const block = blockOf(range)
  return (
    <div className="cell-bar">
      <span className="cell-bar-name">
        {rows[anchor.row]?.name}
        <b>{periods[anchor.column]}</b>
        {!isSingle(block) && (
          <span className="cell-bar-size">
            {rowsOf(block)} × {columnsOf(block)}
          </span>
        )}
      </span>
      <SelectedCell address={address} />
    </div>
  )
}

function SelectedCell({ address }: { readonly address: CellAddress }) {
  const { value, isPending, cell } = usePlanningCell(address)
  return (
    <>
      <output className="cell-bar-value">{value === null ? 'Empty' : formatAmount(value)}</output>
      <CellLockBadge address={address} />
      <span className="cell-bar-version">
        {isPending ? 'Saving …' : cell.base.exists ? `Version ${cell.base.version}` : 'Not written yet'}
      </span>
    </>
  )
}
