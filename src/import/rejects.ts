import { ValidationError } from '../index.ts'
import { guard } from './guard.ts'
import type { ImportOptions } from './options.ts'
import type { ImportReject } from './report.ts'

/** Where rejects go. */
export interface RejectSink {
  /** Keeps them for good; how many bytes there are then. */
  write(rejects: readonly ImportReject[]): Promise<number>
  close(): Promise<void>
}

const columns = [
  'line',
  'column',
  'status',
  'reason',
  'module',
  'entity',
  'field',
  'period',
  'record',
] as const

/** @param bytes how much of a file an earlier run has written for good; the rest of it is taken back. */
export async function openRejects(rejects: ImportOptions['rejects'], bytes: number): Promise<RejectSink> {
  if (rejects === undefined) return { write: () => Promise.resolve(0), close: () => Promise.resolve() }
  if (typeof rejects === 'function') {
    return {
      async write(some) {
        for (const reject of some) await rejects(reject)
        return 0
      },
      close: () => Promise.resolve(),
    }
  }
  return await openRejectFile(rejects, bytes)
}

async function openRejectFile(path: string | URL, bytes: number): Promise<RejectSink> {
  const { open } = await import('node:fs/promises')
  const toText = /\.(ndjson|jsonl)$/i.test(String(path)) ? toNdjson : toCsv
  const file = await open(path, bytes === 0 ? 'w' : 'r+').catch((cause: unknown) => {
    throw new ValidationError('rejects', String(path), 'a file that can be written', { cause })
  })
  await file.truncate(bytes)
  let end = bytes
  const append = async (text: string): Promise<number> => {
    if (text === '') return end
    const { bytesWritten } = await file.write(Buffer.from(text), 0, undefined, end)
    end += bytesWritten
    await file.sync()
    return end
  }
  if (bytes === 0 && toText === toCsv) await append(`${columns.join(',')}\r\n`)
  return { write: (some) => append(some.map(toText).join('')), close: () => file.close() }
}

function toNdjson(reject: ImportReject): string {
  return `${JSON.stringify(reject)}\n`
}

/** Whoever opens it in a spreadsheet runs nothing that the source brought along. */
function toCsv({ cell, ...reject }: ImportReject): string {
  const row: Readonly<Record<string, unknown>> = { ...cell, ...reject }
  return `${columns.map((name) => quoted(toField(row[name]))).join(',')}\r\n`
}

function toField(value: unknown): string {
  return value === null || value === undefined
    ? ''
    : guard(typeof value === 'string' ? value : JSON.stringify(value))
}

function quoted(text: string): string {
  return /[",\r\n]/.test(text) ? `"${text.replaceAll('"', '""')}"` : text
}
