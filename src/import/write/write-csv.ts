import { guard } from '../guard.ts'
import type { Field, Rows } from './row.ts'

/** Text with commas (RFC 4180), in UTF-8. Texts that a spreadsheet would run as formulas are guarded. */
export async function* writeCsv({ header, chunks }: Rows): AsyncGenerator<string, void, undefined> {
  yield `${header.map((name) => quoted(guard(name))).join(',')}\r\n`
  for await (const rows of chunks) yield rows.map((row) => `${row.map(toText).join(',')}\r\n`).join('')
}

function toText(field: Field): string {
  if (field === null) return ''
  return 'number' in field ? field.number : quoted(guard(field.text))
}

function quoted(text: string): string {
  return /[",\r\n]/.test(text) || text.trim() !== text ? `"${text.replaceAll('"', '""')}"` : text
}
