import {
  forwardRef,
  useCallback,
  useEffect,
  useImperativeHandle,
  useMemo,
  useRef,
  useState,
  type FocusEvent,
} from 'react'
import { createPortal } from 'react-dom'
import { AgGridReact } from 'ag-grid-react'
import type {
  CellEditRequestEvent,
  ColDef,
  GridApi,
  GridReadyEvent,
  ModelUpdatedEvent,
  ValueGetterParams,
} from 'ag-grid-community'
import { cellKey, type CellAddress, type VisibleCell } from '@efir/cells'
import { usePresence, useSheet } from '@efir/cells/react'
import { AccountCell } from './account-cell.tsx'
import { addressOf, type GridView } from './grid-view.ts'
import { gridModules, gridTheme } from './grid-theme.ts'
import { useNotify } from './notices.tsx'
import { PlanningCell } from './planning-cell.tsx'
import type { Account } from './project.ts'
import { positionIn } from './range/cell-element.ts'
import { RangeOverlay } from './range/range-overlay.tsx'
import { single, type Position } from './range/range.ts'
import { useRangeKeys } from './range/use-range-keys.ts'
import { useRangePointer } from './range/use-range-pointer.ts'
import type { PanelName } from './side-panel.tsx'
import { TotalCell } from './total-cell.tsx'
import type { Edits } from './use-edits.ts'

/** What the rest of the page asks of the grid. */
export interface GridHandle {
  readonly goTo: (cell: CellAddress) => void
  /** Back to the selected cell. */
  readonly focus: () => void
  /** Brings the selected cell into sight. */
  readonly reveal: () => void
}

interface PlanningGridProps {
  readonly view: GridView
  readonly accounts: readonly Account[]
  readonly periods: readonly string[]
  readonly edits: Edits | null
  readonly search: string
  readonly isReady: boolean
  readonly onPanel: (name: PanelName) => void
}

const totalRow = [{ entity: 'total', name: 'Total receipts', category: '', agency: '' }]

