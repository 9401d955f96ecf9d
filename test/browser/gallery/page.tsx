import { createClient } from '@supabase/supabase-js'
import { StrictMode, useEffect, useState, type ReactElement } from 'react'
import { createRoot, type Root } from 'react-dom/client'
import { createCells, type Budget, type CellAddress, type CellInput } from '@efir/cells'
import {
  CellComments,
  CellConflictDialog,
  CellHistoryPanel,
  CellLockBadge,
  CellsProvider,
  english,
  french,
  InboxButton,
  PresenceBar,
  SyncStatus,
  UndoRedoToolbar,
  useConflicts,
  usePlanningCell,
  useSheet,
} from '@efir/cells/react'
import type { GalleryCells, GalleryPerson } from './world.ts'

// What the browser's page runs; support.ts bundles it and speaks to it.

/** Who looks, and at what. */
export interface Given {
  readonly url: string
  readonly key: string
  readonly token: string
  readonly budget: string
  readonly me: string
  readonly people: readonly GalleryPerson[]
  readonly cells: GalleryCells
}

/** How the page is to look. */
export interface Look {
  readonly scene: SceneName
  readonly language?: 'en' | 'fr'
  readonly direction?: 'ltr' | 'rtl'
  readonly theme?: 'light' | 'dark'
}

/** What has been chosen, for tests to read. */
const told: string[] = []
let root: Root | undefined
let budget: Budget
let given: Given
let set: ((cell: CellAddress, value: CellInput) => void) | undefined

const scenes = {
  bars: Bars,
  comments: Comments,
  history: HistoryScene,
  conflict: Conflict,
  grid: Grid,
} satisfies Record<string, () => ReactElement>
type SceneName = keyof typeof scenes

function Bars(): ReactElement {
  const { cells } = given
  return (
    <>
      <div className="bar">
        <UndoRedoToolbar keyboard />
        <PresenceBar
          max={4}
          onSelect={({ cell }, { userId }) => told.push(`go ${userId} ${cell?.field ?? ''}`)}
        />
        <SyncStatus />
        <InboxButton onOpen={({ address }) => told.push(`open ${address.field}`)} />
      </div>
      <p className="badges">
        <CellLockBadge address={cells.locked} /> <CellLockBadge address={cells.leased} />{' '}
        <CellLockBadge address={cells.locked} size="icon" />{' '}
        <CellLockBadge address={cells.leased} size="icon" />
      </p>
      <button type="button">After the bar</button>
    </>
  )
}

function Comments(): ReactElement {
  const [isOpen, setOpen] = useState(false)
  return (
    <>
      <button type="button" onClick={() => setOpen(true)}>
        Open comments
      </button>
      <div className="panel">
        {isOpen && (
          <CellComments
            address={given.cells.discussed}
            people={given.people}
            onClose={() => setOpen(false)}
          />
        )}
      </div>
    </>
  )
}

function HistoryScene(): ReactElement {
  const [isOpen, setOpen] = useState(false)
  return (
    <>
      <button type="button" onClick={() => setOpen(true)}>
        Open history
      </button>
      <div className="panel">
        {isOpen && (
          <CellHistoryPanel address={given.cells.changed} pageSize={6} onClose={() => setOpen(false)} />
        )}
      </div>
    </>
  )
}

function Conflict(): ReactElement {
  const { conflicts } = useConflicts()
  const { value } = usePlanningCell(given.cells.disputed)
  return (
    <>
      <button type="button">Where the focus was</button>
      <output id="disputed">{value}</output>
      <output id="conflicts">{conflicts.length}</output>
      <SyncStatus />
      <CellConflictDialog onSettled={(choice) => told.push(`settled ${JSON.stringify(choice)}`)} />
    </>
  )
}

/** Beside cells, as an application would have them. */
function Grid(): ReactElement {
  const months = ['01', '02', '03', '04', '05', '06']
  return (
    <div className="planner">
      <div className="bar">
        <UndoRedoToolbar keyboard />
        <span style={{ flex: 1 }} />
        <SyncStatus />
        <PresenceBar max={3} />
        <InboxButton />
      </div>
      <div className="sheet">
        <table>
          <tbody>
            {months.map((month) => (
              <tr key={month}>
                <th scope="row">2026-{month}</th>
                <td>45,000.00</td>
                <td>12</td>
              </tr>
            ))}
          </tbody>
        </table>
        <CellComments
          address={given.cells.discussed}
          people={given.people}
          onClose={() => undefined}
          autoFocus={false}
        />
      </div>
    </div>
  )
}

function Probe(): null {
  const sheet = useSheet()
  useEffect(() => {
    set = sheet === null ? undefined : (cell, value) => void sheet.set(cell, value)
  }, [sheet])
  return null
}

const gallery = {
  told,
  open(to: Given): void {
    given = to
    const supabase = createClient(to.url, to.key, { accessToken: () => Promise.resolve(to.token) })
    budget = createCells(supabase).budget(to.budget)
  },
  show({ scene, language = 'en', direction = 'ltr', theme = 'light' }: Look): void {
    document.documentElement.lang = language
    document.documentElement.dir = direction
    document.documentElement.style.colorScheme = theme
    root?.unmount()
    root = createRoot(document.querySelector('main')!)
    const Scene = scenes[scene]
    const names = new Map(given.people.map((person) => [person.userId, person]))
    root.render(
      <StrictMode>
        <CellsProvider
          budget={budget}
          presence={{ name: 'Me' }}
          userId={given.me}
          texts={language === 'fr' ? french : english}
          people={(userId) => names.get(userId) ?? null}
        >
          <Probe />
          <Scene />
        </CellsProvider>
      </StrictMode>,
    )
  },
  set(cell: CellAddress, value: CellInput): void {
    set!(cell, value)
  },
}

/** What the test calls. */
export type Gallery = typeof gallery
Object.assign(globalThis, { gallery })
