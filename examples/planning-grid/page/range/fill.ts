import { columnsOf, rowsOf, type Block, type GridSize, type Position } from './range.ts'

/** A value for a position. */
export interface Placed<Value> {
  readonly at: Position
  readonly value: Value
}

export type Direction = 'down' | 'right'

/**
 * Where pasted values go: a single one into the whole block, a table as often as it fits the block, and else from the
 * block's corner on as it is. What would lie outside the grid is left out.
 */
export function placeTable<Value>(
  table: readonly (readonly Value[])[],
  block: Block,
  size: GridSize,
): Placed<Value>[] {
  const height = table.length
  const width = Math.max(0, ...table.map((row) => row.length))
  if (height === 0 || width === 0) return []
  const isTiled = rowsOf(block) % height === 0 && columnsOf(block) % width === 0
  const rows = isTiled ? rowsOf(block) : height
  const columns = isTiled ? columnsOf(block) : width
  const placed: Placed<Value>[] = []
  for (let row = 0; row < rows && block.top + row < size.rows; row++) {
    for (let column = 0; column < columns && block.left + column < size.columns; column++) {
      const value = table[row % height]?.[column % width]
      if (value === undefined) continue
      placed.push({ at: { row: block.top + row, column: block.left + column }, value })
    }
  }
  return placed
}

/**
 * What Ctrl+D and Ctrl+R copy: the block's first row down, or its first column to the right. A block of one row, or column,
 * is filled from the one before it. Pairs of where from and where to.
 */
export function fillPairs(block: Block, direction: Direction): { from: Position; to: Position }[] {
  const isDown = direction === 'down'
  const isThin = isDown ? rowsOf(block) === 1 : columnsOf(block) === 1
  const source = (isDown ? block.top : block.left) - (isThin ? 1 : 0)
  if (source < 0) return []
  const pairs: { from: Position; to: Position }[] = []
  for (let row = block.top; row <= block.bottom; row++) {
    for (let column = block.left; column <= block.right; column++) {
      const from = isDown ? { row: source, column } : { row, column: source }
      if (from.row !== row || from.column !== column) pairs.push({ from, to: { row, column } })
    }
  }
  return pairs
}

/** What dragging the handle copies: the block, again and again, into what was drawn beyond it on one side. */
export function dragPairs(block: Block, target: Block): { from: Position; to: Position }[] {
  const height = rowsOf(block)
  const width = columnsOf(block)
  const cyclic = (index: number, length: number) => ((index % length) + length) % length
  const pairs: { from: Position; to: Position }[] = []
  for (let row = target.top; row <= target.bottom; row++) {
    for (let column = target.left; column <= target.right; column++) {
      const isSource =
        row >= block.top && row <= block.bottom && column >= block.left && column <= block.right
      if (isSource) continue
      const from = {
        row: block.top + cyclic(row - block.top, height),
        column: block.left + cyclic(column - block.left, width),
      }
      pairs.push({ from, to: { row, column } })
    }
  }
  return pairs
}

/** The block that a drag of the handle to a position means: longer on the side that the pointer is farther out on. */
export function dragTarget(block: Block, { row, column }: Position): Block {
  const down = Math.max(row - block.bottom, block.top - row, 0)
  const across = Math.max(column - block.right, block.left - column, 0)
  if (down === 0 && across === 0) return block
  return down >= across
    ? { ...block, top: Math.min(block.top, row), bottom: Math.max(block.bottom, row) }
    : { ...block, left: Math.min(block.left, column), right: Math.max(block.right, column) }
}
