import type { ReactElement, ReactNode } from 'react'
import { useTexts } from '../use-people.ts'
import { Icon } from './icon.tsx'

interface PanelHeaderProps {
  readonly id: string
  readonly title: string
  readonly onClose?: (() => void) | undefined
  readonly children?: ReactNode
}

/** The title of a panel, and what closes it. */
export function PanelHeader({ id, title, onClose, children }: PanelHeaderProps): ReactElement {
  const texts = useTexts()
  return (
    <header className="efir-cells-panel-header">
      <h2 id={id} className="efir-cells-title">
        {title}
      </h2>
      {children}
      {onClose && (
        <button
          type="button"
          className="efir-cells-icon-button"
          aria-label={texts.close}
          title={texts.close}
          onClick={onClose}
        >
          <Icon name="close" />
        </button>
      )}
    </header>
  )
}
