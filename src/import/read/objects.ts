import type { Records, SourceRecord } from './record.ts'

const chunkSize = 1_000

/** Objects of any iterable, as they come. */
export function readObjects(source: AsyncIterable<unknown> | Iterable<unknown>): Records {
  return { header: undefined, chunks: chunks(source) }
}

async function* chunks(source: AsyncIterable<unknown> | Iterable<unknown>) {
  let records: SourceRecord[] = []
  let line = 0
  for await (const given of source) {
    line++
    records.push(
      typeof given === 'object' && given !== null && !Array.isArray(given)
        ? { line, values: given as Readonly<Record<string, unknown>> }
        : { line, values: { given }, problem: { reason: 'It is no object.' } },
    )
    // What comes one by one from afar is not kept waiting for a full chunk: batches are filled downstream.
    if (records.length === chunkSize) {
      yield records
      records = []
    }
  }
  yield records
}
