import { useId, type ReactElement } from 'react'
import { isCellsError, type CellsError, type PendingWrite } from '../../index.ts'
import { useTexts } from '../use-people.ts'
import { useValueFormat } from './shown-value.ts'

/** A write that was refused: why, and what to do about it. */
export function RefusedWrite({ write }: { readonly write: PendingWrite }): ReactElement {
  const texts = useTexts()
  const values = useValueFormat()
  const id = useId()
  const isConflict = write.state === 'conflict'
  const cell = texts.cellName(write.cell)
  const value = values.input(write.value, write.isDeletion)
  return (
    <li className="efir-cells-refused">
      <p id={`${id}-cell`} className="efir-cells-refused-what">
        <span className="efir-cells-ellipsis">{cell}</span>
        <span className={`efir-cells-ellipsis efir-cells-refused-value efir-cells-value--${value.kind}`}>
          <bdi>{value.text}</bdi>
        </span>
      </p>
      <p className="efir-cells-muted">{reasonOf(write.error, texts)}</p>
      <p className="efir-cells-row">
        <button
          type="button"
          className="efir-cells-button"
          aria-describedby={`${id}-cell`}
          onClick={() => write.retry()}
        >
          {isConflict ? texts.conflictKeepMine : texts.syncRetry}
        </button>
        <button
          type="button"
          className="efir-cells-button efir-cells-button--quiet"
          aria-describedby={`${id}-cell`}
          onClick={() => write.discard()}
        >
          {isConflict ? texts.conflictTakeTheirs : texts.syncDiscard}
        </button>
      </p>
    </li>
  )
}

function reasonOf(error: CellsError | null, texts: ReturnType<typeof useTexts>): string {
  if (error !== null && isCellsError(error, 'locked') && 'cell' in error) {
    const { lockReason } = error.cell as { readonly lockReason: string | null }
    return texts.lockedFor(lockReason)
  }
  return texts.problem(error?.code ?? null)
}
