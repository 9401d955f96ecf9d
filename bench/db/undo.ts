import type postgres from 'postgres'
import { percentile, timed } from '../measure.ts'
import { absentRow, latencyRow, rounded, type Row } from '../report.ts'
import { send, settle, writeCall } from './calls.ts'
import { idsOf, installed, neighbours, signedIn, type Picked, type World } from './world.ts'

const SIZES = [100, 1_000] as const
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

/** Undo of one step, beside the write that made it; and of a stack of steps on the same cells, from top to bottom. */
export async function measureUndo(world: World, wants: (name: string) => boolean): Promise<Row[]> {
  const sizes = SIZES.filter((size) => wants(`undo.${size}`))
  if (sizes.length === 0) return []
  if (!(await installed(world, 'undo'))) {
    return sizes.map((size) => absentRow(`undo.${size}`, 'ms', 'not installed'))
  }
  const rows: Row[] = []
  // A user who has done nothing else in this budget since the import.
  const member = await signedIn(world.dataset, world.users[5] ?? '')
  for (const size of sizes) {
    world.progress(`undo.${size}`)
    const { undos, deep } = world.effort
    const undone: number[] = []
    const written: number[] = []
    for (let round = -Math.ceil(undos / 5); round < undos; round += 1) {
      const cells = await neighbours(world, size)
      const write = await writeStep(world, member, cells)
      const undo = await undoStep(world, member, cells)
      if (round < 0) continue
      written.push(write)
      undone.push(undo)
    }

    world.progress(`undo.${size} under a stack of ${deep}`)
    const cells = await neighbours(world, size)
    for (let step = 0; step < deep; step += 1) await writeStep(world, member, cells)
    const stack: number[] = []
    for (let step = 0; step < deep; step += 1) stack.push(await undoStep(world, member, cells))
    rows.push(
      latencyRow(`undo.${size}`, undone, written, {
        cells: cells.length,
        stack: deep,
        stackP50: rounded(percentile(stack, 0.5)),
        stackP95: rounded(percentile(stack, 0.95)),
        // The deepest: every step above has been undone already.
        stackLastP95: rounded(percentile(stack.slice(-20), 0.95)),
      }),
    )
  }
  await member.end()
  return rows
}
