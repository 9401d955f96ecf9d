import type postgres from 'postgres'
import { seeded, type Random } from '../data/random.ts'
import type { Shape } from '../data/shape.ts'
import type { Dataset } from './dataset.ts'

/** A cell as the benches pick it: what it is called, and the version it had when it was picked. */
export interface Picked {
  readonly id: string
  readonly module: string
  readonly entity: string | null
  readonly field: string
  readonly period: string | null
  version: number
}

/** How much is measured. */
interface Effort {
  readonly reads: number
  readonly writes: Readonly<Record<1 | 100 | 1_000 | 10_000, number>>
  readonly undos: number
  readonly deep: number
  readonly catchUps: number
  readonly phaseSeconds: number
  readonly phases: number
  readonly stormSeconds: number
  readonly clients: number
}

const FULL: Effort = {
  reads: 1000,
  writes: { 1: 500, 100: 40, 1_000: 15, 10_000: 10 },
  undos: 30,
  deep: 500,
  catchUps: 100,
  phaseSeconds: 5,
  phases: 3,
  stormSeconds: 30,
  clients: 50,
}

const TINY: Effort = {
  reads: 10,
  writes: { 1: 5, 100: 2, 1_000: 1, 10_000: 1 },
  undos: 2,
  deep: 3,
  catchUps: 3,
  phaseSeconds: 0.5,
  phases: 1,
  stormSeconds: 1,
  clients: 10,
}

/** Where the benches work: the big budget of the first organisation, and who is a member of it. */
export interface World {
  readonly dataset: Dataset
  readonly shape: Shape
  readonly effort: Effort
  readonly budget: string
  readonly users: readonly string[]
  readonly random: Random
  /** Unlocked cells of the budget from all over it, at least twice as many as are written one by one. */
  readonly sample: readonly Picked[]
  readonly progress: (message: string) => void
  /** The owner's session, on the migrated database. */
  readonly owner: postgres.Sql
}

export const COLUMNS = `id, module_code AS module, entity_id AS entity, field_name AS field, period_code AS period, version`

export async function openWorld(
  dataset: Dataset,
  scale: number,
  progress: (message: string) => void,
): Promise<World> {
  const { shape } = dataset
  const [big] = shape.budgets
  if (big === undefined) throw new Error('There is no budget.')
  const owner = dataset.session('postgres', 'cells')
  const share = Math.min(100, (20_000 / big.cells) * 100)
  const sample = await owner.unsafe<Picked[]>(
    `SELECT ${COLUMNS} FROM efir_budget.planning_cells TABLESAMPLE BERNOULLI (${share}) REPEATABLE (7)
    WHERE budget_version_id = '${big.id}' AND NOT is_locked ORDER BY md5(id::text)`,
  )
  return {
    dataset,
    shape,
    effort: scale < 0.01 ? TINY : FULL,
    budget: big.id,
    users: big.organization.users,
    random: seeded(11),
    sample,
    progress,
    owner,
  }
}

/**
 * A session as PostgREST gives it to a signed-in user's request: `authenticator`, who has become `authenticated`,
 * with the token's claims and the time limit of hosted Supabase.
 */
export async function signedIn(
  dataset: Dataset,
  user: string,
  database: 'cells' | 'naive' = 'cells',
): Promise<postgres.Sql> {
  const sql = dataset.session('authenticator', database)
  const claims = JSON.stringify({ role: 'authenticated', sub: user })
  await sql`SELECT set_config('role', 'authenticated', false), set_config('statement_timeout', '8s', false),
    set_config('request.jwt.claims', ${claims}, false)`
  return sql
}

/** Neighbours in the grid, as a paste or an import has them: unlocked cells from a place in the budget on. */
export async function neighbours(world: World, count: number): Promise<Picked[]> {
  const from = world.sample[world.random.below(world.sample.length)]
  const pick = (where: string) =>
    world.owner.unsafe<Picked[]>(
      `SELECT ${COLUMNS} FROM efir_budget.planning_cells
      WHERE budget_version_id = '${world.budget}' AND NOT is_locked ${where} ORDER BY id LIMIT ${count}`,
    )
  const found = await pick(`AND id > '${from?.id ?? ''}'`)
  // Too near to the end of the budget.
  return found.length < count ? await pick('') : found
}

/** The version that the cell has now: other benches may have moved it since it was picked. */
export async function refresh(world: World, cell: Picked): Promise<void> {
  const [now] = await world.owner<{ version: number }[]>`
    SELECT version FROM efir_budget.planning_cells WHERE id = ${cell.id}`
  cell.version = now?.version ?? cell.version
}

/** Whether a migration has made the function yet. */
export async function installed(world: World, name: string): Promise<boolean> {
  const [row] = await world.owner<{ found: boolean }[]>`
    SELECT EXISTS (
      SELECT FROM pg_proc WHERE proname = ${name} AND pronamespace = 'efir_budget'::regnamespace
    ) AS found`
  return row?.found === true
}

/** Their ids as one parameter: the driver was told not to ask the server what arrays are. */
export const idsOf = (cells: readonly Picked[]): string => `{${cells.map(({ id }) => id).join(',')}}`
