import { expect, it } from 'vitest'
import { useStack } from '../support/stack.ts'
import { hasChromium, inChromium } from './support/chromium.ts'
import { playCrowd } from './support/crowd.ts'
import { GridHouse } from './support/grid-world.ts'

const stack = await useStack()
/** `npm run crowd` plays two minutes. */
const seconds = Number(process.env.CELLS_CROWD_SECONDS ?? 12)

it.skipIf(!hasChromium)(
  inChromium(
    'ten people edit, paste, undo, lock, comment and go offline on one budget, and end with equal screens',
  ),
  { timeout: (seconds + 240) * 1_000 },
  async () => {
    const pages = ['Alice', 'Bob', 'Carol']
    const clients = ['Dan', 'Eve', 'Frank', 'Grace', 'Heidi', 'Ivan', 'Judy']
    await using house = await GridHouse.open(stack)
    const world = await house.world({ names: [...pages, ...clients], rows: 12 })
    const seed = Number(process.env.CELLS_CROWD_SEED ?? Date.now() % 2 ** 31)
    const { acts, writes, differences } = await playCrowd(world, { seconds, seed, pages, clients })
    if (process.env.CELLS_CROWD_SECONDS !== undefined) console.log(`seed ${seed}: ${writes} changes`, acts)
    expect(differences, `seed ${seed}`).toEqual([])
    expect(writes).toBeGreaterThan(seconds)
  },
)
