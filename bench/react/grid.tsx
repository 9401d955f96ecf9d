import { memo, useState, type ComponentType, type KeyboardEvent, type ReactNode } from 'react'

/** Where a cell of the grid is. */
interface Place {
  readonly row: number
  readonly column: number
}

/** A grid as both subjects have it: what differs is only the hook that a cell asks. */
export type CellHook = (place: Place) => readonly [value: string | null, set: (value: string | null) => void]

/** What was rendered since it was looked at last. */
export const counts = { renders: 0 }

/** A grid of so many rows and columns; the cell that is clicked can be typed in. */
export function gridOf(
  useValue: CellHook,
): ComponentType<{ readonly rows: number; readonly columns: number }> {
  const Cell = memo(function Cell({ row, column }: Place): ReactNode {
    counts.renders += 1
    const [value, set] = useValue({ row, column })
    const [isEdited, setEdited] = useState(false)
    return (
      <td id={`c${row}-${column}`} onClick={() => setEdited(true)}>
        {isEdited ? (
          <input
            value={value ?? ''}
            onChange={(event) => set(event.target.value === '' ? null : event.target.value)}
            onBlur={() => setEdited(false)}
            onKeyDown={leave}
          />
        ) : (
          value
        )}
      </td>
    )
  })
  const Row = memo(function Row({
    row,
    columns,
  }: {
    readonly row: number
    readonly columns: number
  }): ReactNode {
    return (
      <tr>
        {Array.from({ length: columns }, (_, column) => (
          <Cell key={column} row={row} column={column} />
        ))}
      </tr>
    )
  })
  return function Grid({ rows, columns }) {
    return (
      <table>
        <tbody>
          {Array.from({ length: rows }, (_, row) => (
            <Row key={row} row={row} columns={columns} />
          ))}
        </tbody>
      </table>
    )
  }
}

function leave(event: KeyboardEvent<HTMLInputElement>): void {
  if (event.key === 'Enter') event.currentTarget.blur()
}
