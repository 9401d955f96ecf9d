import { Digits } from '../map/value.ts'
import { longestRecord } from './record.ts'
import type { Styles } from './xlsx-parts.ts'
import { readXml, type XmlEvents } from './xml.ts'

/** What one cell of a sheet holds: text, digits, or something that is no value. */
export type SheetCell =
  { readonly value: string | Digits; readonly problem?: undefined } | { readonly problem: string }

interface SheetRow {
  readonly line: number
  readonly cells: readonly (SheetCell | undefined)[]
}

interface SheetContext {
  readonly texts: readonly string[]
  readonly styles: Styles
  readonly dates1904: boolean
}

/** Excel's last column is XFD. */
const mostColumns = 16_384
/** Excel keeps this many digits; what a double has behind them is noise. */
const digitsOfExcel = 15
const dayOfUnixEpoch = { since1900: 25_569, since1904: 24_107 }

/** The rows of a sheet that have cells, as many at a time as a piece of the file has. */
export async function* readSheet(
  pieces: AsyncIterable<string>,
  context: SheetContext,
): AsyncGenerator<readonly SheetRow[], void, undefined> {
  let rows: SheetRow[] = []
  let line = 0
  let cells: (SheetCell | undefined)[] = []
  let cell = { column: 0, type: 'n', style: 0, isFormula: false, value: '' }
  let isValue = false

  const events: XmlEvents = {
    open(name, attributes) {
      if (name === 'row') {
        line = Number(attributes.r ?? line + 1)
        cells = []
      } else if (name === 'c') {
        const column = attributes.r === undefined ? cells.length : columnOf(attributes.r)
        cell = {
          column,
          type: attributes.t ?? 'n',
          style: Number(attributes.s ?? 0),
          isFormula: false,
          value: '',
        }
      } else if (name === 'f') cell.isFormula = true
      else if (name === 'v' || name === 't') isValue = true
    },
    text(text) {
      if (isValue && cell.value.length <= longestRecord) cell.value += text
    },
    close(name) {
      if (name === 'v' || name === 't') isValue = false
      else if (name === 'c' && cell.column < mostColumns) cells[cell.column] = toCell(cell, context)
      else if (name === 'row' && cells.length > 0) rows.push({ line, cells })
    },
  }
  const take = (): readonly SheetRow[] => {
    const taken = rows
    rows = []
    return taken
  }
  for await (const some of readXml(pieces, events, take)) if (some.length > 0) yield some
}

function toCell(
  { type, style, isFormula, value }: { type: string; style: number; isFormula: boolean; value: string },
  { texts, styles, dates1904 }: SheetContext,
): SheetCell {
  if (type === 's') {
    const text = texts[Number(value)]
    return text === undefined
      ? { problem: 'The cell refers to a text that the workbook does not have.' }
      : { value: unescaped(text) }
  }
  if (type === 'e') return { problem: `The cell shows an error: ${value.slice(0, 20)}.` }
  if (type === 'b') return { value: value === '1' ? 'TRUE' : 'FALSE' }
  if (type === 'inlineStr' || type === 'str' || type === 'd') return { value: unescaped(value) }
  if (value === '') {
    return isFormula
      ? { problem: 'The cell is a formula without a value: open and save the file.' }
      : { value: '' }
  }
  if (styles[style] === true) return toDate(value, dates1904)
  return { value: new Digits(asShown(value)) }
}

/** Characters that XML cannot hold stand as `_x000B_`. */
function unescaped(text: string): string {
  if (!text.includes('_x')) return text
  return text.replace(/_x([0-9A-Fa-f]{4})_/g, (_, code: string) => String.fromCharCode(parseInt(code, 16)))
}

/** Numbers in a workbook are doubles, written with 17 digits: 0.1 + 0.2 shows as 0.3. */
function asShown(value: string): string {
  const significant = value
    .replace(/[eE].*$/, '')
    .replace(/\D/g, '')
    .replace(/^0+/, '')
  return significant.length > digitsOfExcel ? Number(value).toPrecision(digitsOfExcel) : value
}

/** A day as ISO 8601 writes it: good for a period, and no number. */
function toDate(value: string, dates1904: boolean): SheetCell {
  const days = Number(value) - (dates1904 ? dayOfUnixEpoch.since1904 : dayOfUnixEpoch.since1900)
  const date = new Date(Math.round(days * 86_400) * 1_000)
  if (Number.isNaN(date.getTime())) return { problem: 'The cell shows a date that does not exist.' }
  const text = date.toISOString()
  return { value: text.endsWith('T00:00:00.000Z') ? text.slice(0, 10) : text }
}

/** Of a reference such as `AB12`, from 0. */
function columnOf(reference: string): number {
  let column = 0
  for (const letter of reference) {
    const digit = letter.charCodeAt(0) - 64
    if (digit < 1 || digit > 26) break
    column = column * 26 + digit
  }
  return column - 1
}
