import { execFile } from 'node:child_process'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { connectTenants, type SupabaseCoordinates, type Tenants } from '../../src/local/index.ts'
import { startStackProcess, type StackProcess } from '../client/stack-process.ts'
import { measureEdits, measureRoad } from '../live/edits.ts'
import type { Opened } from '../live/open.ts'
import { percentile } from '../measure.ts'
import { latencyRow, rounded, type Row } from '../report.ts'
import type { RunSuite, SuiteContext } from '../suite.ts'

/** Sheets on the real stack, in a process of its own: many users who edit, and a large budget that is opened. */
export const run: RunSuite = async function* (context) {
  const { scale, wants } = context
  const stack = await startStackProcess()
  const { tenants, close } = connectTenants(stack.coordinates)
  try {
    if (wants('edit.latency')) yield await editRow(stack, tenants, context)
    if (!wants('open.1000000') && !wants('change.100') && !wants('bytesPerCell')) return
    const few = await openBudget(
      tenants,
      stack.coordinates,
      Math.round(10_000 * Math.min(1, scale * 10)),
      context,
    )
    const many = await openBudget(tenants, stack.coordinates, Math.round(1_000_000 * scale), context)
    yield* openRows(few, many)
  } finally {
    await close()
    await stack.stop()
  }
}

async function editRow(
  stack: StackProcess,
  tenants: Tenants,
  { scale, progress }: SuiteContext,
): Promise<Row> {
  const plan = {
    users: scale < 0.1 ? 10 : 50,
    seconds: Math.max(4, Math.round(120 * scale)),
    cellsPerUser: 2_000,
    batchEvery: 20,
  }
  const before = await stack.cpu()
  const result = await measureEdits(stack.coordinates, tenants, plan, progress)
  const stackCpu = (await stack.cpu()) - before
  const road = await measureRoad(tenants, Math.max(10, Math.round(200 * scale)))
  const { missed, doubled, refused, different, written, calls, edits } = result
  const took = (samples: typeof edits) => samples.map((sample) => sample.took)
  const middle = plan.seconds * 500
  const [early, late] = [edits.filter(({ at }) => at < middle), edits.filter(({ at }) => at >= middle)]
  return latencyRow('edit.latency', took(edits), result.sends, {
    ratioP95: rounded(percentile(took(edits), 0.95) / percentile(result.sends, 0.95)),
    drift: rounded(percentile(took(late), 0.95) / percentile(took(early), 0.95)),
    // So short a run as a test's may have none.
    ...(result.batches.length > 0 && {
      batchP50: rounded(percentile(result.batches, 0.5)),
      batchP95: rounded(percentile(result.batches, 0.95)),
    }),
    users: plan.users,
    seconds: plan.seconds,
    written,
    missed,
    doubled,
    refused,
    different,
    calls: [...calls].map(([name, times]) => `${name} ${times}`).join(', '),
    clientCpu: rounded(result.clientCpu),
    stackCpu: rounded(stackCpu),
    reply: rounded(percentile(result.replies, 0.5)),
    quietCall: rounded(road.gateway),
    quietCallInDatabase: rounded(road.database),
  })
}

async function openBudget(
  tenants: Tenants,
  coordinates: SupabaseCoordinates,
  cells: number,
  { progress }: SuiteContext,
): Promise<Opened> {
  progress(`a budget of ${cells} cells`)
  const organization = await tenants.createOrganization()
  const [user, other] = [
    await tenants.createUser({ organization }),
    await tenants.createUser({ organization }),
  ]
  const budget = await tenants.createBudget({ organization })
  // From before the log: a million records would take minutes to write, and are not what is measured.
  await tenants.sql.begin(async (sql) => {
    await sql`SET LOCAL statement_timeout = 0`
    await sql`ALTER TABLE efir_budget.planning_cells DISABLE TRIGGER USER`
    await sql`
      INSERT INTO efir_budget.planning_cells (
        budget_version_id, module_code, entity_id, field_name, period_code, value_numeric
      )
      SELECT ${budget.id}, 'module_' || number % 10, md5((number / 500)::text)::uuid, 'field_' || number % 20,
        '2026-' || lpad((number / 20 % 25)::text, 2, '0'), number * 1.25
      FROM generate_series(0, ${cells - 1}::integer) AS number`
    await sql`ALTER TABLE efir_budget.planning_cells ENABLE TRIGGER USER`
  })
  await tenants.sql`ANALYZE efir_budget.planning_cells`
  progress('is opened')
  const { stdout } = await promisify(execFile)(
    process.execPath,
    [
      '--expose-gc',
      ...process.execArgv,
      join(import.meta.dirname, '..', 'live', 'open.ts'),
      ...[JSON.stringify(coordinates), user.id, other.id, budget.id, String(cells)],
    ],
    { maxBuffer: 2 ** 24 },
  )
  return JSON.parse(stdout) as Opened
}

function* openRows(few: Opened, many: Opened): Generator<Row> {
  const alone = { p95: null, baseline: null, ratio: null }
  yield {
    ...{ name: 'open.1000000', unit: 'ms', ...alone, p50: rounded(many.milliseconds) },
    ...{ pageP50: rounded(many.pageP50), pageP95: rounded(many.pageP95) },
  }
  yield { name: 'bytesPerCell', unit: 'bytes', ...alone, p50: rounded(many.bytesPerCell) }
  yield {
    ...{ name: 'change.100', unit: 'cpu ms', p95: null, p50: rounded(many.change) },
    ...{ baseline: rounded(few.change), ratio: rounded(many.change / few.change) },
  }
}
