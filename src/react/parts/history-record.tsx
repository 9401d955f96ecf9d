import type { ReactElement } from 'react'
import type { ChangeRecord } from '../../index.ts'
import { useFormats } from '../use-formats.ts'
import { usePeople, useTexts } from '../use-people.ts'
import { Avatar } from './avatar.tsx'
import { Icon } from './icon.tsx'
import { Moment } from './moment.tsx'
import { useValueFormat, type ShownValue } from './shown-value.ts'

interface HistoryRecordProps {
  readonly record: ChangeRecord
  readonly isCurrent: boolean
  readonly onRestore: (() => void) | undefined
}

/** One change of a cell. */
export function HistoryRecord({ record, isCurrent, onRestore }: HistoryRecordProps): ReactElement {
  const texts = useTexts()
  const formats = useFormats()
  const personOf = usePeople()
  const values = useValueFormat()
  const person = personOf(record.by)
  const isLock = record.action === 'lock' || record.action === 'unlock'
  const isGone = record.action === 'delete'
  const after: ShownValue = isGone ? { kind: 'deleted', text: texts.deletedValue } : values.cell(record.after)
  return (
    <li className="efir-cells-record">
      <Avatar {...person} />
      <div className="efir-cells-comment-body">
        <p className="efir-cells-comment-head">
          <strong className="efir-cells-ellipsis">
            <bdi>{person.name}</bdi>
          </strong>
          <Moment at={record.at} />
          {isCurrent && <span className="efir-cells-badge">{texts.historyCurrent}</span>}
        </p>
        {isLock ? (
          <p className="efir-cells-record-values">
            <Icon name="lock" />
            <span>{record.lockReason ?? texts.historyAction(record.action)}</span>
          </p>
        ) : (
          <FromTo before={values.cell(record.before)} after={after} isFirst={record.action === 'insert'} />
        )}
        <p className="efir-cells-record-foot">
          <span className="efir-cells-tag">
            {record.action === 'update'
              ? texts.historyChangeType(record.changeType)
              : texts.historyAction(record.action)}
          </span>
          {record.sessionLabel !== null && (
            <span className="efir-cells-muted efir-cells-ellipsis" title={record.sessionLabel}>
              {record.sessionLabel}
            </span>
          )}
          {onRestore && !isLock && !isGone && (
            <button
              type="button"
              className="efir-cells-link efir-cells-record-restore"
              aria-label={texts.historyRestoreValue(after.text, formats.relative(record.at))}
              onClick={onRestore}
            >
              {texts.historyRestore}
            </button>
          )}
        </p>
      </div>
    </li>
  )
}

interface FromToProps {
  readonly before: ShownValue
  readonly after: ShownValue
  /** There was nothing before. */
  readonly isFirst: boolean
}

function FromTo({ before, after, isFirst }: FromToProps): ReactElement {
  const texts = useTexts()
  return (
    <p className="efir-cells-record-values">
      {!isFirst && (
        <>
          <span aria-hidden="true" className={`efir-cells-record-before efir-cells-value--${before.kind}`}>
            <bdi>{before.text}</bdi>
          </span>
          <Icon name="arrow" />
        </>
      )}
      <span aria-hidden="true" className={`efir-cells-record-after efir-cells-value--${after.kind}`}>
        <bdi>{after.text}</bdi>
      </span>
      <span className="efir-cells-hidden">
        {isFirst ? after.text : texts.historyFromTo(before.text, after.text)}
      </span>
    </p>
  )
}
