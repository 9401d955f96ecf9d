import { setTimeout as delay } from 'node:timers/promises'
import type postgres from 'postgres'
import { percentile, timed } from '../measure.ts'
import { rounded, type Row } from '../report.ts'
import { freshNumber, send, settle, writeCall } from './calls.ts'
import { COLUMNS, refresh, signedIn, type Picked, type World } from './world.ts'

const BATCH = 10_000
const IMPORTERS = 2
/** A person is never faster; the next write does not wait for the one before. */
const PAUSE = 10

const IMPORT = `SELECT efir_budget.write_cells($1, $2::text::jsonb, 'atomic', NULL, NULL, NULL, 'import') ->> 'revision'`

interface Importer {
  readonly sql: postgres.Sql
  /** The same cells with other numbers, made beforehand: making them would hold up the single writes. */
  readonly calls: readonly (readonly [string, string])[]
  sent: number
}

async function openImporters(world: World): Promise<Importer[]> {
  // The first cells of the budget; no single write goes there.
  const cells = await world.owner.unsafe<Picked[]>(
    `SELECT ${COLUMNS} FROM efir_budget.planning_cells
    WHERE budget_version_id = '${world.budget}' AND NOT is_locked ORDER BY id LIMIT ${BATCH * IMPORTERS}`,
  )
  const share = Math.min(BATCH, Math.floor(cells.length / 2 / IMPORTERS))
  return await Promise.all(
    Array.from({ length: IMPORTERS }, async (_, index) => ({
      sql: await signedIn(world.dataset, world.users[index + 1] ?? ''),
      calls: [1, 2, 3].map(() => {
        const items = cells
          .slice(index * share, (index + 1) * share)
          .map(({ id }) => ({ id, base: null, number: freshNumber() }))
        return [world.budget, JSON.stringify(items)] as const
      }),
      sent: 0,
    })),
  )
}

async function importUntil(importer: Importer, offset: number, until: number): Promise<void> {
  await delay(offset)
  while (performance.now() < until) {
    const next = performance.now() + 1000
    const call = importer.calls[importer.sent % importer.calls.length] ?? ['', '']
    await importer.sql.unsafe(IMPORT, [...call], { prepare: true })
    importer.sent += 1
    await delay(Math.max(0, Math.min(next, until) - performance.now()))
  }
}

/** Single writes while two others each import 10,000 cells a second into the same budget; without them is the baseline. */
export async function* measureBusy(world: World): AsyncGenerator<Row> {
  world.progress('write.1.busy')
  const { phases, phaseSeconds } = world.effort
  const member = await signedIn(world.dataset, world.users[0] ?? '')
  const importers = await openImporters(world)
  const imported = new Set(
    importers.flatMap(({ calls }) => (JSON.parse(calls[0]?.[1] ?? '[]') as Picked[]).map(({ id }) => id)),
  )
  const cells = world.sample.filter(({ id }) => !imported.has(id))
  let turn = 0
  const writeUntil = async (until: number, samples: number[]) => {
    while (performance.now() < until) {
      const cell = cells[(turn += 1) % cells.length]
      if (cell === undefined) throw new Error('There are no cells to write.')
      await refresh(world, cell)
      const call = writeCall(world, [cell])
      let reply = ''
      samples.push(await timed(async () => (reply = await send(member, call))))
      settle([cell], reply)
      await delay(PAUSE)
    }
  }

  const quiet: number[] = []
  const busy: number[] = []
  await writeUntil(performance.now() + 500, [])
  for (let phase = 0; phase < phases; phase += 1) {
    await writeUntil(performance.now() + phaseSeconds * 1000, quiet)
    const until = performance.now() + phaseSeconds * 1000
    await Promise.all([
      writeUntil(until, busy),
      ...importers.map((importer, index) => importUntil(importer, (index * 1000) / IMPORTERS, until)),
    ])
  }
  await Promise.all([member, ...importers.map(({ sql }) => sql)].map((sql) => sql.end()))
  const batches = importers.reduce((sum, { sent }) => sum + sent, 0)
  const [p95, base] = [percentile(busy, 0.95), percentile(quiet, 0.95)]
  yield {
    name: 'write.1.busy',
    unit: 'ms',
    p50: rounded(percentile(busy, 0.5)),
    p95: rounded(p95),
    // What the target is about: the slow ones, with and without.
    baseline: rounded(base),
    ratio: rounded(p95 / base),
    compared: 'p95',
    baselineP50: rounded(percentile(quiet, 0.5)),
    batchesPerSecond: rounded(batches / (phases * phaseSeconds)),
  }
}
