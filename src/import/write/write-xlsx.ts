import { ValidationError } from '../../index.ts'
import type { Field, Rows } from './row.ts'

/** Excel has no more. */
const mostRows = 1_048_576
const mostText = 32_767
/** Excel keeps this many digits of a number; longer ones are written as text, so that none is lost. */
const digitsOfExcel = 15
const declaration = '<?xml version="1.0" encoding="UTF-8" standalone="yes"?>\n'
const main = 'http://schemas.openxmlformats.org/spreadsheetml/2006/main'
const relations = 'http://schemas.openxmlformats.org/officeDocument/2006/relationships'
const packages = 'http://schemas.openxmlformats.org/package/2006'
const types = 'application/vnd.openxmlformats-officedocument.spreadsheetml'

/** What a workbook of one sheet has besides the sheet. */
const parts: readonly (readonly [path: string, xml: string])[] = [
  [
    '[Content_Types].xml',
    `<Types xmlns="${packages}/content-types">` +
      '<Default Extension="rels" ContentType="application/vnd.openxmlformats-package.relationships+xml"/>' +
      `<Override PartName="/xl/workbook.xml" ContentType="${types}.sheet.main+xml"/>` +
      `<Override PartName="/xl/worksheets/sheet1.xml" ContentType="${types}.worksheet+xml"/></Types>`,
  ],
  [
    '_rels/.rels',
    `<Relationships xmlns="${packages}/relationships">` +
      `<Relationship Id="rId1" Type="${relations}/officeDocument" Target="xl/workbook.xml"/></Relationships>`,
  ],
  [
    'xl/_rels/workbook.xml.rels',
    `<Relationships xmlns="${packages}/relationships">` +
      `<Relationship Id="rId1" Type="${relations}/worksheet" Target="worksheets/sheet1.xml"/></Relationships>`,
  ],
  [
    'xl/workbook.xml',
    `<workbook xmlns="${main}" xmlns:r="${relations}">` +
      '<sheets><sheet name="Cells" sheetId="1" r:id="rId1"/></sheets></workbook>',
  ],
]

/**
 * A workbook of one sheet, packed while it is written.
 *
 * @throws {ValidationError} where there are more rows, or longer texts, than a sheet can hold.
 */
export async function* writeXlsx(rows: Rows): AsyncGenerator<Uint8Array, void, undefined> {
  const { Zip, ZipDeflate, strToU8 } = await import('fflate').catch((cause: unknown) => {
    throw new ValidationError(
      'format',
      'xlsx',
      'other formats, unless fflate is installed: npm install fflate',
      { cause },
    )
  })
  let packed: Uint8Array[] = []
  const take = (): readonly Uint8Array[] => {
    const taken = packed
    packed = []
    return taken
  }
  const zip = new Zip((error, piece) => {
    if (error !== null) throw error
    packed.push(piece)
  })
  // The same cells give the same bytes, whenever they are written.
  const mtime = '1980-01-01T12:00:00'
  const begin = (path: string) => {
    const part = new ZipDeflate(path, { level: 6 })
    part.mtime = mtime
    zip.add(part)
    return part
  }
  for (const [path, xml] of parts) begin(path).push(strToU8(declaration + xml), true)
  const sheet = begin('xl/worksheets/sheet1.xml')
  sheet.push(strToU8(`${declaration}<worksheet xmlns="${main}"><sheetData>${headerXml(rows.header)}`))
  let count = 1
  for await (const some of rows.chunks) {
    count += some.length
    if (count > mostRows) {
      throw new ValidationError(
        'format',
        'xlsx',
        `csv or ndjson, for a sheet has ${mostRows.toLocaleString('en')} rows`,
      )
    }
    sheet.push(strToU8(some.map(rowXml).join('')))
    yield* take()
  }
  sheet.push(strToU8('</sheetData></worksheet>'), true)
  zip.end()
  yield* take()
}

function headerXml(header: readonly string[]): string {
  return rowXml(header.map((text) => ({ text })))
}

function rowXml(row: readonly Field[]): string {
  return `<row>${row.map(cellXml).join('')}</row>`
}

function cellXml(field: Field): string {
  if (field === null) return '<c/>'
  if ('number' in field) {
    return field.number.replace(/\D/g, '').length > digitsOfExcel
      ? textXml(field.number)
      : `<c><v>${field.number}</v></c>`
  }
  return textXml(field.text)
}

/** Text in a cell of its own is text to a spreadsheet, whatever it begins with. */
function textXml(text: string): string {
  if (text.length > mostText) {
    throw new ValidationError('format', 'xlsx', `csv or ndjson, for a text has ${text.length} characters`)
  }
  return `<c t="inlineStr"><is><t xml:space="preserve">${escaped(text)}</t></is></c>`
}

/** What XML cannot hold is written as workbooks do: `_x000B_`, and so is what looks like that already. */
function escaped(text: string): string {
  return text
    .replace(/_(?=x[0-9A-Fa-f]{4}_)/g, '_x005F_')
    .replace(/[\p{Cc}\ufffe\uffff]/gu, (character) =>
      /[\t\n]/.test(character) ? character : escapedCharacter(character),
    )
    .replaceAll('&', '&amp;')
    .replaceAll('<', '&lt;')
    .replaceAll('>', '&gt;')
}

function escapedCharacter(character: string): string {
  return `_x${character.charCodeAt(0).toString(16).toUpperCase().padStart(4, '0')}_`
}
