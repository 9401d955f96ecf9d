import { InboxButton, PresenceBar, SyncStatus } from '@efir/cells/react'
import type { CellAddress } from '@efir/cells'
import type { SignedIn } from './session.ts'
import { ThemeButton } from './theme-button.tsx'

interface HeaderProps {
  readonly title: string
  readonly user: SignedIn
  readonly onGoTo: (cell: CellAddress) => void
  readonly onComment: (cell: CellAddress) => void
}

export function Header({ title, user, onGoTo, onComment }: HeaderProps) {
  return (
    <header className="header">
      <svg className="logo" viewBox="0 0 24 24" aria-hidden="true">
        <rect width="24" height="24" rx="6" />
        <path d="M6 7h12M6 12h12M6 17h12M10 5v14" />
      </svg>
      <div className="header-title">
        <h1>{title}</h1>
        <p>Fiscal years · thousands of dollars</p>
      </div>
      <SyncStatus className="header-sync" />
      <div className="header-people">
        <PresenceBar max={5} onSelect={({ cell }) => cell && onGoTo(cell)} />
        <InboxButton onOpen={({ address }) => onComment(address)} />
        <ThemeButton />
        <span className="user" title={user.email}>
          {user.name}
        </span>
      </div>
    </header>
  )
}
