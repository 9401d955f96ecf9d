// Opens a sheet of a whole budget, and prints what it took:  node --expose-gc … open.ts COORDINATES USER BUDGET CELLS
// In a process of its own, so that nothing else is counted.
import { createCells, type CellChange } from '../../src/index.ts'
import { connectTenants, type SupabaseCoordinates } from '../../src/local/index.ts'
import { percentile } from '../measure.ts'

/** What is printed, as JSON. */
export interface Opened {
  readonly milliseconds: number
  /** Of one page, the database's part included. */
  readonly pageP50: number
  readonly pageP95: number
  readonly bytesPerCell: number
  /** CPU milliseconds from a write of a hundred cells by somebody else to the listeners, with all that goes with it. */
  readonly change: number
}

const [, , coordinates, user, other, budgetVersionId, expected] = process.argv
const collect = globalThis.gc
if (collect === undefined) throw new Error('Needs node --expose-gc.')
const given = JSON.parse(coordinates!) as SupabaseCoordinates
const { tenants, close } = connectTenants(given)

async function held(): Promise<number> {
  for (let round = 0; round < 3; round += 1) {
    collect!()
    await new Promise((resolve) => setImmediate(resolve))
  }
  const { heapUsed, external } = process.memoryUsage()
  return heapUsed + external
}

const mine = tenants.signIn({ id: user!, email: 'bench@example.com' })
const theirs = createCells(tenants.signIn({ id: other!, email: 'other@example.com' })).budget(
  budgetVersionId!,
)

// What is loaded and warmed once is no part of the cells.
const warm = await createCells(mine).budget(budgetVersionId!).open({ module: 'nothing' })
await warm.ready()
const before = await held()

const pages: number[] = []
let last = performance.now()
const started = last
const sheet = await createCells(mine)
  .budget(budgetVersionId!)
  .open(
    {},
    {
      onProgress: () => {
        const now = performance.now()
        pages.push(now - last)
        last = now
      },
    },
  )
await sheet.ready()
const milliseconds = performance.now() - started
const bytes = (await held()) - before

const changes: number[] = []
for (let round = 1; round <= 25; round += 1) {
  const batch: CellChange[] = Array.from({ length: 100 }, (_, index) => ({
    cell: { module: 'bench', field: 'open', period: String(index) },
    value: round * 1_000 + index,
    ifVersion: 'any',
  }))
  const heard = new Promise<void>((resolve) => {
    const stop = sheet.subscribeRange({}, (cells) => {
      if (!cells.some(({ value }) => value === String(round * 1_000))) return
      stop()
      resolve()
    })
  })
  const cpu = process.cpuUsage()
  await theirs.writeMany(batch)
  await heard
  const { user: inUser, system } = process.cpuUsage(cpu)
  if (round > 5) changes.push((inUser + system) / 1_000)
}

const opened: Opened = {
  milliseconds,
  pageP50: percentile(pages, 0.5),
  pageP95: percentile(pages, 0.95),
  bytesPerCell: bytes / Number(expected),
  change: percentile(changes, 0.5),
}
console.log(JSON.stringify(opened))
await Promise.all([sheet.close(), warm.close()])
await mine.removeAllChannels()
await close()
process.exit()
