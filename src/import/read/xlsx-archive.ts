import type { Entry, ZipFile } from 'yauzl'
import { ValidationError } from '../../index.ts'
import { SourceError } from '../errors.ts'
import type { OpenableSource } from './source.ts'

/** The parts of a workbook. */
export interface Archive {
  has(path: string): boolean
  /** @throws {SourceError} where there is no such part, or it is more than it should be. */
  text(path: string): AsyncGenerator<string, void, undefined>
  close(): void
}

/** Bytes of an archive that comes as a stream: it has to be held as a whole, for its directory is at the end. */
const mostArchive = 64 * 1024 * 1024
/** Bytes of one part when it is unpacked. A million rows are a tenth of it. */
const mostPart = 2 * 1024 * 1024 * 1024
/** How many times larger a part may become. Sheets of nothing but zeros reach a tenth of it. */
const mostRatio = 500
const mostParts = 10_000

/** @throws {SourceError} where it is no workbook. */
export async function openArchive(
  source: OpenableSource,
  signal: AbortSignal | undefined,
  onBytes: (bytes: number) => void,
): Promise<Archive> {
  const yauzl = await import('yauzl').catch(missing('yauzl'))
  const zip = await opened(
    source.path === undefined
      ? yauzl.fromBufferPromise(await gathered(source.open(signal), onBytes), {})
      : yauzl.openPromise(await pathOf(source.path), { autoClose: false }),
  )
  try {
    const entries = new Map<string, Entry>()
    for await (const entry of zip.eachEntry()) {
      entries.set(entry.fileName, entry)
      if (entries.size > mostParts) throw new SourceError(`The workbook has more than ${mostParts} parts.`)
    }
    return archiveOf(zip, entries, signal)
  } catch (error) {
    zip.close()
    throw error instanceof SourceError ? error : damaged(error)
  }
}

/** For what is imported only where it is needed. */
export function missing(name: string): (cause: unknown) => never {
  return (cause) => {
    throw new ValidationError(
      'format',
      'xlsx',
      `other formats, unless ${name} is installed: npm install ${name}`,
      { cause },
    )
  }
}

function archiveOf(
  zip: ZipFile,
  entries: ReadonlyMap<string, Entry>,
  signal: AbortSignal | undefined,
): Archive {
  return {
    has: (path) => entries.has(path),
    async *text(path) {
      const entry = entries.get(path)
      if (entry === undefined) throw new SourceError(`The workbook has no part ${path}.`)
      check(entry)
      const decoder = new TextDecoder('utf-8', { fatal: true })
      try {
        const stream = await zip.openReadStreamPromise(entry)
        for await (const piece of stream) {
          signal?.throwIfAborted()
          yield decoder.decode(piece as Uint8Array, { stream: true })
        }
        yield decoder.decode()
      } catch (error) {
        throw signal?.aborted === true ? error : damaged(error)
      }
    },
    close: () => zip.close(),
  }
}

/** What a part says it becomes is what it becomes: yauzl ends the reading otherwise. */
function check(entry: Entry): void {
  const { uncompressedSize, compressedSize, fileName } = entry
  if (entry.isEncrypted()) throw new SourceError('The workbook is encrypted.')
  if (uncompressedSize > mostPart || uncompressedSize > Math.max(compressedSize * mostRatio, 1024 * 1024)) {
    throw new SourceError(
      `The part ${fileName} of the workbook unpacks to ${uncompressedSize.toLocaleString('en')} bytes: more than it should.`,
    )
  }
}

async function opened(zip: Promise<ZipFile>): Promise<ZipFile> {
  try {
    return await zip
  } catch (error) {
    throw damaged(error)
  }
}

function damaged(cause: unknown): SourceError {
  const said = cause instanceof Error ? cause.message : String(cause)
  return cause instanceof SourceError
    ? cause
    : new SourceError(`The workbook cannot be read: ${said}`, {}, { cause })
}

async function pathOf(path: string | URL): Promise<string> {
  if (typeof path === 'string') return path
  const { fileURLToPath } = await import('node:url')
  return fileURLToPath(path)
}

async function gathered(pieces: AsyncIterable<unknown>, onBytes: (bytes: number) => void): Promise<Buffer> {
  const parts: Uint8Array[] = []
  let size = 0
  for await (const piece of pieces) {
    if (!(piece instanceof Uint8Array)) throw new ValidationError('source', piece, 'bytes')
    parts.push(piece)
    size += piece.length
    if (size > mostArchive) {
      throw new SourceError(
        'A workbook of more than 64 MB cannot be read from a stream.',
        {},
        {
          hint: 'Save it to a file, and pass its name.',
        },
      )
    }
    onBytes(size)
  }
  return Buffer.concat(parts)
}
