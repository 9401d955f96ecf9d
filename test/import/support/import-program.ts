// A program of its own that runs one import and may be killed at any moment. It says a line after every batch, and at
// the end the report.
import { createClient } from '@supabase/supabase-js'
import { createCells } from '@efir/cells'
import { importCells, type ImportOptions } from '@efir/cells/import'

export interface ImportTask {
  readonly url: string
  readonly key: string
  readonly token: string
  readonly budgetVersionId: string
  readonly source: string
  readonly options: ImportOptions
}

const task = JSON.parse(process.argv[2] ?? '') as ImportTask
const supabase = createClient(task.url, task.key, { accessToken: () => Promise.resolve(task.token) })
const report = await importCells(createCells(supabase).budget(task.budgetVersionId), task.source, {
  ...task.options,
  onProgress: ({ batches }) => console.log(JSON.stringify({ batches })),
})
console.log(JSON.stringify({ report, memory: process.resourceUsage().maxRSS }))
