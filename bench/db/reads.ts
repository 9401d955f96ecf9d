import type postgres from 'postgres'
import { interleave, timed } from '../measure.ts'
import { latencyRow, rounded, type Row } from '../report.ts'
import { percentile } from '../measure.ts'
import { meter, processorFields } from './processor.ts'
import { signedIn, type Picked, type World } from './world.ts'

interface Read {
  readonly name: string
  readonly text: string
  readonly parameters: readonly (readonly (string | null)[])[]
  /** The same through the library's own function, as the SDK asks. */
  readonly rpc?: { readonly text: string; readonly parameters: readonly (readonly string[])[] }
  /** A share of the rounds, for what takes long. */
  readonly share?: number
}

const CELL =
  'id, value_numeric::text, value_text, value_type, is_locked, lock_reason, version, modified_by, modified_at'

async function reads(world: World): Promise<Read[]> {
  const { budget, sample } = world
  const keyed = sample.filter(({ entity, period }) => entity !== null && period !== null)
  const keyOf = ({ module, entity, field, period }: Picked) => [module, entity, field, period]
  const commented = await world.owner<{ id: string }[]>`
    SELECT DISTINCT cell_id AS id FROM efir_budget.cell_comments AS comment
    INNER JOIN efir_budget.planning_cells AS cell ON cell.id = comment.cell_id
    WHERE cell.budget_version_id = ${budget} LIMIT 5000`
  return [
    {
      name: 'read.key',
      text: `SELECT ${CELL} FROM efir_budget.planning_cells WHERE budget_version_id = $1 AND module_code = $2
        AND entity_id = $3 AND field_name = $4 AND period_code = $5 AND deleted_at IS NULL`,
      parameters: keyed.map((cell) => [budget, ...keyOf(cell)]),
      rpc: {
        text: 'SELECT efir_budget.read_cells($1, $2::text::jsonb)::text',
        parameters: keyed.map((cell) => [budget, JSON.stringify([keyOf(cell)])]),
      },
    },
    {
      name: 'read.history',
      text: `SELECT id, action, change_type, old_value::text, new_value::text, old_text, new_text, new_version, session_id,
        changed_by, changed_at FROM efir_budget.cell_changes WHERE cell_id = $1 ORDER BY new_version DESC LIMIT 50`,
      parameters: sample.map(({ id }) => [id]),
    },
    {
      name: 'read.comments',
      text: `SELECT id, comment_text, is_resolved, created_by, created_at, updated_at
        FROM efir_budget.cell_comments WHERE cell_id = $1 ORDER BY created_at`,
      parameters: commented.map(({ id }) => [id]),
    },
    {
      name: 'read.slice',
      text: `SELECT field_name, period_code, ${CELL} FROM efir_budget.planning_cells
        WHERE budget_version_id = $1 AND module_code = $2 AND entity_id = $3 AND deleted_at IS NULL`,
      parameters: keyed.map(({ module, entity }) => [budget, module, entity]),
      rpc: {
        text: 'SELECT efir_budget.list_cells($1, $2::text::jsonb)::text',
        parameters: keyed.map(({ module, entity }) => [budget, JSON.stringify({ module, entity })]),
      },
    },
    {
      name: 'read.locked',
      // A deleted cell is never locked. Reasons are few: to say each with every cell is most of the work, and of the bytes.
      text: `SELECT lock_reason, array_agg(id) FROM efir_budget.planning_cells
        WHERE budget_version_id = $1 AND is_locked GROUP BY lock_reason`,
      parameters: [[budget]],
      share: 0.1,
    },
  ]
}

/** The SDK's five reads as a member under row level security, beside the same query of the owner's, who passes it. */
export async function* measureReads(world: World, wants: (name: string) => boolean): AsyncGenerator<Row> {
  const wanted = (await reads(world)).filter(({ name }) => wants(name))
  if (wanted.length === 0) return
  const member = await signedIn(world.dataset, world.users[0] ?? '')
  for (const { name, text, parameters, rpc, share = 1 } of wanted) {
    world.progress(name)
    const counted = Math.ceil(world.effort.reads * share)
    const meters = [await meter(member), await meter(world.owner)] as const
    const rounds = {
      warmUp: Math.ceil(counted / 5),
      counted,
      onCounting: () => meters.forEach((each) => each.start()),
    }
    const run =
      (sql: postgres.Sql, query: string, all: readonly (readonly (string | null)[])[]) => (round: number) =>
        timed(() => sql.unsafe(query, [...(all[round % all.length] ?? [])], { prepare: true }))
    const { ours, baseline } = await interleave(
      rounds,
      run(member, text, parameters),
      run(world.owner, text, parameters),
    )
    const fields = processorFields(counted, ...meters)
    if (rpc !== undefined) {
      const call = run(member, rpc.text, rpc.parameters)
      const samples: number[] = []
      for (let round = 0; round < rounds.warmUp + counted; round += 1) {
        const sample = await call(round)
        if (round >= rounds.warmUp) samples.push(sample)
      }
      fields.rpcP50 = rounded(percentile(samples, 0.5))
      fields.rpcP95 = rounded(percentile(samples, 0.95))
    }
    yield latencyRow(name, ours, baseline, fields)
  }
  await member.end()
}
