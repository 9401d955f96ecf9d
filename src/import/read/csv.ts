import { ValidationError } from '../../index.ts'
import { CsvRecords } from './csv-records.ts'
import type { Records, SourceRecord } from './record.ts'

const delimiters = [',', ';', '\t', '|'] as const

/** Text with separators. What separates is told by the first line, unless named. */
export async function readCsv(
  text: AsyncGenerator<string, void, undefined>,
  {
    delimiter,
    header,
  }: { readonly delimiter?: string | undefined; readonly header?: readonly string[] | undefined },
): Promise<Records> {
  if (delimiter !== undefined && (delimiter.length !== 1 || /["\r\n]/.test(delimiter))) {
    throw new ValidationError('delimiter', delimiter, 'one character, and neither a quote nor a line end')
  }
  const start = await readHead(text)
  const reader = new CsvRecords(delimiter ?? guessDelimiter(start.text))
  let ready: readonly (SourceRecord & { readonly values: readonly string[] })[] = []
  let isEnd = start.isEnd
  ready = isEnd ? [...reader.push(start.text), ...reader.end()] : reader.push(start.text)
  while (header === undefined && ready.length === 0 && !isEnd) {
    const more = await text.next()
    isEnd = more.done === true
    ready = more.done === true ? reader.end() : reader.push(more.value)
  }
  const names = header ?? headerOf(ready[0])
  if (header === undefined) ready = ready.slice(1)

  async function* chunks() {
    yield ready
    ready = []
    if (isEnd) return
    for await (const piece of text) yield reader.push(piece)
    yield reader.end()
  }
  return { header: names, chunks: chunks() }
}

/** Enough text to know the separator by. */
async function readHead(text: AsyncGenerator<string, void, undefined>) {
  let head = ''
  while (!/[\r\n]/.test(head) && head.length < 65_536) {
    const more = await text.next()
    if (more.done === true) return { text: head, isEnd: true }
    head += more.value
  }
  return { text: head, isEnd: false }
}

function headerOf(first: SourceRecord | undefined): readonly string[] {
  if (first === undefined) throw new ValidationError('source', 'nothing', 'a table with a header')
  const { problem, values } = first
  if (problem !== undefined) {
    throw new ValidationError(
      'source',
      `a header of which the following is true: ${problem.reason}`,
      'a header',
    )
  }
  return (values as readonly string[]).map((name) => name.trim())
}

/** The one that the first line has most of, outside of quotes. */
function guessDelimiter(head: string): string {
  const [line = ''] = head.replace(/"[^"]*"/g, '').split(/[\r\n]/)
  const counts = delimiters.map((delimiter) => line.split(delimiter).length - 1)
  return delimiters[counts.indexOf(Math.max(...counts))] ?? ','
}
