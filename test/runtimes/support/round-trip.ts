import { createClient } from '@supabase/supabase-js'
import { createCells, decimal, defineModules, isCellsError, text } from '@efir/cells'

/** Where the program finds its stack, written into the bundle: not every runtime has arguments or an environment. */
declare const settings: {
  readonly url: string
  readonly anonKey: string
  readonly accessToken: string
  readonly budgetVersionId: string
  readonly period: string
}

/** What a program on any runtime does: read, write, find a conflict, and see what somebody else sees. */
export async function roundTrip() {
  const modules = defineModules({
    runtimes: { rate: decimal({ scale: 2, period: true }), note: text({ period: true }) },
  })
  const supabase = createClient(settings.url, settings.anonKey, {
    accessToken: () => Promise.resolve(settings.accessToken),
  })
  const cells = createCells(supabase, { modules })
  const budget = cells.budget(settings.budgetVersionId)
  const rate = { module: 'runtimes', field: 'rate', period: settings.period } as const
  const missing = await budget.read(rate)
  const written = await budget.write(missing, '99999999999999.99')
  const conflict = await budget
    .write(missing, '1')
    .catch((error: unknown) => isCellsError(error) && error.code)
  const { outcomes } = await budget.writeMany([
    {
      cell: { module: 'runtimes', field: 'note', period: settings.period },
      value: 'à revoir 🧮',
      ifVersion: 0,
    },
  ])
  const aborted = await budget
    .read(rate, { signal: AbortSignal.abort(new Error('enough')) })
    .catch((error: unknown) => String(error))
  return {
    missing: missing.exists,
    written: written.value,
    version: written.version,
    conflict,
    outcome: outcomes[0].status,
    aborted,
  }
}
