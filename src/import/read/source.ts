import { ValidationError } from '../../index.ts'

/** What can be imported: see {@link ImportSource}. */
export type SourceFormat = 'csv' | 'ndjson' | 'xlsx' | 'cells'

/** The part of a Node stream that is needed. */
interface NodeStream extends AsyncIterable<unknown> {
  pipe: unknown
}

/**
 * The name of a file (or a `file:` URL), a stream of the platform or of Node, or an iterable, sync or async: of objects
 * (format `cells`), of bytes or of text.
 */
export type ImportSource = string | URL | ReadableStream | AsyncIterable<unknown> | Iterable<unknown>

/** A source, not yet opened. */
export interface OpenableSource {
  readonly format: SourceFormat
  /** The file's name, where it is one. */
  readonly path: string | URL | undefined
  /** Bytes in the whole, where that is known. */
  readonly size: number | undefined
  /** What comes, piece by piece; the last read ends with the signal. */
  open(signal: AbortSignal | undefined): AsyncGenerator<unknown, void, undefined>
}

const formats: Readonly<Record<string, SourceFormat>> = {
  csv: 'csv',
  tsv: 'csv',
  txt: 'csv',
  ndjson: 'ndjson',
  jsonl: 'ndjson',
  xlsx: 'xlsx',
}
const formatNames: readonly SourceFormat[] = ['csv', 'ndjson', 'xlsx', 'cells']

/** @throws {ValidationError} where it is no source, or its format is neither named nor to be guessed. */
export async function openable(
  source: ImportSource,
  format: SourceFormat | undefined,
): Promise<OpenableSource> {
  if (format !== undefined && !formatNames.includes(format)) {
    throw new ValidationError('format', format, formatNames.map((name) => `'${name}'`).join(', '))
  }
  if (typeof source === 'string' || source instanceof URL) return await openableFile(source, format)
  if (isWebStream(source)) {
    return {
      format: format ?? mustName(),
      path: undefined,
      size: undefined,
      open: (signal) => readWeb(source, signal),
    }
  }
  if (!isIterable(source)) {
    throw new ValidationError('source', source, 'a file name, a file: URL, a stream or an iterable')
  }
  const guessed = format ?? ('pipe' in (source as NodeStream) ? mustName() : 'cells')
  return {
    format: guessed,
    path: undefined,
    size: undefined,
    open: (signal) => abortable(() => source, signal),
  }
}

function mustName(): never {
  throw new ValidationError(
    'format',
    undefined,
    "'csv', 'ndjson', 'xlsx' or 'cells', for a stream does not tell",
  )
}

async function openableFile(source: string | URL, format: SourceFormat | undefined): Promise<OpenableSource> {
  if (source instanceof URL && source.protocol !== 'file:') {
    throw new ValidationError(
      'source',
      source.protocol,
      'a file: URL; of others, pass what fetch() answers as a stream',
    )
  }
  const name = typeof source === 'string' ? source : source.pathname
  const guessed = format ?? formats[name.slice(name.lastIndexOf('.') + 1).toLowerCase()]
  if (guessed === undefined || guessed === 'cells') {
    throw new ValidationError(
      'format',
      format,
      "'csv', 'ndjson' or 'xlsx', for the name of the file does not tell",
    )
  }
  const { createReadStream } = await import('node:fs')
  const { stat } = await import('node:fs/promises')
  const found = await stat(source).catch((cause: unknown) => {
    throw new ValidationError('source', name, 'a file that can be read', { cause })
  })
  return {
    format: guessed,
    path: source,
    size: found.isFile() ? found.size : undefined,
    open: (signal) => abortable(() => createReadStream(source, { highWaterMark: 64 * 1024 }), signal),
  }
}

function isWebStream(source: unknown): source is ReadableStream {
  return typeof source === 'object' && source !== null && 'getReader' in source
}

function isIterable(source: unknown): source is AsyncIterable<unknown> | Iterable<unknown> {
  return (
    typeof source === 'object' &&
    source !== null &&
    (Symbol.asyncIterator in source || Symbol.iterator in source)
  )
}

async function* readWeb(stream: ReadableStream, signal: AbortSignal | undefined) {
  const reader = stream.getReader() as ReadableStreamDefaultReader<unknown>
  const iterable = {
    [Symbol.asyncIterator]: () => ({
      next: () => reader.read() as Promise<IteratorResult<unknown>>,
      async return() {
        await reader.cancel()
        return { done: true as const, value: undefined }
      },
    }),
  }
  yield* abortable(() => iterable, signal)
}

/** What the source gives, until the signal ends it; a source that keeps silent does not hold up the abort. */
async function* abortable(
  openSource: () => AsyncIterable<unknown> | Iterable<unknown>,
  signal: AbortSignal | undefined,
): AsyncGenerator<unknown, void, undefined> {
  signal?.throwIfAborted()
  const source = openSource()
  if (signal === undefined || !(Symbol.asyncIterator in source)) {
    for await (const piece of source) {
      signal?.throwIfAborted()
      yield piece
    }
    return
  }
  const iterator = source[Symbol.asyncIterator]()
  const { promise: aborted, reject } = Promise.withResolvers<never>()
  aborted.catch(() => undefined)
  const abort = () => reject(signal.reason as Error)
  signal.addEventListener('abort', abort, { once: true })
  let isOver = false
  try {
    for (;;) {
      const next = await Promise.race([iterator.next(), aborted])
      // One that always has something at hand wins every race.
      signal.throwIfAborted()
      isOver = next.done === true
      if (isOver) return
      yield next.value
    }
  } catch (error) {
    isOver = !signal.aborted
    throw error
  } finally {
    signal.removeEventListener('abort', abort)
    // Not awaited: a source that keeps silent may never answer this either.
    if (!isOver) iterator.return?.().then(undefined, () => undefined)
  }
}
