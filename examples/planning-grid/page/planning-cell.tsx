import { useMemo } from 'react'
import type { CustomCellRendererProps } from 'ag-grid-react'
import { usePlanningCell } from '@efir/cells/react'
import { formatAmount } from './amount.ts'
import { useCountOf } from './comment-marks.tsx'
import { addressOf } from './grid-view.ts'
import type { Account } from './project.ts'

/** One cell: it renders when its own cell, or its number of comments, changes. */
export function PlanningCell({ data, column }: CustomCellRendererProps<Account>) {
  const period = column?.getColId() ?? ''
  const address = useMemo(() => addressOf(data?.entity ?? '', period), [data?.entity, period])
  const { cell, value, isPending, isLocked, lockReason, write } = usePlanningCell(address)
  const count = useCountOf()(cell)
  const isRefused = write !== null && (write.state === 'conflict' || write.state === 'rejected')
  const comments = count?.unresolvedThreads ?? 0
  const isUnread = (count?.unread ?? 0) > 0
  const classes = [
    'cell',
    isPending && 'is-pending',
    isLocked && 'is-locked',
    isRefused && 'is-refused',
    (value === '0' || value === null) && 'is-zero',
  ]
  return (
    <div
      className={classes.filter(Boolean).join(' ')}
      title={isLocked ? (lockReason ?? 'Locked') : undefined}
    >
      {isLocked && <LockMark />}
      <span className="cell-value">{value === null ? '' : value === '0' ? '–' : formatAmount(value)}</span>
      {comments > 0 && (
        <span className={isUnread ? 'comment-mark is-unread' : 'comment-mark'} data-count={comments} />
      )}
      <span className="spoken">
        {[
          isLocked && 'locked',
          isPending && 'being saved',
          isRefused && 'not saved',
          comments > 0 && `${comments} open ${comments === 1 ? 'thread' : 'threads'}`,
          isUnread && 'unread comments',
        ]
          .filter(Boolean)
          .map((word) => `, ${String(word)}`)}
      </span>
    </div>
  )
}

function LockMark() {
  return (
    <svg className="lock-mark" viewBox="0 0 12 12" aria-hidden="true">
      <path d="M3.5 5.5V4a2.5 2.5 0 0 1 5 0v1.5" fill="none" stroke="currentColor" strokeWidth="1.3" />
      <rect x="2.2" y="5.3" width="7.6" height="5.2" rx="1.2" fill="currentColor" />
    </svg>
  )
}
