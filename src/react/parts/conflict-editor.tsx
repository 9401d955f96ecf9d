import { useEffect, useId, useRef, useState, type ReactElement, type SyntheticEvent } from 'react'
import { toStoredValue, type CellInput } from '../../index.ts'
import { useFormats } from '../use-formats.ts'
import { useTexts } from '../use-people.ts'
import { parseDecimal, typedDecimal } from './decimal-input.ts'
import type { ShownConflict } from './shown-conflict.ts'

interface ConflictEditorProps {
  readonly conflict: ShownConflict
  readonly onSave: (value: CellInput) => void
  readonly onCancel: () => void
}

/** A third value, in place of mine and theirs. It is a number or a text as those are. */
export function ConflictEditor({ conflict, onSave, onCancel }: ConflictEditorProps): ReactElement {
  const texts = useTexts()
  const { locale, number } = useFormats()
  const id = useId()
  const input = useRef<HTMLInputElement>(null)
  const isText = isTextConflict(conflict)
  const [typed, setTyped] = useState(() => firstTyped(conflict, locale))
  const [isWrong, setWrong] = useState(false)

  useEffect(() => {
    input.current?.focus()
    input.current?.select()
  }, [])

  const save = (event: SyntheticEvent): void => {
    event.preventDefault()
    const value = isText ? { text: typed } : typed.trim() === '' ? null : parseDecimal(typed, locale)
    if (value === null && typed.trim() !== '') {
      setWrong(true)
      input.current?.focus()
    } else onSave(value)
  }

  return (
    <form
      className="efir-cells-conflict-editor"
      onSubmit={save}
      onKeyDown={(event) => {
        if (event.key !== 'Escape') return
        // The dialog stays.
        event.preventDefault()
        onCancel()
      }}
    >
      <label htmlFor={id} className="efir-cells-label">
        {texts.conflictEditLabel}
      </label>
      <div className="efir-cells-row">
        <input
          ref={input}
          id={id}
          className={isText ? 'efir-cells-input' : 'efir-cells-input efir-cells-input--number'}
          value={typed}
          inputMode={isText ? 'text' : 'decimal'}
          maxLength={10_000}
          autoComplete="off"
          aria-invalid={isWrong}
          aria-describedby={isWrong ? `${id}-wrong` : undefined}
          onChange={(event) => {
            setTyped(event.target.value)
            setWrong(false)
          }}
        />
        <button type="submit" className="efir-cells-button efir-cells-button--primary">
          {texts.conflictEditSave}
        </button>
        <button type="button" className="efir-cells-button efir-cells-button--quiet" onClick={onCancel}>
          {texts.cancel}
        </button>
      </div>
      <p id={`${id}-wrong`} role="alert" className="efir-cells-field-error">
        {isWrong && texts.conflictNotANumber(number('1234.5'))}
      </p>
    </form>
  )
}

function isTextConflict({ mine, theirs, base }: ShownConflict): boolean {
  if (mine !== null) return typeof mine === 'object'
  return theirs.kind === 'empty' ? base.kind === 'text' : theirs.kind === 'text'
}

function firstTyped({ mine }: ShownConflict, locale: string): string {
  const { number, text } = toStoredValue(mine)
  return number === null ? (text ?? '') : typedDecimal(number, locale)
}
