import type { ChangeRecord, RecordedValue } from '../index.ts'
import { cellWords, timeWords } from './cell-words.ts'
import { aligned } from './listing.ts'

/** Changes, newest first, under the step that they belong to. */
export function historyWords(changes: readonly ChangeRecord[]): string[] {
  const lines: string[] = []
  let group: ChangeRecord[] = []
  const tell = (): void => {
    const [first] = group
    if (first === undefined) return
    lines.push(...headingWords(first), ...aligned(group.map(changeParts)).map((row) => `  ${row}`), '')
    group = []
  }
  for (const change of changes) {
    if (group[0] !== undefined && !isTogether(group[0], change)) tell()
    group.push(change)
  }
  tell()
  return lines
}

const isTogether = (one: ChangeRecord, other: ChangeRecord): boolean =>
  one.revision === other.revision &&
  one.sessionId === other.sessionId &&
  one.changeType === other.changeType &&
  one.by === other.by

function headingWords(change: ChangeRecord): string[] {
  const { revision, at, changeType, sessionLabel, sessionId, by } = change
  const place = revision === null ? 'before there were revisions' : `revision ${revision}`
  const label = sessionLabel === null ? '' : `: ${sessionLabel}`
  return [
    `${place}  ${timeWords(at)}  ${changeType}${label}`,
    `  user     ${by ?? 'none (a service)'}`,
    ...(sessionId === null ? [] : [`  session  ${sessionId}`]),
  ]
}

const marks = { insert: '+', restore: '+', update: '~', delete: '-', lock: '=', unlock: '=' } as const

function changeParts({ action, address, before, after, lockReason }: ChangeRecord): string[] {
  const what = {
    insert: () => shownOf(after),
    restore: () => shownOf(after),
    update: () => `${shownOf(before)} → ${shownOf(after)}`,
    delete: () => `${shownOf(before)} → nothing`,
    lock: () => `locked${lockReason === null ? '' : `: ${lockReason}`}`,
    unlock: () => 'unlocked',
  }[action]()
  return [`${marks[action]} ${cellWords(address)}`, what]
}

const shownOf = ({ value }: RecordedValue): string => value ?? 'empty'
