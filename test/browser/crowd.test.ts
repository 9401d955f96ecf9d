import { describe, expect, it } from 'vitest'
import { useStack } from '../support/stack.ts'
import { hasChromium, inChromium } from './support/chromium.ts'
import { crowd, playCrowd } from './support/crowd.ts'
import { useGridHouse } from './support/grid-people.ts'

const stack = await useStack()

describe.skipIf(!hasChromium)(inChromium('ten people on one budget, three of them in the grid'), () => {
  const house = useGridHouse(stack)

  // `npm run crowd` does it for two minutes.
  it('all see the same at the end, and it is what is stored', { timeout: 180_000 }, async () => {
    await using world = await house().world({ names: [...crowd.pages, ...crowd.clients], rows: 12 })
    const { writes, differences } = await playCrowd(world, { seconds: 12, seed: Date.now() % 2 ** 31 })
    expect(differences).toEqual([])
    expect(writes).toBeGreaterThan(20)
  })
})
