import { afterAll, it } from 'vitest'
import { freshDatabase, localOnly } from '../support/stack.ts'
import { checkHistories } from './histories.ts'
import { prepareGrounds } from './support/sql-grounds.ts'
import { SqlLane } from './support/sql-engine.ts'

/** Replayed by CELLS_SEED=… CELLS_PATH=… CELLS_RUNS=…, as a failure prints them. */
const replayed = process.env.CELLS_SEED !== undefined

localOnly('it makes a database').describe('the database', () => {
  const lanes: SqlLane[] = []
  afterAll(() => Promise.all(lanes.map((lane) => lane.close())))

  it('does what the model says, in a thousand random histories', { timeout: 600_000 }, async () => {
    const database = await freshDatabase()
    const grounds = await prepareGrounds(database)
    // Side by side, in budgets of their own: the database is most of the work, and has more than one process for it.
    const count = replayed ? 1 : 4
    lanes.push(...Array.from({ length: count }, () => new SqlLane(database.databaseUrl, grounds)))
    await Promise.all(
      lanes.map((lane) =>
        checkHistories((history) => lane.createEngine(history), { runs: 1_000 / count, permissions: false }),
      ),
    )
  })
})
