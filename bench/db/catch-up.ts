import { interleave, timed } from '../measure.ts'
import { absentRow, latencyRow, type Row } from '../report.ts'
import { send, settle, writeCall } from './calls.ts'
import { meter, processorFields } from './processor.ts'
import { idsOf, installed, neighbours, signedIn, type World } from './world.ts'

const SIZES = [0, 1_000] as const
export const catchUpRows = SIZES.map((size) => `catchup.${size}`)
const CATCH_UP = 'SELECT efir_budget.changes_since($1, $2)::text'
/** What a client of 009's tables does: it polls by time, and misses what commits out of order. */
const POLL = `SELECT id, value_numeric::text, value_text, value_type, is_locked, lock_reason, version, modified_by, modified_at
  FROM efir_budget.planning_cells WHERE budget_version_id = $1 AND modified_at > $2::text::timestamptz ORDER BY modified_at`

async function revisionOf(world: World): Promise<string> {
  const [row] = await world.owner<{ revision: string }[]>`
    SELECT revision FROM efir_budget.budget_revisions WHERE budget_version_id = ${world.budget}`
  return row?.revision ?? '0'
}

/** A client that was away, with nothing and with a thousand changes to hear of; beside a poll by `modified_at`. */
export async function* measureCatchUp(world: World, wants: (name: string) => boolean): AsyncGenerator<Row> {
  const sizes = SIZES.filter((size) => wants(`catchup.${size}`))
  if (sizes.length === 0) return
  if (!(await installed(world, 'changes_since'))) {
    yield* sizes.map((size) => absentRow(`catchup.${size}`, 'ms', 'not installed'))
    return
  }
  const user = world.users[0] ?? ''
  const member = await signedIn(world.dataset, user)
  const naive = await signedIn(world.dataset, user, 'naive')
  for (const size of sizes) {
    world.progress(`catchup.${size}`)
    const revision = await revisionOf(world)
    const since = new Date().toISOString()
    if (size > 0) {
      const cells = await neighbours(world, size)
      settle(cells, await send(member, writeCall(world, cells)))
      await naive`UPDATE efir_budget.planning_cells SET modified_at = now(), version = version + 1
        WHERE id = ANY(${idsOf(cells)}::uuid[])`
    }
    const counted = world.effort.catchUps
    const meters = [await meter(member), await meter(naive)] as const
    const { ours, baseline } = await interleave(
      {
        warmUp: Math.ceil(counted / 5),
        counted,
        onCounting: () => meters.forEach((each) => each.start()),
      },
      () => timed(() => member.unsafe(CATCH_UP, [world.budget, revision], { prepare: true })),
      () => timed(() => naive.unsafe(POLL, [world.budget, since], { prepare: true })),
    )
    yield latencyRow(`catchup.${size}`, ours, baseline, processorFields(counted, ...meters))
  }
  await Promise.all([member.end(), naive.end()])
}
