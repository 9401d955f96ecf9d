import { createInterface } from 'node:readline'
import { parseCellKey, type CellAddress } from '../index.ts'
import { CommandError } from './exit-codes.ts'
import type { Io } from './output.ts'

/** How a cell is named, for --help. */
export const cellHelp = `
A cell is MODULE/FIELD, MODULE/FIELD/PERIOD or MODULE/ENTITY/FIELD/PERIOD, with
- for what it has not: revenue/fees/2026, staff/-/posts/-. What other commands
print will do as well, quoted: "revenue / – / fees / 2026". Where a name has a
slash, write JSON: '["a/b",null,"fees","2026"]'.
`

const uuid = /^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/i

/** @throws {CommandError} where it is in none of the forms. What a name may be is the library's to say. */
export function parseCell(text: string): CellAddress {
  if (text.startsWith('[')) return parseCellKey(text)
  const parts = text.split('/').map((part) => part.trim())
  const [module = '', second = '', third, fourth] = parts
  if (parts.length === 2) return { module, field: second }
  if (parts.length === 3 && third !== undefined) {
    return uuid.test(second)
      ? { module, entity: second, field: third }
      : { module, field: second, period: absent(third) }
  }
  if (parts.length === 4 && third !== undefined) {
    return { module, entity: absent(second), field: third, period: absent(fourth) }
  }
  throw new CommandError(
    'usage',
    `${text}: it is no cell. A cell is MODULE/FIELD, MODULE/FIELD/PERIOD or MODULE/ENTITY/FIELD/PERIOD.`,
  )
}

/** The same, or a cell's id. */
export function parseCellOrId(text: string): CellAddress | string {
  return uuid.test(text) ? text : parseCell(text)
}

/** Cells by name; `-` stands for those that stdin names, one a line. */
export async function readCells(names: readonly string[], io: Io): Promise<CellAddress[]> {
  const cells: CellAddress[] = []
  for (const name of names) {
    if (name !== '-') {
      cells.push(parseCell(name))
      continue
    }
    for await (const line of createInterface({ input: io.input, signal: io.signal })) {
      if (line.trim() !== '') cells.push(parseCell(line.trim()))
    }
  }
  return cells
}

const absent = (part: string | undefined): string | null =>
  part === undefined || part === '' || part === '-' || part === '–' ? null : part
