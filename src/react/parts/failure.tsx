import type { ReactElement } from 'react'
import { isCellsError } from '../../index.ts'
import { useTexts } from '../use-people.ts'
import { Icon } from './icon.tsx'

interface FailureProps {
  readonly error: unknown
  /** Draws a button that tries again. */
  readonly onRetry?: (() => void) | undefined
}

/** What went wrong, in the user's language, spoken at once; nothing where nothing did. */
export function Failure({ error, onRetry }: FailureProps): ReactElement {
  const texts = useTexts()
  const isFailure = error !== null && error !== undefined
  return (
    <div role="alert" className="efir-cells-failure-area">
      {isFailure && (
        <div className="efir-cells-failure" data-code={isCellsError(error) ? error.code : undefined}>
          <Icon name="warning" />
          <span>{texts.problem(isCellsError(error) ? error.code : null)}</span>
          {onRetry && (
            <button type="button" className="efir-cells-link" onClick={onRetry}>
              {texts.tryAgain}
            </button>
          )}
        </div>
      )}
    </div>
  )
}
