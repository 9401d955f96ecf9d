// Ten people on one budget, three of them in Chromium:  npm run crowd -- --seconds 120 [--seed N]
import { join } from 'node:path'
import { parseArgs } from 'node:util'
import { startLocalStack } from '@efir/cells/local'
import { buildPage } from '../examples/planning-grid/serve.ts'
import { crowd, playCrowd } from '../test/browser/support/crowd.ts'
import { GridHouse } from '../test/browser/support/grid-world.ts'

const { values } = parseArgs({
  options: { seconds: { type: 'string', default: '120' }, seed: { type: 'string' } },
})
const seconds = Number(values.seconds)
if (!(seconds > 0)) throw new Error(`--seconds is a number above 0, not "${values.seconds}".`)
const seed = values.seed === undefined ? Date.now() % 2 ** 31 : Number(values.seed)
if (!Number.isSafeInteger(seed)) throw new Error(`--seed is a whole number, not "${values.seed ?? ''}".`)

await using stack = await startLocalStack()
const page = join(stack.directory, 'page')
await buildPage(page)
await using house = await GridHouse.open(stack, page)
const world = await house.world({ names: [...crowd.pages, ...crowd.clients], rows: 12 })
const { acts, writes, differences } = await playCrowd(world, { seconds, seed })
console.log(`${seconds} s, seed ${seed}: ${writes} changes of cells`, acts)
if (differences.length > 0)
  throw new Error(`The screens are not equal.\n${differences.slice(0, 50).join('\n')}`)
console.log('All ten screens are equal to the database.')
