import { afterAll, expect, it } from 'vitest'
import { localOnly } from '../support/stack.ts'
import { checkLiveHistories } from './support/check.ts'
import { mutants } from './support/mutants.ts'
import { LiveWorld } from './support/world.ts'

// A stack of its own: what goes wrong here must go wrong for nobody else.
localOnly('it makes Realtime misbehave').describe('the live histories', async () => {
  const world = await LiveWorld.open()
  afterAll(() => world[Symbol.asyncDispose]())

  it.each(mutants)('find the mistake: $name', { timeout: 300_000 }, async (mutant) => {
    const found = await checkLiveHistories(world, { runs: 150, seed: 2025, mutant, shrinks: false }).catch(
      (error: unknown) => error,
    )
    expect(found).toBeInstanceOf(Error)
    if (process.env.CELLS_TELL) console.log((found as Error).message)
  })
})
