import { useMemo, useSyncExternalStore } from 'react'
import type { VisibleCell } from '@efir/cells'
import { useCells } from '@efir/cells/react'
import { formatAmount, fromUnits, toUnits } from './amount.ts'
import { moduleCode, type GridView } from './grid-view.ts'
import { blockOf, isSingle, type Block } from './range/range.ts'

/** How many rows there are, and what the selected cells come to. */
export function StatusBar({ view }: { readonly view: GridView }) {
  const { rows, periods, range } = useSyncExternalStore(view.subscribe, view.getSnapshot)
  const block = range && blockOf(range)
  return (
    <footer className="status-bar">
      <span>
        {rows.length.toLocaleString('en-US')} accounts × {periods.length} periods
      </span>
      {block && !isSingle(block) && <Selection view={view} block={block} />}
    </footer>
  )
}

function Selection({
  view,
  block: { top, left, bottom, right },
}: {
  readonly view: GridView
  readonly block: Block
}) {
  const { rows, periods } = view.getSnapshot()
  const filter = useMemo(
    () => ({
      module: moduleCode,
      entity: rows.slice(top, bottom + 1).map(({ entity }) => entity),
      period: periods.slice(left, right + 1),
    }),
    [rows, periods, top, left, bottom, right],
  )
  const { count, sum, mean } = useCells(filter, summarize, isSameSummary)
  return (
    <span className="status-bar-sums">
      <span>
        Count <b>{count.toLocaleString('en-US')}</b>
      </span>
      <span>
        Average <b>{mean}</b>
      </span>
      <span>
        Sum <b>{sum}</b>
      </span>
    </span>
  )
}

interface Summary {
  readonly count: number
  readonly sum: string
  readonly mean: string
}

function summarize(cells: readonly VisibleCell[]): Summary {
  const amounts = cells.flatMap(({ kind, value }) =>
    kind === 'number' && value !== null ? [toUnits(value)] : [],
  )
  const units = amounts.reduce((sum, amount) => sum + amount, 0n)
  const mean = amounts.length === 0 ? '–' : formatAmount(fromUnits(units / BigInt(amounts.length)))
  return { count: amounts.length, sum: formatAmount(fromUnits(units)), mean }
}

const isSameSummary = (one: Summary, other: Summary) => one.count === other.count && one.sum === other.sum
