import { ValidationError } from '../../index.ts'
import type { ImportState } from './import-state.ts'

/** Where an import remembers how far it is. */
export interface Checkpoint {
  /** What was saved last, or `undefined`. */
  load(): Promise<string | undefined>
  /** Keeps the text for good, in the place of what was saved before. */
  save(text: string): Promise<void>
}

/** A checkpoint in a file, replaced as a whole: a reader never sees half of it. */
export function checkpointFile(path: string | URL): Checkpoint {
  const pathname = typeof path === 'string' ? path : path.pathname
  return {
    async load() {
      const { readFile } = await import('node:fs/promises')
      try {
        return await readFile(path, 'utf8')
      } catch (error) {
        if ((error as { code?: string }).code === 'ENOENT') return undefined
        throw new ValidationError('checkpoint', pathname, 'a file that can be read and written', {
          cause: error,
        })
      }
    },
    async save(text) {
      const { open, rename } = await import('node:fs/promises')
      const paths = await import('node:path')
      const { fileURLToPath } = await import('node:url')
      const target = typeof path === 'string' ? path : fileURLToPath(path)
      const fresh = `${target}.new`
      const file = await open(fresh, 'w', 0o600)
      try {
        await file.writeFile(text)
        await file.sync()
      } finally {
        await file.close()
      }
      await rename(fresh, target)
      // The new name has to last as well; where directories cannot be opened, it does as well as it can.
      const directory = await open(paths.dirname(target), 'r').catch(() => undefined)
      await directory?.sync().catch(() => undefined)
      await directory?.close()
    },
  }
}

const shape: Readonly<Record<keyof ImportState, (value: unknown) => boolean>> = {
  version: (value) => value === 1,
  importId: isText,
  sessionId: isText,
  label: isText,
  options: isText,
  size: (value) => value === null || isCount(value),
  settled: isCount,
  digest: isText,
  records: isCount,
  counts: isObject,
  sessionIds: (value) => Array.isArray(value),
  revision: (value) => value === null || isCount(value),
  rejectBytes: isCount,
  parts: isObject,
  phase: (value) => value === 'writing' || value === 'deleting' || value === 'done',
}

/**
 * The state that a checkpoint holds, held against what is to be imported now.
 *
 * @throws {ValidationError} where it is no checkpoint, or that of another import.
 */
export function readState(
  text: string,
  now: { readonly options: string; readonly size: number | null },
): ImportState {
  const state = parse(text)
  if (state.options !== now.options) {
    throw new ValidationError(
      'checkpoint',
      'of an import with other options',
      'the same options, or another checkpoint',
    )
  }
  if (state.size !== now.size) {
    throw new ValidationError('checkpoint', `of a source of ${state.size ?? 'unknown'} bytes`, allowedSource)
  }
  return state
}

/** What the message says where a source turns out to be another. */
export const allowedSource = 'the source that the import began with, or another checkpoint'

function parse(text: string): ImportState {
  let json: unknown
  try {
    json = JSON.parse(text)
  } catch {
    json = undefined
  }
  if (!isObject(json) || !Object.entries(shape).every(([name, fits]) => fits(json[name]))) {
    throw new ValidationError(
      'checkpoint',
      'something else',
      'what an import saved, or a name that is not taken',
    )
  }
  return json as unknown as ImportState
}

function isText(value: unknown): boolean {
  return typeof value === 'string'
}

function isCount(value: unknown): boolean {
  return Number.isSafeInteger(value) && (value as number) >= 0
}

function isObject(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}
