// Writes the pictures of the planning grid into docs/images:  npm run screenshots
import { mkdir } from 'node:fs/promises'
import { join } from 'node:path'
import { startLocalStack } from '@efir/cells/local'
import { buildPage } from '../examples/planning-grid/serve.ts'
import { GridHouse, type GridWorld } from '../test/browser/support/grid-world.ts'
import type { GridPage } from '../test/browser/support/grid-page.ts'

const directory = join(import.meta.dirname, '../docs/images')
const size = { width: 1280, height: 720 }

async function shoot(grid: GridPage, name: string): Promise<void> {
  // What is told in passing is not in the picture, and the caret does not blink in it.
  await grid.page.locator('.notice').waitFor({ state: 'hidden' })
  await grid.page.screenshot({
    path: join(directory, `grid-${name}.png`),
    animations: 'disabled',
    caret: 'hide',
  })
  console.log(`grid-${name}.png`)
}

/** Somebody else is faster than Alice. */
async function collide(world: GridWorld, alice: GridPage): Promise<void> {
  const cell = world.address(5, '2018')
  let isFirst = true
  alice.onWrite = async (route) => {
    if (isFirst) {
      isFirst = false
      const budget = world.budgetOf('Bob')
      await budget.write(await budget.read(cell), '512750000')
    }
    await route.continue()
  }
  await alice.type([5, '2018'], '498500000')
  await alice.page.getByRole('dialog').waitFor()
}

await mkdir(directory, { recursive: true })
await using stack = await startLocalStack()
const page = join(stack.directory, 'page')
await buildPage(page)
await using house = await GridHouse.open(stack, page)
const world = await house.world({ names: ['Alice', 'Bob', 'Carol'], rows: 237 })
const budget = world.budgetOf('Bob')
await budget.locks.lock(
  { cells: [0, 1].flatMap((row) => ['2017', '2018'].map((period) => world.address(row, period))) },
  { reason: 'Approved by the board' },
)
const thread = await budget.comments.add(
  world.address(6, '2018'),
  '@Alice, is this before or after the new rate?',
  { mentions: [world.person('Alice').id] },
)
await world.budgetOf('Carol').comments.reply(thread, 'After it, says the Treasury.')
await budget.comments.add(world.address(9, '2016'), 'Revised in May.')

const alice = await (await world.open('Alice', size)).ready()
const bob = await (await world.open('Bob', size)).ready()
const carol = await (await world.open('Carol', size)).ready()
await bob.select([7, '2017'])
await carol.select([11, '2019'])
await alice.type([5, '2019'], '508250000')
await alice.select([4, '2016'], [9, '2017'])
await alice.page.locator('.person-frame').nth(1).waitFor()
await shoot(alice, 'light')

await alice.select([6, '2018'])
await alice.button('Comments').click()
await alice.page.getByText('After it, says the Treasury.').waitFor()
await shoot(alice, 'comments')
await alice.select([5, '2019'])
await alice.button('History').click()
await alice
  .button(/^Restore/)
  .first()
  .waitFor()
await shoot(alice, 'history')
await alice.press('Escape')

await collide(world, alice)
await shoot(alice, 'conflict')
await alice.button('Take theirs').click()

await alice.button('Use the dark theme').click()
await alice.select([4, '2016'], [9, '2017'])
await alice.context.setOffline(true)
await alice.state('Offline')
await alice.type([8, '2016'], '17250000')
await shoot(alice, 'offline')
