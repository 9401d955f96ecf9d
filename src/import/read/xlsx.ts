import { ValidationError } from '../../index.ts'
import { SourceError } from '../errors.ts'
import { Digits, type RawValue } from '../map/value.ts'
import type { OpenRecords, ReadOptions, Records, SourceRecord } from './record.ts'
import type { OpenableSource } from './source.ts'
import { openArchive } from './xlsx-archive.ts'
import { readSheet, type SheetCell } from './xlsx-sheet.ts'
import { readSharedTexts, readStyles, readWorkbook } from './xlsx-parts.ts'

/**
 * A sheet of a workbook, row by row: its first row is the header. A formula counts as the value that it had when the file
 * was saved; one without such a value is rejected.
 */
export async function readXlsx(
  source: OpenableSource,
  { sheet, header }: ReadOptions,
  signal: AbortSignal | undefined,
  onBytes: (bytes: number) => void,
): Promise<OpenRecords> {
  const archive = await openArchive(source, signal, onBytes)
  try {
    const workbook = await readWorkbook(archive)
    const chosen =
      sheet === undefined ? workbook.sheets[0] : workbook.sheets.find(({ name }) => name === sheet)
    if (chosen === undefined) {
      throw new ValidationError(
        'sheet',
        sheet,
        `one of ${workbook.sheets.map(({ name }) => name).join(', ')}`,
      )
    }
    const texts = await readSharedTexts(archive)
    const styles = await readStyles(archive)
    const rows = readSheet(archive.text(chosen.path), { texts, styles, dates1904: workbook.dates1904 })
    return { ...(await tableOf(rows, header)), close: () => archive.close() }
  } catch (error) {
    archive.close()
    throw error
  }
}

interface Row {
  readonly line: number
  readonly cells: readonly (SheetCell | undefined)[]
}

async function tableOf(
  rows: AsyncGenerator<readonly Row[], void, undefined>,
  given: readonly string[] | undefined,
): Promise<Records> {
  const more = await rows.next()
  const [top, ...below] = more.done === true ? [] : more.value
  if (top === undefined) throw new ValidationError('source', 'an empty sheet', 'a sheet with a header')
  const header = given ?? headerOf(top)
  const width = header.length
  const first = given === undefined ? below : [top, ...below]

  async function* chunks() {
    yield first.map((row) => toRecord(row, width))
    for await (const some of rows) yield some.map((row) => toRecord(row, width))
  }
  return { header, chunks: chunks() }
}

function headerOf({ line, cells }: Row): readonly string[] {
  return Array.from(cells, (cell, index) => {
    if (cell === undefined) return ''
    if (cell.problem !== undefined) throw new SourceError(cell.problem, { line, column: index + 1 })
    return (cell.value instanceof Digits ? cell.value.text : cell.value).trim()
  })
}

function toRecord({ line, cells }: Row, width: number): SourceRecord {
  const values: RawValue[] = []
  for (let index = 0; index < Math.max(width, cells.length); index++) {
    const cell = cells[index]
    if (cell?.problem !== undefined)
      return { line, values, problem: { reason: cell.problem, column: index + 1 } }
    // Cells behind the last column of the header are nobody's, as long as they are empty.
    if (index < width || (cell !== undefined && cell.value !== '')) values[index] = cell?.value ?? ''
  }
  return { line, values }
}
