import type { CellColumns } from './columns-of.ts'

/** The columns of the staging table, in the order in which {@link copyLines} writes them. */
export const stagingColumns = ['module', 'entity', 'field', 'period', 'number', 'text'] as const

/** Lines that go out together. */
const some = 1_000

/** Cells in the text format of COPY. */
export function* copyLines(columns: CellColumns): Generator<string, void, undefined> {
  const { module, entity, field, period, number, text } = columns
  let lines = ''
  for (let index = 0; index < module.length; index++) {
    lines += `${code(module[index])}\t${entity?.[index] ?? '\\N'}\t${code(field[index])}\t${code(period?.[index])}\t${number?.[index] ?? '\\N'}\t${code(text?.[index])}\n`
    if (index % some !== some - 1) continue
    yield lines
    lines = ''
  }
  yield lines
}

const special = /[\\\t\n\r]/
const escapes: Readonly<Record<string, string>> = { '\\': '\\\\', '\t': '\\t', '\n': '\\n', '\r': '\\r' }

function code(text: string | null | undefined): string {
  if (text === null || text === undefined) return '\\N'
  return special.test(text)
    ? text.replaceAll(/[\\\t\n\r]/g, (character) => escapes[character] ?? character)
    : text
}
