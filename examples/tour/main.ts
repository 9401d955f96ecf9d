import { once } from 'node:events'
import { join } from 'node:path'
import { parseArgs, styleText } from 'node:util'
import { startLocalStack } from '@efir/cells/local'
import { importReceipts } from '../federal-budget/import.ts'
import { readReceipts, toCells } from '../federal-budget/receipts.ts'
import { repeatRows } from '../planning-grid/accounts.ts'
import { showProgress } from './progress.ts'
import { setStage } from './stage.ts'
import { runTour } from './tour.ts'

const { values } = parseArgs({
  options: {
    once: { type: 'boolean', default: false },
    rows: { type: 'string' },
    port: { type: 'string', default: '0' },
    directory: { type: 'string', default: join(import.meta.dirname, '../../.stack') },
  },
})
const print = (line: string) => console.log(line)
const heading = (line: string) => print(styleText('bold', line))

const interrupted = new AbortController()
process.once('SIGINT', () => interrupted.abort())
process.once('SIGTERM', () => interrupted.abort())

heading('Starting Postgres, REST and Auth on this machine …')
await using stack = await startLocalStack({ directory: values.directory })
const stage = await setStage(stack)

const published = await readReceipts()
const rows = values.rows === undefined ? published : repeatRows(published, Number(values.rows))
const cells = toCells(rows)
const budget = stage.alice.cells.budget(stage.budgetVersionId)
heading(`Importing ${cells.length.toLocaleString('en-US')} cells of US federal receipts`)
const bar = showProgress(cells.length)
const { created, present } = await importReceipts(budget, cells, {
  onProgress: (done) => bar.update(done),
  signal: interrupted.signal,
}).finally(() => bar.stop())
print(`   ${created.toLocaleString('en-US')} created, ${present.toLocaleString('en-US')} were there already`)

let count = 0
for await (const page of budget.list({ module: 'receipts' }, { pageSize: 5_000 }).pages())
  count += page.cells.length
print(`   The budget now holds ${count.toLocaleString('en-US')} cells of receipts.`)

await runTour(stack, stage, print)

if (!values.once) {
  heading('\nBuilding the planning grid …')
  // What builds pages is not loaded for the tour alone.
  const { openGrid } = await import('../planning-grid/open.ts')
  await using grid = await openGrid(stack, stage, rows, Number(values.port))
  heading('\nOpen the grid, each link in a tab of its own:')
  for (const { name, link, email, password } of grid.links) {
    print(`   ${styleText('bold', name)}, who may sign in again as ${email} with ${password}`)
    print(`   ${link}\n`)
  }
  heading('Any supabase-js client can connect to the stack:')
  print(`   URL            ${stack.url}`)
  print(`   anon key       ${stack.anonKey}`)
  print(`   service key    ${stack.serviceKey}`)
  print(`   database       ${stack.databaseUrl}`)
  print(`   budget version ${stage.budgetVersionId}`)
  heading('\nIt all stays up until Ctrl-C.')
  if (!interrupted.signal.aborted) await once(interrupted.signal, 'abort')
  heading('Stopping.')
}
