import { Digits } from '../map/value.ts'
import { longestRecord, type Records, type SourceRecord } from './record.ts'

/** One JSON object a line. Its numbers are taken in the digits in which they are written. */
export function readNdjson(text: AsyncIterable<string>): Records {
  return { header: undefined, chunks: chunks(text) }
}

async function* chunks(
  text: AsyncIterable<string>,
): AsyncGenerator<readonly SourceRecord[], void, undefined> {
  let rest = ''
  let line = 0
  /** The rest of a line that is too long, up to its end. */
  let isPassing = false
  for await (const piece of text) {
    const lines = (rest + piece).split('\n')
    rest = lines.pop() ?? ''
    const records: SourceRecord[] = []
    for (const some of lines) {
      line++
      if (isPassing) isPassing = false
      else records.push(...toRecord(line, some))
    }
    if (isPassing) rest = ''
    else if (rest.length > longestRecord) {
      isPassing = true
      records.push(...toRecord(line + 1, rest))
      rest = ''
    }
    yield records
  }
  if (!isPassing) yield toRecord(line + 1, rest)
}

function toRecord(line: number, text: string): readonly SourceRecord[] {
  if (text.trim() === '') return []
  if (text.length > longestRecord) {
    const reason = `The record is longer than ${longestRecord.toLocaleString('en')} characters.`
    return [{ line, values: {}, problem: { reason } }]
  }
  try {
    const parsed = JSON.parse(text, keepDigits as Parameters<typeof JSON.parse>[1]) as unknown
    if (
      typeof parsed === 'object' &&
      parsed !== null &&
      !Array.isArray(parsed) &&
      !(parsed instanceof Digits)
    ) {
      return [{ line, values: parsed as Readonly<Record<string, unknown>> }]
    }
    return [{ line, values: { line: text }, problem: { reason: 'The line is no JSON object.' } }]
  } catch (error) {
    // What JSON.parse says quotes the line, which the record has anyway.
    const at = /position (\d+)/.exec(error instanceof Error ? error.message : '')?.[1]
    const column = at === undefined ? undefined : Number(at) + 1
    const where = column === undefined ? '' : ` from character ${column} on`
    return [{ line, values: { line: text }, problem: { reason: `The line is no JSON${where}.` } }]
  }
}

function keepDigits(_name: string, value: unknown, { source }: { readonly source?: string }): unknown {
  return typeof value === 'number' && source !== undefined ? new Digits(source) : value
}
