import type { Budget } from '../index.ts'
import { batchesOf } from './batches.ts'
import { ImportError } from './errors.ts'
import { unguard } from './guard.ts'
import { ImportRun, toReport } from './import-run.ts'
import { budgetLane } from './lane/budget-lane.ts'
import { databaseLane } from './lane/database-lane.ts'
import type { DatabaseTarget } from './lane/database-target.ts'
import type { ImportLane } from './lane/lane.ts'
import { ownColumns, statementsOf } from './map/columns.ts'
import { KeySet } from './map/key-set.ts'
import { resolveImportOptions, type ImportOptions } from './options.ts'
import { readRecords } from './read/read.ts'
import { openable, type ImportSource } from './read/source.ts'
import { openRejects } from './rejects.ts'
import type { ImportReport } from './report.ts'
import { readState } from './resume/checkpoint.ts'
import { begun, type ImportState } from './resume/import-state.ts'

/**
 * Writes the cells that a file, a stream or an iterable states into a budget: in batches, some at a time, all as one
 * step for undo, in memory that does not grow with the values. What cannot be imported is rejected with its line, its
 * column and a reason, and does not hold up the rest. With a `checkpoint` an import that was ended, by a signal, an
 * error or a crash, goes on where it was when the same call is made again, and every cell is written once.
 *
 * @param target the budget, through the API as whoever is signed in; or, for a script that has the URL of the database, where
 * that is: then batches go by COPY, with the same rules and records.
 * @throws {ValidationError} where an option, the header or the checkpoint is not acceptable: nothing was done.
 * @throws {ImportError} where it ended before the source did; its `report` counts what has landed.
 * @example
 * ```ts
 * import type { Budget } from '@efir/cells'
 * import { importCells } from '@efir/cells/import'
 *
 * async function importPlan(budget: Budget) {
 *   const report = await importCells(budget, 'plan.csv', {
 *     columns: {
 *       module: { value: 'revenue' },
 *       entity: 'School',
 *       field: { value: 'tuition_rate' },
 *       periods: /\d{4}/,
 *     },
 *     locale: 'de-CH',
 *     rejects: 'plan.rejects.csv',
 *     checkpoint: 'plan.checkpoint',
 *   })
 *   return report.counts // { created: 5310, updated: 12, unchanged: 0, … }
 * }
 * void importPlan
 * ```
 */
export async function importCells(
  target: Budget | DatabaseTarget,
  source: ImportSource,
  options: ImportOptions = {},
): Promise<ImportReport> {
  const lane = 'database' in target ? await databaseLane(target) : budgetLane(target)
  try {
    return await importThrough(lane, source, options)
  } finally {
    await lane.close()
  }
}

async function importThrough(
  lane: ImportLane,
  source: ImportSource,
  options: ImportOptions,
): Promise<ImportReport> {
  const opened = await openable(source, options.format)
  const settings = resolveImportOptions(options, opened, lane)
  const { signal, dryRun } = settings
  signal?.throwIfAborted()

  const now = { options: settings.digest, size: opened.size ?? null }
  const saved = dryRun ? undefined : await settings.checkpoint?.load()
  const names = { importId: crypto.randomUUID(), sessionId: crypto.randomUUID(), label: settings.label }
  const state = saved === undefined ? begun({ ...names, ...now }) : readState(saved, now)
  const resumed = saved !== undefined
  if (state.phase === 'done') return toReport(state, resumed, dryRun)

  let bytes = 0
  const progress = (now: ImportState): void => {
    const { records, settled: batches, counts } = now
    settings.onProgress?.({ records, batches, bytes, totalBytes: opened.size, counts })
  }
  const records = await readRecords(opened, settings, signal, (read) => (bytes = read))
  try {
    const seen = new KeySet()
    const judge = {
      header: records.header,
      statements: statementsOf(settings.columns ?? ownColumns(records.header), records.header),
      readNumeral: settings.readNumeral,
      unguard: opened.format === 'csv' ? unguard : (text: string) => text,
      seen,
    }
    const rejects = await openRejects(settings.rejects, state.rejectBytes)
    const run = new ImportRun(lane, settings, state, rejects, progress)
    try {
      await run.write(batchesOf(records, judge, settings.batchSize))
      if (settings.mode === 'replace') await run.deleteMissing(seen)
      await run.finish()
      return toReport(run.state, resumed, dryRun)
    } catch (error) {
      if (signal?.aborted === true && error === signal.reason) throw error
      throw new ImportError(error, toReport(run.state, resumed, dryRun))
    } finally {
      await rejects.close()
    }
  } finally {
    records.close()
  }
}
