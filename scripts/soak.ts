// Plays random live histories for long, a line a minute:  npm run soak -- --minutes 30 [--seed N]
// Tells the seed of a failure, and how to play it again.
import { parseArgs } from 'node:util'
import { checkLiveHistories } from '../test/live/support/check.ts'
import { LiveWorld } from '../test/live/support/world.ts'

const { values } = parseArgs({
  options: { minutes: { type: 'string', default: '30' }, seed: { type: 'string' } },
})
const minutes = Number(values.minutes)
if (!(minutes > 0)) throw new Error(`--minutes is a number above 0, not "${values.minutes}".`)
const first = values.seed === undefined ? Date.now() % 2 ** 31 : Number(values.seed)
if (!Number.isSafeInteger(first)) throw new Error(`--seed is a whole number, not "${values.seed}".`)

/** Few, so that the time is kept and each failure has a seed that is soon played again. */
const runsPerSeed = 20

await using world = await LiveWorld.open()
const started = performance.now()
const passed = () => (performance.now() - started) / 60_000
let told = 0
let runs = 0
for (let seed = first; passed() < minutes; seed += 1) {
  await checkLiveHistories(world, { runs: runsPerSeed, seed })
  runs += runsPerSeed
  if (Math.floor(passed()) > told) {
    told = Math.floor(passed())
    console.log(`${told} min: ${runs} histories, seeds ${first} to ${seed}: nothing found`)
  }
}
console.log(`${runs} histories of five clients: nothing found`)
