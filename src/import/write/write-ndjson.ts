import type { Field, Rows } from './row.ts'

/** One JSON object a line. Numbers stand as JSON numbers in all their digits, which not every reader keeps. */
export async function* writeNdjson({ header, chunks }: Rows): AsyncGenerator<string, void, undefined> {
  const names = header.map((name) => JSON.stringify(name))
  for await (const rows of chunks) {
    yield rows
      .map((row) => `{${row.map((field, index) => `${names[index] ?? ''}:${toJson(field)}`).join(',')}}\n`)
      .join('')
  }
}

function toJson(field: Field): string {
  if (field === null) return 'null'
  return 'number' in field ? field.number : JSON.stringify(field.text)
}
