import type postgres from 'postgres'
import { seeded } from '../data/random.ts'
import { percentile, timed } from '../measure.ts'
import { rounded, type Row } from '../report.ts'
import { freshNumber, send, writeCall, type WriteReply } from './calls.ts'
import { markLog, verifyLog, type Success } from './verify.ts'
import { signedIn, type Picked, type World } from './world.ts'

const HOT_CELLS = 100
/** Of the time that is measured. */
const WARM_UP = 1 / 6
/** One call in five writes ten cells, named in no order: where deadlocks would come from. */
const MANY = { share: 0.2, cells: 10 }

interface Storm {
  readonly samples: number[]
  readonly successes: Success[]
  conflicts: number
  readonly errors: Map<string, number>
}

const READ = `SELECT efir_budget.read_cells($1, $2::text::jsonb)::text AS reply`

/** What the client knows of the cells when it begins to write. */
async function look(sql: postgres.Sql, budget: string, cells: readonly Picked[]): Promise<Picked[]> {
  const [row] = await sql.unsafe<{ reply: string }[]>(
    READ,
    [budget, JSON.stringify(cells.map(({ id }) => id))],
    {
      prepare: true,
    },
  )
  const reply = JSON.parse(row?.reply ?? '') as { cells: (unknown[] | null)[] }
  return cells.map((cell, index) => ({ ...cell, version: reply.cells[index]?.[10] as number }))
}

function choose(cells: readonly Picked[], random: ReturnType<typeof seeded>): Picked[] {
  const count = random.fraction() < MANY.share ? Math.min(MANY.cells, cells.length) : 1
  const chosen = new Set<Picked>()
  while (chosen.size < count) {
    const cell = cells[random.below(cells.length)]
    if (cell !== undefined) chosen.add(cell)
  }
  return [...chosen]
}

async function client(
  world: World,
  sql: postgres.Sql,
  cells: readonly Picked[],
  seed: number,
  time: { readonly warm: number; readonly until: number },
  storm: Storm,
): Promise<void> {
  const random = seeded(seed)
  while (performance.now() < time.until) {
    const known = await look(sql, world.budget, choose(cells, random))
    const numbers = known.map(() => freshNumber())
    const call = writeCall(world, known, { mode: 'partial', numbers })
    try {
      let text = ''
      const isWarm = performance.now() >= time.warm
      const spent = await timed(async () => (text = await send(sql, call)))
      if (isWarm) storm.samples.push(spent)
      const { results } = JSON.parse(text) as WriteReply
      for (const [index, { id, version: base }] of known.entries()) {
        const [outcome, , version] = results[index] ?? ['nothing']
        if (outcome === 'written') {
          storm.successes.push({
            cell: id,
            base,
            version: version as number,
            number: numbers[index] ?? '',
            operation: call[3],
          })
        } else if (outcome === 'conflict') storm.conflicts += 1
        else throw new Error(`A write of the storm ended as ${JSON.stringify(results[index])}.`)
      }
    } catch (error) {
      const code = (error as { code?: unknown }).code
      if (typeof code !== 'string') throw error
      storm.errors.set(code, (storm.errors.get(code) ?? 0) + 1)
    }
  }
}

async function deadlocks(world: World): Promise<number> {
  await world.owner`SELECT pg_stat_clear_snapshot()`
  const [row] = await world.owner<{ deadlocks: string }[]>`
    SELECT deadlocks FROM pg_stat_database WHERE datname = current_database()`
  return Number(row?.deadlocks ?? 0)
}

async function run(
  world: World,
  cells: readonly Picked[],
): Promise<Record<string, number | string> & { p50: number; p95: number }> {
  const { clients, stormSeconds } = world.effort
  const sessions = await Promise.all(
    Array.from({ length: clients }, (_, index) =>
      signedIn(world.dataset, world.users[index % world.users.length] ?? ''),
    ),
  )
  const storm: Storm = { samples: [], successes: [], conflicts: 0, errors: new Map() }
  const [mark, before] = [await markLog(world), await deadlocks(world)]
  // What is written while it warms up is verified, and not timed.
  const started = performance.now()
  const warm = started + stormSeconds * 1000 * WARM_UP
  const time = { warm, until: warm + stormSeconds * 1000 }
  await Promise.all(sessions.map((sql, index) => client(world, sql, cells, 100 + index, time, storm)))
  const ended = performance.now()
  await Promise.all(sessions.map((sql) => sql.end()))
  const log = await verifyLog(world, mark, storm.successes)
  const errors = [...storm.errors].map(([code, count]) => `${code}×${count}`).join(' ')
  return {
    p50: rounded(percentile(storm.samples, 0.5)),
    p95: rounded(percentile(storm.samples, 0.95)),
    deadlocks: (await deadlocks(world)) - before + (storm.errors.get('40P01') ?? 0),
    ...log,
    clients,
    callsPerSecond: rounded((storm.samples.length / (ended - warm)) * 1000),
    cellsPerSecond: rounded((storm.successes.length / (ended - started)) * 1000),
    conflicts: storm.conflicts,
    ...(errors === '' ? {} : { errors }),
  }
}

/**
 * Many clients who each read cells and write them, on cells from all over the budget and on a hundred that all want;
 * afterwards the log must show every success once, and nothing else. The random storm has no baseline, for it is one.
 */
export async function* measureStorms(world: World, wants: (name: string) => boolean): AsyncGenerator<Row> {
  const hot = wants('storm.hot')
  if (!hot && !wants('storm.random')) return
  world.progress('storm.random')
  const random = await run(world, world.sample)
  yield { name: 'storm.random', unit: 'ms', baseline: null, ratio: null, ...random }
  if (hot) {
    world.progress('storm.hot')
    const crowded = await run(world, world.sample.slice(0, HOT_CELLS))
    yield {
      name: 'storm.hot',
      unit: 'ms',
      baseline: random.p95,
      ratio: rounded(crowded.p95 / random.p95),
      compared: 'p95',
      ...crowded,
    }
  }
}
