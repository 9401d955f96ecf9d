import { X } from 'lucide-react'
import type { CellAddress } from '@efir/cells'
import { CellComments, CellHistoryPanel } from '@efir/cells/react'

export type PanelName = 'comments' | 'history'

interface SidePanelProps {
  readonly name: PanelName
  readonly address: CellAddress | null
  readonly people: readonly { readonly id: string; readonly name: string }[]
  readonly onSwitch: (name: PanelName) => void
  readonly onClose: () => void
}

export function SidePanel({ name, address, people, onClose }: SidePanelProps) {
  return (
    <aside
      className="side-panel"
      aria-label={name === 'comments' ? 'Comments' : 'History'}
      onKeyDown={(event) => {
        if (event.key === 'Escape' && !event.defaultPrevented) onClose()
      }}
    >
      {address === null ? (
        <p className="side-panel-empty">
          Select a cell first.
          <button type="button" className="icon-button" aria-label="Close" onClick={onClose}>
            <X aria-hidden="true" size={16} />
          </button>
        </p>
      ) : name === 'comments' ? (
        <CellComments
          address={address}
          people={people.map((person) => ({ userId: person.id, name: person.name }))}
          onClose={onClose}
        />
      ) : (
        <CellHistoryPanel address={address} onClose={onClose} />
      )}
    </aside>
  )
}
