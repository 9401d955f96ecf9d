import { fork } from 'node:child_process'
import { once } from 'node:events'
import { fileURLToPath } from 'node:url'
import { build } from 'esbuild'
import type { ImportCounts } from '@efir/cells/import'

export interface ImporterTask {
  /** Of the database, or, with a token, of the API. */
  readonly url: string
  readonly token?: { readonly key: string; readonly access: string }
  /** `copy`: straight to the database, as its owner. */
  readonly lane: 'api' | 'copy'
  readonly user: string
  readonly budget: string
  readonly source: string
  /** With the heap that Node has unless it is told otherwise: what an application has that calls `importCells`. */
  readonly isRoomy?: boolean
}

export interface ImporterReply {
  readonly counts: ImportCounts
  readonly milliseconds: number
  /** Resident at most. */
  readonly megabytes: number
  readonly cpuMilliseconds: number
}

/**
 * The program as a package would bring it: what takes the types out of a source file at run time holds some 40 MB, which are no
 * import's.
 */
export async function bundleImporter(): Promise<string> {
  const source = (path: string) => fileURLToPath(new URL(path, import.meta.url))
  const outfile = source('../../node_modules/.cache/import-bench/importer.mjs')
  await build({
    entryPoints: [source('importer.ts')],
    outfile,
    bundle: true,
    platform: 'node',
    format: 'esm',
    packages: 'external',
    alias: {
      '@efir/cells': source('../../src/index.ts'),
      '@efir/cells/import': source('../../src/import/index.ts'),
    },
    logLevel: 'error',
  })
  return outfile
}

/** Runs an import in a process of its own. */
export async function runImporter(program: string, task: ImporterTask): Promise<ImporterReply> {
  const child = fork(program, [JSON.stringify(task)], { execArgv: [] })
  const ended = once(child, 'exit')
  const reply = await Promise.race([
    once(child, 'message').then(([message]) => message as ImporterReply),
    ended.then(([code]) => Promise.reject(new Error(`The import failed: exit code ${code}.`))),
  ])
  child.disconnect()
  await ended
  return reply
}
