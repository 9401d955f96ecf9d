import { fork } from 'node:child_process'
import { once } from 'node:events'
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
}

export interface ImporterReply {
  readonly counts: ImportCounts
  readonly milliseconds: number
  /** Resident at most. */
  readonly megabytes: number
  readonly cpuMilliseconds: number
}

/** Runs an import in a process of its own. */
export async function runImporter(task: ImporterTask): Promise<ImporterReply> {
  const child = fork(new URL('./importer.ts', import.meta.url), [JSON.stringify(task)], {
    execArgv: process.execArgv,
  })
  const ended = once(child, 'exit')
  const reply = await Promise.race([
    once(child, 'message').then(([message]) => message as ImporterReply),
    ended.then(([code]) => Promise.reject(new Error(`The import failed: exit code ${code}.`))),
  ])
  child.disconnect()
  await ended
  return reply
}
