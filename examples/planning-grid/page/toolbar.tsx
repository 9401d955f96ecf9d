import { ArrowDownToLine, ArrowRightToLine, History, Lock, MessageSquare, Search } from 'lucide-react'
import { useSyncExternalStore } from 'react'
import { UndoRedoToolbar } from '@efir/cells/react'
import type { GridView } from './grid-view.ts'
import type { PanelName } from './side-panel.tsx'
import type { Edits } from './use-edits.ts'

interface ToolbarProps {
  readonly edits: Edits | null
  readonly view: GridView
  readonly panel: PanelName | null
  readonly onPanel: (name: PanelName) => void
  readonly onLock: () => void
  readonly search: string
  readonly onSearch: (text: string) => void
}

export function Toolbar({ edits, view, panel, onPanel, onLock, search, onSearch }: ToolbarProps) {
  const { range } = useSyncExternalStore(view.subscribe, view.getSnapshot)
  const isIdle = edits === null || range === null
  return (
    <div className="toolbar">
      <UndoRedoToolbar keyboard />
      <span className="toolbar-rule" />
      <button
        type="button"
        className="button"
        disabled={isIdle}
        title="Fill down (Ctrl+D)"
        onClick={() => edits?.fill('down')}
      >
        <ArrowDownToLine aria-hidden="true" size={15} /> Fill down
      </button>
      <button
        type="button"
        className="button"
        disabled={isIdle}
        title="Fill right (Ctrl+R)"
        onClick={() => edits?.fill('right')}
      >
        <ArrowRightToLine aria-hidden="true" size={15} /> Fill right
      </button>
      <span className="toolbar-rule" />
      <button type="button" className="button" disabled={isIdle} onClick={onLock}>
        <Lock aria-hidden="true" size={15} /> Lock…
      </button>
      <button
        type="button"
        className="button"
        aria-pressed={panel === 'comments'}
        disabled={range === null}
        title="Comments (Ctrl+Alt+M)"
        onClick={() => onPanel('comments')}
      >
        <MessageSquare aria-hidden="true" size={15} /> Comments
      </button>
      <button
        type="button"
        className="button"
        aria-pressed={panel === 'history'}
        disabled={range === null}
        title="History (Ctrl+Alt+H)"
        onClick={() => onPanel('history')}
      >
        <History aria-hidden="true" size={15} /> History
      </button>
      <label className="search">
        <Search aria-hidden="true" size={15} />
        <span className="spoken">Search accounts</span>
        <input
          type="search"
          placeholder="Search accounts"
          value={search}
          onChange={(event) => onSearch(event.target.value)}
        />
      </label>
    </div>
  )
}
