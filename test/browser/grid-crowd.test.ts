import { expect, it } from 'vitest'
import { useStack } from '../support/stack.ts'
import { hasChromium, inChromium } from './support/chromium.ts'
import { crowd, playCrowd } from './support/crowd.ts'
import { GridHouse } from './support/grid-world.ts'

const stack = await useStack()
/** `npm run crowd` plays two minutes. */
const seconds = 12

it.skipIf(!hasChromium)(
  inChromium(
    'ten people edit, paste, undo, lock, comment and go offline on one budget, and end with equal screens',
  ),
  { timeout: (seconds + 240) * 1_000 },
  async () => {
    await using house = await GridHouse.open(stack)
    const world = await house.world({ names: [...crowd.pages, ...crowd.clients], rows: 12 })
    const seed = Date.now() % 2 ** 31
    const { writes, differences } = await playCrowd(world, { seconds, seed })
    expect(differences, `seed ${seed}`).toEqual([])
    expect(writes).toBeGreaterThan(seconds)
  },
)
