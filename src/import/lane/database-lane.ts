import { createCells } from '../../index.ts'
import { budgetLane } from './budget-lane.ts'
import { databaseClient } from './database-client.ts'
import { checkTarget, type DatabaseTarget } from './database-target.ts'
import type { ImportLane } from './lane.ts'

type Client = Parameters<typeof createCells>[0]

/** Straight to the database: the same calls, of which those that write bring their cells by COPY. */
export async function databaseLane(target: DatabaseTarget): Promise<ImportLane> {
  checkTarget(target)
  const client = await databaseClient(target)
  const { databaseSchema } = target
  // No API ends a statement here that takes long.
  const cells = createCells(client as unknown as Client, {
    databaseSchema,
    attemptTimeout: 120_000,
    timeout: 600_000,
  })
  try {
    return {
      ...budgetLane(cells.budget(target.budgetVersionId)),
      batchSize: { usual: 5_000, most: 100_000 },
      close: () => client.close(),
    }
  } catch (error) {
    await client.close()
    throw error
  }
}
