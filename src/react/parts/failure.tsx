import type { ReactElement } from 'react'
import { isCellsError } from '../../index.ts'
import { useTexts } from '../use-people.ts'
import { Icon } from './icon.tsx'

/** What went wrong, in the user's language, spoken at once; nothing where nothing did. */
export function Failure({ error }: { readonly error: unknown }): ReactElement {
  const texts = useTexts()
  const isFailure = error !== null && error !== undefined
  return (
    <div role="alert" className="efir-cells-failure-area">
      {isFailure && (
        <p className="efir-cells-failure" data-code={isCellsError(error) ? error.code : undefined}>
          <Icon name="warning" />
          <span>{texts.problem(isCellsError(error) ? error.code : null)}</span>
        </p>
      )}
    </div>
  )
}
