import { useId, useRef, useState, type ReactElement } from 'react'
import { cellKey, type CellAddress, type ChangeRecord } from '../../index.ts'
import { classNames } from '../parts/class-names.ts'
import { Failure } from '../parts/failure.tsx'
import { HistoryRecord } from '../parts/history-record.tsx'
import { PanelHeader } from '../parts/panel-header.tsx'
import { resolvedAddress } from '../parts/resolved-address.ts'
import { useValueFormat } from '../parts/shown-value.ts'
import { useAct } from '../parts/use-act.ts'
import { useKeptFocus } from '../parts/use-kept-focus.ts'
import { useReturnedFocus } from '../parts/use-returned-focus.ts'
import { useCellHistory } from '../use-cell-history.ts'
import { useTexts } from '../use-people.ts'

/** For {@link CellHistoryPanel}. */
export interface CellHistoryPanelProps {
  readonly address: CellAddress
  /**
   * How many records are read at a time.
   * @default 20
   */
  readonly pageSize?: number | undefined
  /** Whether records have a button that writes their value again. @default true */
  readonly canRestore?: boolean | undefined
  /** Draws a button that closes the panel, and is called by Escape, too. */
  readonly onClose?: (() => void) | undefined
  /**
   * Takes the focus when it opens, and gives it back when it goes.
   * @default true where `onClose` is given
   */
  readonly autoFocus?: boolean | undefined
  readonly className?: string | undefined
}

/**
 * All that happened to a cell, newest first: who, when, from what to what, by what kind of work; a button for each value that
 * writes it again, as one step that can be undone.
 *
 * @example
 * ```tsx
 * import { CellHistoryPanel } from '@efir/cells/react'
 *
 * const cell = { module: 'staff', field: 'posts', period: '2026' }
 * const panel = <CellHistoryPanel address={cell} onClose={() => console.log('closed')} />
 * void panel
 * ```
 */
export function CellHistoryPanel(props: CellHistoryPanelProps): ReactElement {
  return <HistoryOfCell key={cellKey(props.address)} {...props} />
}

function HistoryOfCell(props: CellHistoryPanelProps): ReactElement {
  const { address, pageSize = 20, canRestore = true, onClose, className } = props
  const texts = useTexts()
  const values = useValueFormat()
  const history = useCellHistory(address, { pageSize })
  const { act, isBusy, error } = useAct()
  const [told, setTold] = useState('')
  const id = useId()
  const panel = useRef<HTMLElement>(null)
  const { autoFocus = onClose !== undefined } = props
  useKeptFocus(panel)
  useReturnedFocus(panel, { isWanted: autoFocus })

  const { records, hasMore, isLoading } = history
  const restore = async (record: ChangeRecord): Promise<void> => {
    setTold('')
    const isDone = await act(() => history.restore(record).result)
    if (isDone) setTold(texts.historyRestored(values.cell(record.after).text))
  }

  return (
    <section
      ref={panel}
      tabIndex={-1}
      className={classNames('efir-cells-panel efir-cells-history', className)}
      aria-labelledby={`${id}-title`}
      onKeyDown={(event) => {
        if (event.key === 'Escape' && !event.defaultPrevented) onClose?.()
      }}
    >
      <PanelHeader
        id={`${id}-title`}
        title={texts.historyTitle(texts.cellName(resolvedAddress(address)))}
        onClose={onClose}
      />
      <div className="efir-cells-panel-body" aria-busy={isLoading}>
        <Failure error={error} />
        <Failure error={history.error} onRetry={() => void history.refresh()} />
        {records.length === 0 && (
          <p className="efir-cells-empty">{isLoading ? texts.loading : texts.historyNone}</p>
        )}
        <ol className="efir-cells-list efir-cells-records">
          {records.map((record, index) => (
            <HistoryRecord
              key={record.id}
              record={record}
              isCurrent={index === 0}
              onRestore={canRestore && index > 0 ? () => !isBusy && void restore(record) : undefined}
            />
          ))}
        </ol>
        {hasMore && (
          <button
            type="button"
            className="efir-cells-button efir-cells-button--wide"
            aria-disabled={isLoading}
            onClick={() => !isLoading && void act(history.loadMore)}
          >
            {isLoading ? texts.loading : texts.loadMore}
          </button>
        )}
        {!hasMore && !isLoading && records.length > pageSize && (
          <p className="efir-cells-empty">{texts.historyEnd}</p>
        )}
        <p role="status" className="efir-cells-hidden">
          {told}
        </p>
      </div>
    </section>
  )
}
