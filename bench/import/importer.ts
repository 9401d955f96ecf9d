// A process of its own for an import, so that its memory and its CPU time are the import's alone.
import { createClient } from '@supabase/supabase-js'
import { createCells } from '@efir/cells'
import { importCells } from '@efir/cells/import'
import { keepYoungSpaceSmall } from '../../src/cli/young-space.ts'
import { sqlClient } from './sql-client.ts'
import type { ImporterReply, ImporterTask } from './run-importer.ts'

const task = JSON.parse(process.argv[2] ?? '') as ImporterTask
const { token } = task
// As the command line does.
if (task.isRoomy !== true) keepYoungSpaceSmall()
const http = (key: string) =>
  createClient(task.url, key, { accessToken: () => Promise.resolve(token?.access ?? '') })
const opened =
  token === undefined
    ? sqlClient(task.url, task.user, 2)
    : { client: http(token.key), close: () => Promise.resolve() }
const target =
  task.lane === 'copy'
    ? { database: task.url, budgetVersionId: task.budget, actor: task.user }
    : createCells(opened.client).budget(task.budget)
const started = performance.now()
const report = await importCells(target, task.source)
const milliseconds = performance.now() - started
await opened.close()
const { maxRSS, userCPUTime, systemCPUTime } = process.resourceUsage()
const reply: ImporterReply = {
  counts: report.counts,
  milliseconds,
  megabytes: maxRSS / 1024,
  cpuMilliseconds: (userCPUTime + systemCPUTime) / 1000,
}
process.send?.(reply)
