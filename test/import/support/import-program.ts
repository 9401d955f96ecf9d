// A program of its own that runs one import and may be killed at any moment. It says a line after every batch, and at
// the end the report.
import { createClient } from '@supabase/supabase-js'
import { createCells } from '@efir/cells'
import { importCells, type DatabaseTarget, type ImportOptions } from '@efir/cells/import'

/** A budget of the API, and the token of whoever imports. */
export interface ApiTarget {
  readonly url: string
  readonly key: string
  readonly token: string
  readonly budgetVersionId: string
}

export interface ImportTask {
  readonly target: ApiTarget | DatabaseTarget
  readonly source: string
  readonly options: ImportOptions
}

const task = JSON.parse(process.argv[2] ?? '') as ImportTask
const report = await importCells(open(task.target), task.source, {
  ...task.options,
  onProgress: ({ batches }) => console.log(JSON.stringify({ batches })),
})
console.log(JSON.stringify({ report, memory: process.resourceUsage().maxRSS }))

function open(target: ImportTask['target']) {
  if ('database' in target) return target
  const { url, key, token, budgetVersionId } = target
  const supabase = createClient(url, key, { accessToken: () => Promise.resolve(token) })
  return createCells(supabase).budget(budgetVersionId)
}
