/** Where a cell is in the grid as it is displayed: both count from 0. */
export interface Position {
  readonly row: number
  readonly column: number
}

/** A block of cells: from where it was begun, to where it was drawn. */
export interface CellRange {
  readonly anchor: Position
  readonly head: Position
}

/** The same block by its edges; the last row and column are in it. */
export interface Block {
  readonly top: number
  readonly left: number
  readonly bottom: number
  readonly right: number
}

export interface GridSize {
  readonly rows: number
  readonly columns: number
}

export const single = (position: Position): CellRange => ({ anchor: position, head: position })

export function blockOf({ anchor, head }: CellRange): Block {
  return {
    top: Math.min(anchor.row, head.row),
    left: Math.min(anchor.column, head.column),
    bottom: Math.max(anchor.row, head.row),
    right: Math.max(anchor.column, head.column),
  }
}

export const rowsOf = ({ top, bottom }: Block): number => bottom - top + 1
export const columnsOf = ({ left, right }: Block): number => right - left + 1
export const isSingle = (block: Block): boolean => rowsOf(block) === 1 && columnsOf(block) === 1

export function clamp({ row, column }: Position, { rows, columns }: GridSize): Position {
  return {
    row: Math.max(0, Math.min(rows - 1, row)),
    column: Math.max(0, Math.min(columns - 1, column)),
  }
}

const steps: Readonly<Record<string, readonly [rows: number, columns: number]>> = {
  ArrowUp: [-1, 0],
  ArrowDown: [1, 0],
  ArrowLeft: [0, -1],
  ArrowRight: [0, 1],
}

/** The range after Shift and an arrow; `toEdge` is with Ctrl as well. `undefined` where the key is no arrow. */
export function extend(
  range: CellRange,
  key: string,
  toEdge: boolean,
  size: GridSize,
): CellRange | undefined {
  const step = steps[key]
  if (step === undefined) return undefined
  const far = toEdge ? Math.max(size.rows, size.columns) : 1
  const head = { row: range.head.row + step[0] * far, column: range.head.column + step[1] * far }
  return { anchor: range.anchor, head: clamp(head, size) }
}

/** Every position of a block, row by row. */
export function positionsOf({ top, left, bottom, right }: Block): Position[] {
  const positions: Position[] = []
  for (let row = top; row <= bottom; row++) {
    for (let column = left; column <= right; column++) positions.push({ row, column })
  }
  return positions
}
