import { measureBusy } from '../db/busy.ts'
import { measureCatchUp } from '../db/catch-up.ts'
import { openDataset } from '../db/dataset.ts'
import { measureReads } from '../db/reads.ts'
import { measureStorms } from '../db/storm.ts'
import { measureUndo } from '../db/undo.ts'
import { openWorld } from '../db/world.ts'
import { measureWrites } from '../db/writes.ts'
import type { RunSuite } from '../suite.ts'

/** The database alone: SQL over one connection as PostgREST would send it, with no HTTP between. */
export const run: RunSuite = async (context) => {
  const { wants } = context
  const dataset = await openDataset(context)
  try {
    const world = await openWorld(dataset, context.scale, context.progress)
    const rows = [
      ...(await measureReads(world, wants)),
      ...(await measureWrites(world, wants)),
      ...(wants('write.1.busy') ? [await measureBusy(world)] : []),
      ...(await measureUndo(world, wants)),
      ...(await measureCatchUp(world, wants)),
      ...(await measureStorms(world, wants)),
    ]
    return rows.map((row) => ({ ...row, scale: context.scale }))
  } finally {
    await dataset.close()
  }
}
