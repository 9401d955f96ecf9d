import { ValidationError } from '../../index.ts'
import { readCsv } from './csv.ts'
import { textOf } from './decode.ts'
import { readNdjson } from './ndjson.ts'
import { readObjects } from './objects.ts'
import type { OpenRecords, ReadOptions, Records } from './record.ts'
import type { OpenableSource } from './source.ts'

/** The records of a source. @param onBytes told how many bytes have been read so far. */
export async function readRecords(
  source: OpenableSource,
  options: ReadOptions,
  signal: AbortSignal | undefined,
  onBytes: (bytes: number) => void,
): Promise<OpenRecords> {
  if (source.format === 'xlsx') {
    const { readXlsx } = await import('./xlsx.ts')
    return await readXlsx(source, options, signal, onBytes)
  }
  const pieces = source.open(signal)
  // Not waited for: a source that keeps silent may never answer.
  const close = (): void => void pieces.return().catch(() => undefined)
  try {
    return { ...(await recordsOf(source, pieces, options, onBytes)), close }
  } catch (error) {
    close()
    throw error
  }
}

async function recordsOf(
  { format }: OpenableSource,
  pieces: AsyncIterable<unknown>,
  options: ReadOptions,
  onBytes: (bytes: number) => void,
): Promise<Records> {
  if (format === 'cells') return readObjects(pieces)
  const text = textOf(counted(pieces, onBytes), options.encoding)
  return format === 'csv' ? await readCsv(text, options) : readNdjson(text)
}

async function* counted(pieces: AsyncIterable<unknown>, onBytes: (bytes: number) => void) {
  let bytes = 0
  for await (const piece of pieces) {
    if (typeof piece !== 'string' && !(piece instanceof Uint8Array)) {
      throw new ValidationError('source', piece, "bytes or text; for objects name the format 'cells'")
    }
    bytes += piece.length
    onBytes(bytes)
    yield piece
  }
}
