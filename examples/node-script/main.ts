import { createInterface } from 'node:readline/promises'
import { fileURLToPath } from 'node:url'
import { createClient } from '@supabase/supabase-js'
import { createCells, VersionConflictError } from '@efir/cells'
import { importCells } from '@efir/cells/import'

// Whose script it is: as the command line of efir-cells has it.
const { SUPABASE_URL, SUPABASE_ANON_KEY, CELLS_ACCESS_TOKEN, CELLS_BUDGET } = process.env
const supabase = createClient(SUPABASE_URL!, SUPABASE_ANON_KEY!, {
  accessToken: async () => CELLS_ACCESS_TOKEN!,
})
const budget = createCells(supabase).budget(CELLS_BUDGET!)

// Ctrl-C, or ten minutes, end it wherever it is.
const interrupted = new AbortController()
const signal = AbortSignal.any([interrupted.signal, AbortSignal.timeout(600_000)])
const terminal = createInterface({ input: process.stdin, output: process.stdout })
for (const source of [process, terminal]) source.once('SIGINT', () => interrupted.abort())

try {
  const growth = await budget.read({ module: 'revenue', field: 'growth', period: '2026' }, { signal })
  const wanted = await terminal.question(`Growth is ${growth.value ?? 'empty'}. And shall be? `, { signal })
  try {
    await budget.write(growth, wanted, { signal })
  } catch (error) {
    if (!(error instanceof VersionConflictError) || error.theirs === null) throw error
    const { theirs } = error
    const answer = await terminal.question(`It became ${theirs.value} meanwhile. Write ${wanted}? (y/n) `, {
      signal,
    })
    if (answer === 'y') await budget.write(theirs, wanted, { signal })
  }

  const plan = fileURLToPath(new URL('plan.csv', import.meta.url))
  const { counts, sessionId } = await importCells(budget, plan, { signal })
  console.log(`${counts.created + counts.updated} cells imported.`)
  if (sessionId !== null) {
    const { label, outcomes } = await budget.undo({ signal })
    console.log(`${label ?? 'Nothing'} undone: ${outcomes.length} cells.`)
  }
} catch (error) {
  if (!interrupted.signal.aborted) throw error
  console.log('\nStopped. What was written before stays.')
  process.exitCode = 130
} finally {
  terminal.close()
}
