import { useCells } from '@efir/cells/react'
import type { VisibleCell } from '@efir/cells'
import { useMemo } from 'react'
import type { CustomCellRendererProps } from 'ag-grid-react'
import { formatAmount, fromUnits, toUnits } from './amount.ts'
import { moduleCode } from './grid-view.ts'

/** The exact sum of a period, as it changes. */
export function TotalCell({ column }: CustomCellRendererProps) {
  const period = column?.getColId() ?? ''
  const filter = useMemo(() => ({ module: moduleCode, period }), [period])
  const total = useCells(filter, sumOf)
  return <div className="cell is-total">{formatAmount(total)}</div>
}

function sumOf(cells: readonly VisibleCell[]): string {
  let units = 0n
  for (const { kind, value } of cells) if (kind === 'number' && value !== null) units += toUnits(value)
  return fromUnits(units)
}