/** AG Grid shows the rows; what is in a cell comes from the sheet, and edits go to it. */
export const PlanningGrid = forwardRef<GridHandle, PlanningGridProps>(function PlanningGrid(
  { view, accounts, periods, edits, search, isReady, onPanel },
  handle,
) {
  const sheet = useSheet()
  const notify = useNotify()
  const { move } = usePresence()
  const [api, setApi] = useState<GridApi<Account> | null>(null)
  const [cellsElement, setCellsElement] = useState<Element | null>(null)
  const wrapper = useRef<HTMLDivElement>(null)
  /** Cells as they were when their editor was opened: by Tab one is opened before the one before it has told its end. */
  const opened = useRef(new Map<string, VisibleCell>())

  const columns = useMemo<ColDef<Account>[]>(
    () => [
      {
        colId: 'account',
        field: 'name',
        headerName: 'Account',
        pinned: 'left',
        width: 290,
        cellRenderer: AccountCell,
        tooltip: ({ data }) => data?.name,
      },
      {
        colId: 'category',
        field: 'category',
        headerName: 'Source',
        pinned: 'left',
        width: 170,
        cellClass: 'is-muted',
        tooltip: ({ data }) => data?.category,
      },
      ...periods.map((period): ColDef<Account> => ({
        colId: period,
        headerName: period,
        headerTooltip:
          period === 'TQ' ? 'Transition quarter: July to September 1976' : `Fiscal year ${period}`,
        headerClass: 'ag-right-aligned-header',
        width: 128,
        cellClass: 'planning-cell',
        cellRendererSelector: ({ node }) => ({ component: node.rowPinned ? TotalCell : PlanningCell }),
        valueGetter: ({ data, node }: ValueGetterParams<Account>) =>
          data === undefined || node?.rowPinned || sheet === null
            ? null
            : sheet.get(addressOf(data.entity, period)).value,
        editable: ({ data, node }) =>
          data !== undefined &&
          !node.rowPinned &&
          sheet !== null &&
          !sheet.get(addressOf(data.entity, period)).base.isLocked,
        cellEditor: 'agTextCellEditor',
        getQuickFilterText: () => '',
      })),
    ],
    [periods, sheet],
  )
  const defaults = useMemo<ColDef<Account>>(
    () => ({ sortable: false, suppressMovable: true, resizable: true, suppressHeaderMenuButton: true }),
    [],
  )

  const reveal = useCallback(
    (row: number, column: number) => {
      api?.ensureIndexVisible(row)
      const period = periods[column]
      if (period !== undefined) api?.ensureColumnVisible(period)
    },
    [api, periods],
  )
  const focusAt = useCallback(
    ({ row, column }: Position) => {
      reveal(row, column)
      api?.setFocusedCell(row, periods[column] ?? '')
    },
    [api, periods, reveal],
  )
  useImperativeHandle(
    handle,
    () => ({
      goTo(cell) {
        // The search may just have been emptied, and the rows be back in a moment.
        requestAnimationFrame(() => {
          const at = view.positionOf(cell)
          if (at === null) return
          view.select(single(at))
          focusAt(at)
        })
      },
      focus() {
        const { range } = view.getSnapshot()
        if (range !== null) focusAt(range.anchor)
      },
      reveal() {
        const { range } = view.getSnapshot()
        // Once the grid has its new width.
        if (range !== null) setTimeout(() => reveal(range.anchor.row, range.anchor.column), 50)
      },
    }),
    [view, focusAt, reveal],
  )

  const keys = useRangeKeys(view, edits, reveal)
  const { beginFill, ...pointer } = useRangePointer(view, edits, reveal)

  // AG Grid tells it too, but later: the next key may have been pressed by then, and belongs to this cell.
  const onFocusCapture = useCallback(
    ({ target }: FocusEvent) => {
      const at = positionIn(view, target)
      const { range } = view.getSnapshot()
      if (at === null || (range?.anchor.row === at.row && range.anchor.column === at.column)) return
      view.select(single(at))
    },
    [view],
  )
  useTellingWhere(view, move)

  return (
    <div
      ref={wrapper}
      className="grid"
      {...keys}
      {...pointer}
      onFocusCapture={onFocusCapture}
      onKeyDown={(event) => {
        const place =
          event.altKey && (event.ctrlKey || event.metaKey)
            ? { m: 'comments', h: 'history' }[event.key.toLowerCase()]
            : undefined
        if (place === undefined) return
        event.preventDefault()
        onPanel(place as PanelName)
      }}
    >
      <AgGridReact<Account>
        theme={gridTheme}
        modules={gridModules}
        rowData={accounts as Account[]}
        columnDefs={columns}
        defaultColDef={defaults}
        pinnedBottomRowData={totalRow}
        getRowId={({ data }) => data.entity}
        quickFilterText={search}
        loading={!isReady}
        readOnlyEdit
        enterNavigatesVerticallyAfterEdit
        stopEditingWhenCellsLoseFocus
        suppressDragLeaveHidesColumns
        rowBuffer={12}
        // So that what lies over the cells is still below the pinned columns: a transform would lift each row as a whole.
        suppressRowTransform
        tooltipShowDelay={600}
        onGridReady={({ api: ready }: GridReadyEvent<Account>) => {
          setApi(ready)
          setCellsElement(wrapper.current?.querySelector('.ag-grid-scrolling-container') ?? null)
        }}
        onFirstDataRendered={({ api: filled }) => filled.ensureColumnVisible(periods.at(-1) ?? '', 'end')}
        onModelUpdated={({ api: updated }: ModelUpdatedEvent<Account>) => {
          const rows: Account[] = []
          updated.forEachNodeAfterFilterAndSort(({ data }) => data && rows.push(data))
          view.show(rows)
        }}
        onCellEditRequest={({ data, column, newValue }: CellEditRequestEvent<Account>) => {
          const seen = opened.current.get(cellKey(addressOf(data.entity, column.getColId())))
          if (seen !== undefined) edits?.edit(seen, String(newValue ?? ''))
        }}
        onCellEditingStarted={({ data, column }) => {
          if (data === undefined || sheet === null) return
          const cell = addressOf(data.entity, column.getColId())
          opened.current.set(cellKey(cell), sheet.get(cell))
          move(cell, 'editing')
        }}
        onCellEditingStopped={({ data, column }) => data && move(addressOf(data.entity, column.getColId()))}
        onCellDoubleClicked={({ data, column }) => {
          const { isLocked, lockReason } =
            (data && sheet?.get(addressOf(data.entity, column.getColId())).base) ?? {}
          if (isLocked === true)
            notify(`Locked${lockReason === null || lockReason === undefined ? '' : `: ${lockReason}`}.`)
        }}
      />
      {cellsElement !== null &&
        api !== null &&
        createPortal(<RangeOverlay view={view} api={api} onFill={beginFill} />, cellsElement)}
    </div>
  )
})

/** Tells the others on which cell this window is. */
function useTellingWhere(view: GridView, move: (cell: CellAddress | null) => void): void {
  useEffect(() => {
    let last: string | null = null
    return view.subscribe(() => {
      const { range } = view.getSnapshot()
      const cell = range && view.addressAt(range.anchor)
      const key = JSON.stringify(cell)
      if (key === last) return
      last = key
      move(cell)
    })
  }, [view, move])
}
