import { SourceError } from '../errors.ts'
import type { Archive } from './xlsx-archive.ts'
import { readWholeXml } from './xml.ts'

/** What a workbook says about itself. */
export interface Workbook {
  readonly sheets: readonly { readonly name: string; readonly path: string }[]
  /** Days are counted from 1904, as old Macs did. */
  readonly dates1904: boolean
}

/** Which formats of cells show dates. */
export type Styles = readonly boolean[]

/** Characters of all texts that cells share; they are held in memory. */
const mostText = 32 * 1024 * 1024
/** Formats that every workbook has without saying so. */
const isBuiltInDate = (id: number): boolean => (id >= 14 && id <= 22) || (id >= 45 && id <= 47)

export async function readWorkbook(archive: Archive): Promise<Workbook> {
  const targets = new Map<string, string>()
  await readWholeXml(archive.text('xl/_rels/workbook.xml.rels'), {
    open(name, { Id = '', Target = '' }) {
      if (name === 'Relationship') targets.set(Id, Target)
    },
  })
  const sheets: { name: string; path: string }[] = []
  let dates1904 = false
  await readWholeXml(archive.text('xl/workbook.xml'), {
    open(name, attributes) {
      if (name === 'workbookPr') dates1904 = ['1', 'true'].includes(attributes.date1904 ?? '')
      if (name !== 'sheet') return
      const target = targets.get(attributes['r:id'] ?? '') ?? ''
      sheets.push({
        name: attributes.name ?? '',
        path: target.startsWith('/') ? target.slice(1) : `xl/${target}`,
      })
    },
  })
  return { sheets, dates1904 }
}

/** The texts that cells refer to by number. */
export async function readSharedTexts(archive: Archive): Promise<readonly string[]> {
  const path = 'xl/sharedStrings.xml'
  if (!archive.has(path)) return []
  const texts: string[] = []
  let text = ''
  let size = 0
  let isText = false
  let isPhonetic = false
  await readWholeXml(archive.text(path), {
    open(name) {
      if (name === 'si') text = ''
      if (name === 't') isText = true
      if (name === 'rPh') isPhonetic = true
    },
    text(some) {
      if (!isText || isPhonetic) return
      text += some
      size += some.length
      if (size > mostText)
        throw new SourceError('The texts of the workbook are too large to be held in memory.')
    },
    close(name) {
      if (name === 'si') texts.push(text)
      if (name === 't') isText = false
      if (name === 'rPh') isPhonetic = false
    },
  })
  return texts
}

export async function readStyles(archive: Archive): Promise<Styles> {
  const path = 'xl/styles.xml'
  if (!archive.has(path)) return []
  const dates = new Set<string>()
  const styles: boolean[] = []
  let isCellFormat = false
  await readWholeXml(archive.text(path), {
    open(name, { numFmtId = '', formatCode = '' }) {
      if (name === 'cellXfs') isCellFormat = true
      if (name === 'numFmt' && isDateFormat(formatCode)) dates.add(numFmtId)
      if (name === 'xf' && isCellFormat) styles.push(dates.has(numFmtId) || isBuiltInDate(Number(numFmtId)))
    },
    close(name) {
      if (name === 'cellXfs') isCellFormat = false
    },
  })
  return styles
}

/** Whether it shows days or hours, outside of quoted text and of colours in brackets. */
function isDateFormat(code: string): boolean {
  return /[ymdhs]/i.test(code.replace(/"[^"]*"|\\.|\[[^\]]*\]/g, ''))
}
