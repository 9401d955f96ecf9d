import { strToU8, zipSync, type Zippable } from 'fflate'

const main = 'http://schemas.openxmlformats.org/spreadsheetml/2006/main'
const relations = 'http://schemas.openxmlformats.org/officeDocument/2006/relationships'

/** A workbook as Excel might write it, made of the XML of its rows. */
export function workbook(
  sheetData: string,
  parts: {
    readonly shared?: string
    readonly styles?: string
    readonly properties?: string
    readonly more?: Zippable
  } = {},
): Uint8Array {
  const { shared, styles, properties = '', more } = parts
  return zipSync({
    'xl/_rels/workbook.xml.rels': strToU8(
      `<Relationships><Relationship Id="rId7" Type="${relations}/worksheet" Target="/xl/worksheets/sheet1.xml"/></Relationships>`,
    ),
    'xl/workbook.xml': strToU8(
      `<workbook xmlns="${main}" xmlns:r="${relations}">${properties}<sheets><sheet name="Plan" sheetId="1" r:id="rId7"/></sheets></workbook>`,
    ),
    'xl/worksheets/sheet1.xml': strToU8(
      `<worksheet xmlns="${main}"><sheetData>${sheetData}</sheetData></worksheet>`,
    ),
    ...(shared === undefined
      ? {}
      : { 'xl/sharedStrings.xml': strToU8(`<sst xmlns="${main}">${shared}</sst>`) }),
    ...(styles === undefined
      ? {}
      : { 'xl/styles.xml': strToU8(`<styleSheet xmlns="${main}">${styles}</styleSheet>`) }),
    ...more,
  })
}
