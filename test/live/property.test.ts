import { afterAll, it } from 'vitest'
import { localOnly } from '../support/stack.ts'
import { checkLiveHistories } from './support/check.ts'
import { LiveWorld } from './support/world.ts'

// A stack of its own: what goes wrong here must go wrong for nobody else.
localOnly('it makes Realtime misbehave').describe('five clients on a bad day', async () => {
  const world = await LiveWorld.open()
  afterAll(() => world[Symbol.asyncDispose]())

  it('end with what a fresh read gives, each write on record once, and each refusal told', async () => {
    await checkLiveHistories(world, { runs: 500 })
  }, 900_000)
})
