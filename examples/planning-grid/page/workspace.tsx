import { useCallback, useEffect, useMemo, useRef, useState, useSyncExternalStore } from 'react'
import type { CellAddress } from '@efir/cells'
import { CellConflictDialog, useReady, useSheet, useSyncStatus } from '@efir/cells/react'
import { CellBar } from './cell-bar.tsx'
import { CommentMarks } from './comment-marks.tsx'
import { addressAt, GridView } from './grid-view.ts'
import { Header } from './header.tsx'
import { LockDialog } from './lock-dialog.tsx'
import { PlanningGrid, type GridHandle } from './planning-grid.tsx'
import type { Project } from './project.ts'
import type { SignedIn } from './session.ts'
import { SidePanel, type PanelName } from './side-panel.tsx'
import { StatusBar } from './status-bar.tsx'
import { Toolbar } from './toolbar.tsx'
import { useEdits } from './use-edits.ts'

/** The whole page of somebody who is signed in: it puts the parts together. */
export function Workspace({ project, user }: { readonly project: Project; readonly user: SignedIn }) {
  const { accounts, periods } = project.outline
  const view = useMemo(() => new GridView(accounts, periods), [accounts, periods])
  const edits = useEdits(view)
  const grid = useRef<GridHandle>(null)
  const [panel, setPanel] = useState<PanelName | null>(null)
  const [search, setSearch] = useState('')
  const [isLocking, setLocking] = useState(false)
  // What the panel takes of the width shall not be the selected cell.
  useEffect(() => {
    if (panel !== null) grid.current?.reveal()
  }, [panel])
  const isOpened = useSheet() !== null
  const isReady = useReady()
  const { state, error } = useSyncStatus()
  const address = useSelectedCell(view)

  const goTo = useCallback((cell: CellAddress) => {
    setSearch('')
    grid.current?.goTo(cell)
  }, [])
  const backToGrid = useCallback(() => {
    setPanel(null)
    grid.current?.focus()
  }, [])
  const toggle = (name: PanelName) => (panel === name ? backToGrid() : setPanel(name))

  if (isOpened && !isReady && state === 'closed')
    return <NothingHere reason={error?.message ?? ''} user={user} />
  return (
    <CommentMarks>
      <div className="workspace">
        <Header
          title={project.title}
          user={user}
          onGoTo={goTo}
          onComment={(cell) => {
            goTo(cell)
            setPanel('comments')
          }}
        />
        <Toolbar
          edits={edits}
          view={view}
          panel={panel}
          onPanel={toggle}
          onLock={() => setLocking(true)}
          search={search}
          onSearch={setSearch}
        />
        <CellBar view={view} />
        <main className="work-area">
          <PlanningGrid
            ref={grid}
            view={view}
            accounts={accounts}
            periods={periods}
            edits={edits}
            search={search}
            isReady={isReady}
            onPanel={toggle}
          />
          {panel !== null && (
            <SidePanel
              name={panel}
              address={address}
              people={project.people}
              onSwitch={setPanel}
              onClose={backToGrid}
            />
          )}
        </main>
        <StatusBar view={view} />
      </div>
      <CellConflictDialog />
      {isLocking && (
        <LockDialog
          view={view}
          onClose={() => {
            setLocking(false)
            grid.current?.focus()
          }}
        />
      )}
    </CommentMarks>
  )
}

/** The cell that the selection was begun at. */
function useSelectedCell(view: GridView): CellAddress | null {
  const { rows, periods, range } = useSyncExternalStore(view.subscribe, view.getSnapshot)
  const anchor = range?.anchor
  return useMemo(() => (anchor ? addressAt({ rows, periods }, anchor) : null), [rows, periods, anchor])
}

function NothingHere({ reason, user }: { readonly reason: string; readonly user: SignedIn }) {
  return (
    <main className="nothing-here">
      <h1>There is nothing here for you</h1>
      <p>{reason}</p>
      <p>You are signed in as {user.name}.</p>
    </main>
  )
}
