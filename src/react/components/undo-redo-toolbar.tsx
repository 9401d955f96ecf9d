import { useRef, type ReactElement } from 'react'
import type { RedoResult, Step, StepOutcome, UndoResult } from '../../index.ts'
import { classNames } from '../parts/class-names.ts'
import { Failure } from '../parts/failure.tsx'
import { Icon } from '../parts/icon.tsx'
import { useRovingFocus } from '../parts/roving-focus.ts'
import { Tooltip } from '../parts/tooltip.tsx'
import { useAct } from '../parts/use-act.ts'
import type { CellsTexts, StepName, StepOutcomeCounts } from '../texts/texts.ts'
import { useTexts } from '../use-people.ts'
import { useUndoRedo, type UndoRedoOptions, type UndoRedoView } from '../use-undo-redo.ts'

/** For {@link UndoRedoToolbar}. */
export interface UndoRedoToolbarProps extends UndoRedoOptions {
  readonly className?: string | undefined
}

/**
 * Undo and redo, with what they would take back or bring back as their labels; what became of it is announced, and shown
 * where some cells stayed as they are. A toolbar: one stop for Tab, arrows inside.
 *
 * @example
 * ```tsx
 * import { UndoRedoToolbar } from '@efir/cells/react'
 *
 * const toolbar = <UndoRedoToolbar keyboard />
 * void toolbar
 * ```
 */
export function UndoRedoToolbar({ className, ...options }: UndoRedoToolbarProps): ReactElement {
  const texts = useTexts()
  const { undoStep, redoStep, isBusy, undo, redo, lastResult, lastTurn, error } = useUndoRedo(options)
  const { act } = useAct()
  const bar = useRef<HTMLDivElement>(null)
  const onKeyDown = useRovingFocus(bar)
  const told = lastResult === null ? null : tell(lastResult, lastTurn, texts)
  const undoLabel = undoStep === null ? texts.undoNothing : texts.undoStep(toName(undoStep))
  const redoLabel = redoStep === null ? texts.redoNothing : texts.redoStep(toName(redoStep))

  return (
    <div className={classNames('efir-cells-undo', className)}>
      <div
        ref={bar}
        role="toolbar"
        aria-label={texts.undoTitle}
        className="efir-cells-toolbar"
        onKeyDown={onKeyDown}
      >
        <Tooltip text={undoLabel}>
          <button
            type="button"
            data-efir-cells-item=""
            className="efir-cells-icon-button"
            aria-label={undoLabel}
            aria-keyshortcuts="Control+Z Meta+Z"
            // Not `disabled`: that would take the focus away from whoever has just undone his last step.
            aria-disabled={undoStep === null || isBusy}
            onClick={() => undoStep !== null && !isBusy && void act(undo)}
          >
            <Icon name="undo" />
          </button>
        </Tooltip>
        <Tooltip text={redoLabel}>
          <button
            type="button"
            data-efir-cells-item=""
            className="efir-cells-icon-button"
            aria-label={redoLabel}
            aria-keyshortcuts="Control+Y Control+Shift+Z Meta+Shift+Z"
            aria-disabled={redoStep === null || isBusy}
            onClick={() => redoStep !== null && !isBusy && void act(redo)}
          >
            <Icon name="redo" />
          </button>
        </Tooltip>
      </div>
      <p role="status" className={told?.isWhole === false ? 'efir-cells-undo-told' : 'efir-cells-hidden'}>
        {told?.text}
      </p>
      <Failure error={error} />
    </div>
  )
}

function toName({ label, changeType, cells }: Step): StepName {
  return { label, changeType, cells }
}

/** What became of the step, in words; and whether all of it was done. */
function tell(
  result: UndoResult | RedoResult,
  turn: UndoRedoView['lastTurn'],
  texts: CellsTexts,
): { readonly text: string; readonly isWhole: boolean } {
  if (result.status === 'nothing') {
    return { text: turn === 'redo' ? texts.redoNothing : texts.undoNothing, isWhole: true }
  }
  const outcomes = countOutcomes(result.outcomes)
  const step: StepName = { label: result.label, changeType: null, cells: result.outcomes.length }
  const text = result.status === 'undone' ? texts.undone(step, outcomes) : texts.redone(step, outcomes)
  return { text, isWhole: outcomes.reverted === result.outcomes.length }
}

function countOutcomes(outcomes: readonly StepOutcome[]): StepOutcomeCounts {
  const counts = { reverted: 0, superseded: 0, missing: 0, locked: 0, forbidden: 0 }
  for (const { status } of outcomes) counts[status] += 1
  return counts
}
