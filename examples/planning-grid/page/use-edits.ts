import { useMemo } from 'react'
import { isCellsError, type CellAddress, type Sheet, type SheetChange, type VisibleCell } from '@efir/cells'
import { useSheet } from '@efir/cells/react'
import { readAmount } from './amount.ts'
import type { GridView } from './grid-view.ts'
import { useNotify } from './notices.tsx'
import { dragPairs, fillPairs, placeTable, type Direction } from './range/fill.ts'
import { blockOf, columnsOf, positionsOf, rowsOf, type Block, type Position } from './range/range.ts'
import { formatTable, parseTable } from './range/tab-separated.ts'

/** What the user can do to cells with the selection. Each of them is one step to undo. */
export interface Edits {
  /** What was typed into a cell, which looked like this when its editor was opened. */
  readonly edit: (seen: VisibleCell, typed: string) => void
  readonly clear: () => void
  readonly copy: () => string | null
  readonly paste: (text: string) => void
  readonly fill: (direction: Direction) => void
  /** What dragging the handle of the selection to `target` does. */
  readonly fillInto: (target: Block) => void
}

const count = (cells: number) => `${cells.toLocaleString('en-US')} ${cells === 1 ? 'cell' : 'cells'}`

export function useEdits(view: GridView): Edits | null {
  const sheet = useSheet()
  const notify = useNotify()
  return useMemo(() => sheet && makeEdits(sheet, view, notify), [sheet, view, notify])
}

function makeEdits(sheet: Sheet, view: GridView, notify: (message: string) => void): Edits {
  const orTell = (work: () => unknown) => {
    try {
      work()
    } catch (error) {
      if (!isCellsError(error)) throw error
      notify(error.message)
    }
  }
  const isOpen = (cell: CellAddress) => !sheet.get(cell).base.isLocked
  const tellLocked = (cells: number) => {
    if (cells > 0) notify(`${count(cells)} locked: left as ${cells === 1 ? 'it is' : 'they are'}.`)
  }
  /** All of them as one step; locked cells are left out, and told. */
  const write = (changes: readonly SheetChange[], label: string) => {
    const open = changes.filter(({ cell }) => isOpen(cell))
    tellLocked(changes.length - open.length)
    if (open.length > 0) orTell(() => sheet.setMany(open, label))
  }
  const copyPairs = (pairs: readonly { readonly from: Position; readonly to: Position }[], label: string) => {
    const changes = pairs.flatMap(({ from, to }): SheetChange[] => {
      const [source, cell] = [view.addressAt(from), view.addressAt(to)]
      return source === null || cell === null ? [] : [{ cell, value: sheet.get(source).value }]
    })
    write(changes, label)
  }
  return {
    edit(seen, typed) {
      const value = readAmount(typed)
      if (value === undefined) notify(`“${typed}” is no amount. Nothing was changed.`)
      else if (value === seen.value) return
      else if (!isOpen(seen)) tellLocked(1)
      // What somebody else wrote while the editor was open is asked about, and not written over.
      else orTell(() => sheet.set(seen, value, { seen }))
    },
    clear() {
      const { block } = view
      if (block === null) return
      const filled = view.addressesIn(block).filter((cell) => sheet.get(cell).value !== null)
      write(
        filled.map((cell) => ({ cell, value: null })),
        'Clear',
      )
    },
    copy() {
      const { block } = view
      if (block === null) return null
      const values = positionsOf(block).map((at) => {
        const cell = view.addressAt(at)
        return (cell && sheet.get(cell).value) ?? ''
      })
      const width = columnsOf(block)
      return formatTable(
        Array.from({ length: rowsOf(block) }, (_, row) => values.slice(row * width, (row + 1) * width)),
      )
    },
    paste(text) {
      const { block } = view
      if (block === null) return
      const table = parseTable(text)
      const amounts: (string | null)[][] = []
      for (const [row, cells] of table.entries()) {
        const read = cells.map(readAmount)
        const bad = read.indexOf(undefined)
        if (bad >= 0) {
          notify(`Row ${row + 1}, column ${bad + 1}: “${cells[bad] ?? ''}” is no amount. Nothing was pasted.`)
          return
        }
        amounts.push(read as (string | null)[])
      }
      const placed = placeTable(amounts, block, view.size)
      const first = placed[0]?.at
      const last = placed.at(-1)?.at
      if (first === undefined || last === undefined) return
      const changes = placed.flatMap(({ at, value }): SheetChange[] => {
        const cell = view.addressAt(at)
        return cell === null ? [] : [{ cell, value }]
      })
      write(changes, 'Paste')
      view.select({ anchor: first, head: last })
    },
    fill(direction) {
      const { block } = view
      if (block !== null)
        copyPairs(fillPairs(block, direction), direction === 'down' ? 'Fill down' : 'Fill right')
    },
    fillInto(target) {
      const { range } = view.getSnapshot()
      if (range === null) return
      const block = blockOf(range)
      const pairs = dragPairs(block, target)
      if (pairs.length === 0) return
      copyPairs(pairs, 'Fill')
      view.select({
        anchor: { row: target.top, column: target.left },
        head: { row: target.bottom, column: target.right },
      })
    },
  }
}
