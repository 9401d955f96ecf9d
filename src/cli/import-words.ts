import type { ImportDifference, ImportReject, ImportReport } from '../import/index.ts'
import { toStoredValue } from '../index.ts'
import { cellWords, countOf } from './cell-words.ts'

const marks = {
  created: '+',
  updated: '~',
  unchanged: ' ',
  deleted: '-',
  exists: '!',
  missing: '!',
  locked: '!',
} as const

/** `~ revenue / – / fees / 2026: 100 → 120` */
export function differenceWords({ status, cell, before, after }: ImportDifference): string {
  const { number, text } = toStoredValue(after)
  const then = number ?? text ?? 'nothing'
  const values = before.exists ? `${before.value ?? 'empty'} → ${then}` : then
  const note = marks[status] === '!' ? ` (${status})` : ''
  return `${marks[status]} ${cellWords(cell)}: ${values}${note}`
}

/** `line 3, Amount: invalid: It is no number.` */
export function rejectWords({ line, column, status, reason }: ImportReject): string {
  const place = [line === null ? undefined : `line ${line}`, column ?? undefined].filter(Boolean).join(', ')
  return `rejected: ${place === '' ? '' : `${place}: `}${status}: ${reason}`
}

export function countWords(report: ImportReport, rejectsFile: string | undefined, told: number): string[] {
  const { counts, records, sessionId, dryRun } = report
  const some = Object.entries<number>({ ...counts })
    .filter(([, count]) => count > 0)
    .map(([name, count]) => `${count.toLocaleString('en')} ${name}`)
  const begin = dryRun ? 'Nothing was written. ' : ''
  return [
    `${begin}${countOf(records, 'record')}: ${some.join(', ') || 'no cells'}.`,
    ...(rejectsFile === undefined ? [] : [`Rejected records are in ${rejectsFile}.`]),
    ...(rejectsFile === undefined && told > 0 ? ['--rejects <file> keeps all rejected records.'] : []),
    ...(sessionId === null || dryRun ? [] : [`One step for undo: ${sessionId}.`]),
  ]
}
