import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { createInterface } from 'node:readline'
import { fileURLToPath } from 'node:url'
import { onTestFinished } from 'vitest'
import type { ImportReport } from '@efir/cells/import'
import type { ImportTask } from './import-program.ts'

/** How a run ended: by itself, or by being killed. */
export interface ImportRunEnd {
  readonly report: ImportReport | undefined
  /** Kilobytes that the process had at most. */
  readonly memory: number | undefined
  /** Batches that it said were settled. */
  readonly batches: number
}

/**
 * Runs an import in a process of its own. With `kill`, it is killed with SIGKILL so many milliseconds after it has
 * settled so many batches, unless it has ended by then.
 */
export async function runImport(
  task: ImportTask,
  kill?: { readonly batches: number; readonly after: number },
): Promise<ImportRunEnd> {
  const child = spawn(
    process.execPath,
    [
      '--import',
      new URL('../../../scripts/from-source.mjs', import.meta.url).href,
      fileURLToPath(new URL('./import-program.ts', import.meta.url)),
      JSON.stringify(task),
    ],
    { stdio: ['ignore', 'pipe', 'inherit'] },
  )
  const ended = once(child, 'exit')
  const end = () => void child.kill('SIGKILL')
  onTestFinished(end)
  let settled = 0
  let batches = 0
  let last: { readonly report?: ImportReport; readonly memory?: number } = {}
  for await (const line of createInterface({ input: child.stdout })) {
    const said = JSON.parse(line) as typeof last & { readonly batches?: number }
    if (said.batches === undefined) last = said
    else batches = said.batches
    settled++
    if (settled === kill?.batches) setTimeout(end, kill.after)
  }
  await ended
  return { report: last.report, memory: last.memory, batches }
}
