import { ValidationError } from '../../index.ts'

/** The part of a writable stream of Node that is needed. */
export interface NodeWritable {
  /** Takes a piece, and says when it has gone on. */
  write(piece: Uint8Array, done: (error?: Error | null) => void): boolean
  /** Told of a failure. */
  once(event: 'error', listener: (error: Error) => void): unknown
  /** No longer told. */
  off(event: 'error', listener: (error: Error) => void): unknown
}

/**
 * Where an export goes: the name of a file (or a `file:` URL), which is there as a whole or not at all; a stream of the
 * platform or of Node, which is left open; or a function that is given piece after piece.
 */
export type ExportSink =
  string | URL | WritableStream<Uint8Array> | NodeWritable | ((piece: Uint8Array) => void | Promise<void>)

/** Takes pieces in, one after the other. */
export interface OpenSink {
  write(piece: Uint8Array): Promise<void>
  /** It is complete. */
  finish(): Promise<void>
  /** It is not, and will not be. */
  abandon(): Promise<void>
}

const nothing = (): Promise<void> => Promise.resolve()

/** @throws {ValidationError} where nothing can be written there. */
export async function openSink(sink: ExportSink): Promise<OpenSink> {
  if (typeof sink === 'string' || sink instanceof URL) return await openFile(sink)
  if (typeof sink === 'function') {
    return { write: async (piece) => await sink(piece), finish: nothing, abandon: nothing }
  }
  if ('getWriter' in sink) return openWebStream(sink)
  if (typeof (sink as Partial<NodeWritable> | null)?.write === 'function') return openNodeStream(sink)
  throw new ValidationError('sink', sink, 'a file name, a file: URL, a stream or a function')
}

function openWebStream(stream: WritableStream<Uint8Array>): OpenSink {
  const writer = stream.getWriter()
  const release = (): Promise<void> => {
    writer.releaseLock()
    return Promise.resolve()
  }
  return {
    async write(piece) {
      await writer.ready
      await writer.write(piece)
    },
    finish: release,
    abandon: release,
  }
}

function openNodeStream(stream: NodeWritable): OpenSink {
  return {
    // The callback comes when the piece has gone on: a slow reader holds up the export, and not the memory.
    write: (piece) =>
      new Promise((resolve, reject) => {
        const fail = (error: Error): void => reject(error)
        stream.once('error', fail)
        stream.write(piece, (error) => {
          stream.off('error', fail)
          if (error === null || error === undefined) resolve()
          else reject(error)
        })
      }),
    finish: nothing,
    abandon: nothing,
  }
}

async function openFile(sink: string | URL): Promise<OpenSink> {
  if (sink instanceof URL && sink.protocol !== 'file:')
    throw new ValidationError('sink', sink.protocol, 'a file: URL')
  const { open, rename, rm, stat } = await import('node:fs/promises')
  const { fileURLToPath } = await import('node:url')
  const path = typeof sink === 'string' ? sink : fileURLToPath(sink)
  const known = await stat(path).catch(() => undefined)
  // A device or a pipe is written to as it is; a file is replaced when the new one is complete.
  const isReplaced = known === undefined || known.isFile()
  const target = isReplaced ? `${path}.partial` : path
  const file = await open(target, 'w').catch((cause: unknown) => {
    throw new ValidationError('sink', path, 'a file that can be written', { cause })
  })
  return {
    async write(piece) {
      await file.writeFile(piece)
    },
    async finish() {
      if (isReplaced) await file.sync()
      await file.close()
      if (isReplaced) await rename(target, path)
    },
    async abandon() {
      await file.close()
      if (isReplaced) await rm(target, { force: true })
    },
  }
}
