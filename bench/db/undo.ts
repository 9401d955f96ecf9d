import type postgres from 'postgres'
import { percentile, timed } from '../measure.ts'
import { absentRow, latencyRow, rounded, type Row } from '../report.ts'
import { send, settle, writeCall } from './calls.ts'
import { stackSteps } from './stack.ts'
import { meter, processorFields, type Meter } from './processor.ts'
import { idsOf, installed, neighbours, signedIn, type Picked, type World } from './world.ts'

const SIZES = [100, 1_000] as const
/** Cells that are undone in one stack: as many as tell something, and no more. */
const MOST_TURNS = 100_000
const UNDO = `SELECT efir_budget.undo(p_budget_version_id => $1)::text AS reply`

async function writeStep(world: World, sql: postgres.Sql, cells: readonly Picked[]): Promise<number> {
  const call = writeCall(world, cells)
  let reply = ''
  const spent = await timed(async () => (reply = await send(sql, call)))
  settle(cells, reply)
  return spent
}

/** The undo counts only when it moved every cell of the step. */
async function undoStep(world: World, sql: postgres.Sql, cells: readonly Picked[]): Promise<number> {
  const spent = await timed(() => sql.unsafe(UNDO, [world.budget], { prepare: true }))
  const moved = await world.owner<{ id: string; version: number }[]>`
    SELECT id, version FROM efir_budget.planning_cells WHERE id = ANY(${idsOf(cells)}::uuid[])`
  const versions = new Map(moved.map(({ id, version }) => [id, version]))
  for (const cell of cells) {
    const version = versions.get(cell.id)
    if (version !== cell.version + 1) throw new Error('An undo of the bench left a cell as it was.')
    cell.version = version
  }
  return spent
}

function stackProcessor(rounds: number, ours: Meter): Record<string, number> {
  const { cpu } = processorFields(rounds, ours, undefined)
  return cpu === undefined ? {} : { stackCpu: cpu }
}

/** Undo of one step, beside the write that made it; and of a stack of steps on the same cells, from top to bottom. */
export async function* measureUndo(world: World, wants: (name: string) => boolean): AsyncGenerator<Row> {
  const sizes = SIZES.filter((size) => wants(`undo.${size}`))
  if (sizes.length === 0) return
  if (!(await installed(world, 'undo'))) {
    yield* sizes.map((size) => absentRow(`undo.${size}`, 'ms', 'not installed'))
    return
  }
  // Who has done nothing else in this budget since the import.
  const user = world.users[5] ?? ''
  const [writer, undoer] = [await signedIn(world.dataset, user), await signedIn(world.dataset, user)]
  for (const size of sizes) {
    world.progress(`undo.${size}`)
    const { undos, deep } = world.effort
    const undone: number[] = []
    const written: number[] = []
    const meters = [await meter(undoer), await meter(writer)] as const
    for (let round = -Math.ceil(undos / 5); round < undos; round += 1) {
      if (round === 0) meters.forEach((each) => each.start())
      const cells = await neighbours(world, size)
      const write = await writeStep(world, writer, cells)
      const undo = await undoStep(world, undoer, cells)
      if (round < 0) continue
      written.push(write)
      undone.push(undo)
    }

    const processor = processorFields(undos, ...meters)
    world.progress(`undo.${size} under a stack of ${deep}`)
    const cells = await neighbours(world, size)
    await stackSteps(world, user, cells, deep)
    meters[0].start()
    const stack: number[] = []
    const turns = Math.min(deep, MOST_TURNS / size)
    for (let turn = 0; turn < turns; turn += 1) stack.push(await undoStep(world, undoer, cells))
    yield latencyRow(`undo.${size}`, undone, written, {
      ...processor,
      cells: cells.length,
      stack: deep,
      stackP50: rounded(percentile(stack, 0.5)),
      stackP95: rounded(percentile(stack, 0.95)),
      ...stackProcessor(turns, meters[0]),
      turns,
      // Below steps that have been undone already.
      stackLastP95: rounded(percentile(stack.slice(-20), 0.95)),
    })
  }
  await Promise.all([writer.end(), undoer.end()])
}
