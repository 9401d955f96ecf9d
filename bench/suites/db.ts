import { measureBusy } from '../db/busy.ts'
import { catchUpRows, measureCatchUp } from '../db/catch-up.ts'
import { openDataset } from '../db/dataset.ts'
import { measureReads } from '../db/reads.ts'
import { measureStorms } from '../db/storm.ts'
import { measureUndo } from '../db/undo.ts'
import { openWorld } from '../db/world.ts'
import { measureWrites, writeRows } from '../db/writes.ts'
import type { RunSuite } from '../suite.ts'

/** The database alone: SQL over one connection as PostgREST would send it, with no HTTP between. */
export const run: RunSuite = async function* (context) {
  const { wants, scale } = context
  const besideNaive = [...writeRows, ...catchUpRows].some(wants)
  const dataset = await openDataset(context, besideNaive ? ['cells', 'naive'] : ['cells'])
  try {
    const world = await openWorld(dataset, scale, context.progress)
    for (const rows of [
      measureReads(world, wants),
      measureWrites(world, wants),
      ...(wants('write.1.busy') ? [measureBusy(world)] : []),
      measureUndo(world, wants),
      measureCatchUp(world, wants),
      measureStorms(world, wants),
    ]) {
      for await (const row of rows) yield { ...row, scale }
    }
  } finally {
    await dataset.close()
  }
}
