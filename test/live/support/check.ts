import fc from 'fast-check'
import { liveHistories } from './commands.ts'
import type { Mutant } from './live-client.ts'
import type { LiveWorld } from './world.ts'

export interface LiveRunOptions {
  readonly runs: number
  readonly seed?: number | undefined
  readonly mutant?: Mutant
  /** Whether a failing history is made smaller; each try is a run. */
  readonly shrinks?: boolean
}

/** How long a failing history is made smaller, in milliseconds. */
const shrinkTime = 60_000

/**
 * Plays random histories; rejects with the smallest failing one that it finds. A failure is played again by
 * CELLS_SEED=… CELLS_PATH=… (both are printed), CELLS_RUNS says how many. What the network does in real time is real,
 * so a rare race may need more than one try.
 */
export async function checkLiveHistories(world: LiveWorld, options: LiveRunOptions): Promise<void> {
  const { CELLS_SEED, CELLS_PATH, CELLS_RUNS } = process.env
  const { runs, mutant, shrinks = true } = options
  const seed = CELLS_SEED === undefined ? options.seed : Number(CELLS_SEED)
  let failedAt: number | undefined
  const property = fc.asyncProperty(liveHistories(), async (history) => {
    // Then what is smaller may pass: the smallest one found so far is told.
    if (failedAt !== undefined && performance.now() > failedAt + shrinkTime) return
    try {
      await world.run(history, mutant)
    } catch (error) {
      failedAt ??= performance.now()
      throw error
    }
  })
  const run = await fc.check(property, {
    numRuns: CELLS_RUNS === undefined ? runs : Number(CELLS_RUNS),
    endOnFailure: !shrinks,
    ...(seed === undefined ? {} : { seed }),
    ...(CELLS_PATH === undefined ? {} : { path: CELLS_PATH }),
  })
  if (!run.failed) return
  const replay = `CELLS_SEED=${run.seed} CELLS_PATH=${run.counterexamplePath ?? ''}`
  const reason = run.errorInstance instanceof Error ? run.errorInstance.message : String(run.errorInstance)
  const history = JSON.stringify(run.counterexample?.[0])
  throw new Error(
    `History ${run.numRuns} of seed ${run.seed} fails. Again: ${replay}\n${history}\n\n${reason}`,
    {
      cause: run.errorInstance,
    },
  )
}
