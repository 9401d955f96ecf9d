import { useId, useLayoutEffect, useRef, useState, type ReactElement, type SyntheticEvent } from 'react'
import type { Choice } from '../../index.ts'
import { classNames } from '../parts/class-names.ts'
import { ConflictChoice } from '../parts/conflict-choice.tsx'
import { ConflictEditor } from '../parts/conflict-editor.tsx'
import { Icon } from '../parts/icon.tsx'
import type { ShownConflict } from '../parts/shown-conflict.ts'
import { useValueFormat } from '../parts/shown-value.ts'
import { useConflicts } from '../use-conflicts.ts'
import { useFormats } from '../use-formats.ts'
import { usePeople } from '../use-people.ts'
import { useTexts } from '../use-people.ts'

/** For {@link CellConflictDialog}. */
export interface CellConflictDialogProps {
  /**
   * The conflict to show; `null` shows none. Then `onResolve` says what to do with the answer.
   * @default the oldest conflict of the sheet
   */
  readonly conflict?: ShownConflict | null | undefined
  /** Carries the user's choice out; only with `conflict`. */
  readonly onResolve?: ((choice: Choice<'mine' | 'theirs'>) => void) | undefined
  /** Told when the user has chosen, and when he puts the choice off (`later`). */
  readonly onSettled?: ((choice: Choice<'mine' | 'theirs' | 'later'>) => void) | undefined
  readonly className?: string | undefined
}

/**
 * Asks what to do where somebody else was faster: what both started from, the user's value and theirs, by whom and when;
 * keep mine, take theirs, or another value. A modal `<dialog>`: the focus stays in it, Escape puts the choice off, and the
 * focus goes back to where it was. It takes no key for an answer that was typed before it was there.
 *
 * Without props it shows the conflicts of the provider's sheet, the oldest first. What was put off stays listed by
 * {@link SyncStatus}.
 *
 * @example
 * ```tsx
 * import { CellConflictDialog } from '@efir/cells/react'
 *
 * const dialogs = <CellConflictDialog onSettled={(choice) => console.log(choice)} />
 * void dialogs
 * ```
 */
export function CellConflictDialog(props: CellConflictDialogProps): ReactElement | null {
  return props.conflict === undefined ? <OldestConflict {...props} /> : <GivenConflict {...props} />
}

function OldestConflict({ onSettled, className }: CellConflictDialogProps): ReactElement | null {
  const { conflicts, resolve } = useConflicts()
  const [putOff, setPutOff] = useState<ReadonlySet<number>>(new Set())
  const open = conflicts.filter(({ write }) => !putOff.has(write.id))
  const [conflict] = open
  if (conflict === undefined) return null
  return (
    <ConflictDialog
      key={conflict.write.id}
      conflict={conflict}
      waiting={open.length - 1}
      className={className}
      onChoose={(choice) => {
        if (choice === 'later') setPutOff(new Set(conflicts.map(({ write }) => write.id)))
        else resolve(conflict, choice)
        onSettled?.(choice)
      }}
    />
  )
}

function GivenConflict({
  conflict,
  onResolve,
  onSettled,
  className,
}: CellConflictDialogProps): ReactElement | null {
  if (conflict === null || conflict === undefined) return null
  return (
    <ConflictDialog
      conflict={conflict}
      waiting={0}
      className={className}
      onChoose={(choice) => {
        if (choice !== 'later') onResolve?.(choice)
        onSettled?.(choice)
      }}
    />
  )
}

interface ConflictDialogProps {
  readonly conflict: ShownConflict
  readonly waiting: number
  readonly className: string | undefined
  readonly onChoose: (choice: Choice<'mine' | 'theirs' | 'later'>) => void
}

function ConflictDialog({ conflict, waiting, className, onChoose }: ConflictDialogProps): ReactElement {
  const texts = useTexts()
  const formats = useFormats()
  const personOf = usePeople()
  const values = useValueFormat()
  const id = useId()
  const dialog = useRef<HTMLDialogElement>(null)
  const heading = useRef<HTMLHeadingElement>(null)
  const [isEditing, setEditing] = useState(false)
  const { base, theirs } = conflict
  const them = personOf(theirs.exists ? theirs.modifiedBy : null)
  const theirName = theirs.exists ? them.name : texts.unknownPerson
  const later = (event: SyntheticEvent): void => {
    event.preventDefault()
    onChoose('later')
  }

  // Before it is taken off the page: closing gives the focus back.
  useLayoutEffect(() => {
    const box = dialog.current
    box?.showModal()
    // Not a button: what is being typed must choose nothing.
    heading.current?.focus()
    return () => box?.close()
  }, [])

  return (
    <dialog
      ref={dialog}
      className={classNames('efir-cells-dialog efir-cells-conflict', className)}
      aria-labelledby={`${id}-title`}
      aria-describedby={`${id}-explanation`}
      onCancel={later}
    >
      <header className="efir-cells-dialog-header">
        <h2 id={`${id}-title`} className="efir-cells-title" tabIndex={-1} ref={heading}>
          {texts.conflictTitle(texts.cellName(conflict.cell))}
        </h2>
        {waiting > 0 && <span className="efir-cells-tag">{texts.conflictWaiting(waiting)}</span>}
      </header>
      <p id={`${id}-explanation`} className="efir-cells-explanation">
        {texts.conflictExplanation(theirName)}
      </p>
      <div className="efir-cells-choices">
        <ConflictChoice title={texts.conflictBase} value={values.cell(base)} note={texts.conflictBaseNote} />
        <ConflictChoice
          title={texts.conflictMine}
          value={values.input(conflict.mine, conflict.isDeletion)}
          note={texts.conflictMineNote}
          tone="mine"
          action={texts.conflictKeepMine}
          onChoose={() => onChoose('mine')}
        />
        <ConflictChoice
          title={texts.conflictTheirs(theirName)}
          value={theirs.exists ? values.cell(theirs) : { kind: 'deleted', text: texts.deletedValue }}
          note={theirs.exists ? formats.relative(theirs.modifiedAt) : undefined}
          noteTitle={theirs.exists ? formats.dateTime(theirs.modifiedAt) : undefined}
          person={theirs.exists ? them : undefined}
          tone="theirs"
          action={texts.conflictTakeTheirs}
          onChoose={() => onChoose('theirs')}
        />
      </div>
      {isEditing && (
        <ConflictEditor conflict={conflict} onSave={onChoose} onCancel={() => setEditing(false)} />
      )}
      <footer className="efir-cells-dialog-footer">
        <button type="button" className="efir-cells-button efir-cells-button--quiet" onClick={later}>
          {texts.conflictLater}
        </button>
        {!isEditing && (
          <button type="button" className="efir-cells-button" onClick={() => setEditing(true)}>
            <Icon name="pencil" />
            {texts.conflictEdit}
          </button>
        )}
      </footer>
    </dialog>
  )
}
