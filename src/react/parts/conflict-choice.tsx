import { useId, type ReactElement } from 'react'
import { Avatar, type AvatarProps } from './avatar.tsx'
import { classNames } from './class-names.ts'
import type { ShownValue } from './shown-value.ts'

interface ConflictChoiceProps {
  readonly title: string
  readonly value: ShownValue
  readonly note?: string | undefined
  readonly noteTitle?: string | undefined
  readonly person?: AvatarProps | undefined
  readonly tone?: 'mine' | 'theirs' | undefined
  readonly action?: string | undefined
  readonly onChoose?: (() => void) | undefined
}

/** One of the values of a conflict, and the button that takes it. */
export function ConflictChoice(props: ConflictChoiceProps): ReactElement {
  const { title, value, note, noteTitle, person, tone, action, onChoose } = props
  const id = useId()
  const isLong = value.text.length > 160
  return (
    <section
      className={classNames('efir-cells-choice', tone && `efir-cells-choice--${tone}`)}
      aria-labelledby={`${id}-title`}
    >
      <h3 id={`${id}-title`} className="efir-cells-choice-title">
        {person && <Avatar {...person} />}
        <span className="efir-cells-ellipsis">{title}</span>
      </h3>
      <p
        id={`${id}-value`}
        className={classNames(
          'efir-cells-choice-value',
          `efir-cells-value--${value.kind}`,
          value.text.length > 13 && 'efir-cells-value--wide',
        )}
        tabIndex={isLong ? 0 : undefined}
      >
        <bdi>{value.text}</bdi>
      </p>
      {note !== undefined && (
        <p className="efir-cells-choice-note" title={noteTitle}>
          {note}
        </p>
      )}
      {action !== undefined && (
        <button
          type="button"
          className={classNames('efir-cells-button', tone === 'mine' && 'efir-cells-button--primary')}
          aria-describedby={`${id}-value`}
          onClick={onChoose}
        >
          {action}
        </button>
      )}
    </section>
  )
}
