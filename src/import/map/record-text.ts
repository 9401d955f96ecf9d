import type { SourceRecord } from '../read/record.ts'
import { Digits, type RawValue } from './value.ts'

const longest = 2_000

/** A record as one line of text, for whoever has to find out what is wrong with it. */
export function recordText({ values }: SourceRecord): string {
  const text = Array.isArray(values)
    ? values.map((value) => quoted(plain(value))).join(',')
    : JSON.stringify(Object.fromEntries(Object.entries(values).map(([name, value]) => [name, plain(value)])))
  return text.length > longest ? `${text.slice(0, longest)}…` : text
}

function plain(value: RawValue): string {
  if (value === null || value === undefined) return ''
  if (value instanceof Digits) return value.text
  if (typeof value === 'string') return value
  if (typeof value === 'object' && 'text' in value && typeof value.text === 'string') return value.text
  if (typeof value === 'number' || typeof value === 'bigint' || typeof value === 'boolean')
    return String(value)
  return '…'
}

function quoted(text: string): string {
  return /[",\r\n]/.test(text) ? `"${text.replaceAll('"', '""')}"` : text
}
