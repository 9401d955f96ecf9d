import type postgres from 'postgres'
import { describe, expect, it } from 'vitest'
import { crowd, freshKey, freshTenants, write, type Item, type Tuple } from './support/cells.ts'
import {
  apply,
  asOf,
  changesSince,
  contents,
  nothing,
  snapshot,
  type Feed,
  type Held,
} from './support/feed.ts'
import { broadcasts, startRealtime } from './support/realtime.ts'
import { randomFrom, type Random } from './support/random.ts'

/**
 * What each writer does follows from CELLS_FEED_SEED, which a failure names; how writers meet is up to the clock.
 * CELLS_FEED_ROUNDS makes it longer.
 */
const SEED = Number(process.env.CELLS_FEED_SEED ?? Date.now() % 1_000_000)
const ROUNDS = Number(process.env.CELLS_FEED_ROUNDS ?? 40)
const WRITERS = 8

const database = await freshTenants()
const { sql, ours, alice, bob, createBudget } = database
await startRealtime(sql)
const budgets = (
  await Promise.all(Array.from({ length: 3 }, () => createBudget({ organization: ours })))
).map(({ id }) => id)
const keys = Array.from({ length: 40 }, () => freshKey())

const writing = crowd(database, WRITERS)
const reading = crowd(database, 6)

const tally = { written: 0, abandoned: 0, beaten: 0, polls: 0 }
const abandoned = new Error('taken back')

/** One transaction of a writer: direct writes to some budgets, then perhaps a call, at its own pace, for good or not; or an undo. */
async function round(as: postgres.TransactionSql, random: Random): Promise<void> {
  if (random.chance(0.15)) {
    const budget = random.pick(budgets)
    await (random.chance(0.7)
      ? as`SELECT efir_budget.undo(${budget})`
      : as`SELECT efir_budget.redo(${budget})`)
    return
  }
  const linger = () => as`SELECT pg_sleep(${random.below(20) / 1000})`
  if (random.chance(0.6)) {
    for (const budget of [...budgets].sort().filter(() => random.chance(0.5))) {
      await directWrite(as, budget, random)
      if (random.chance(0.5)) await linger()
    }
  }
  if (random.chance(0.6)) {
    const items = random.sample(keys, 1 + random.below(6)).map((key): Item => {
      const kind = random.below(4)
      if (kind === 0) return { ...key, delete: true }
      return kind === 1
        ? { ...key, text: `t${random.below(9)}` }
        : { ...key, number: String(random.below(9)) }
    })
    await write(as, random.pick(budgets), items, { mode: 'partial' })
  }
  if (random.chance(0.5)) await linger()
  if (random.chance(0.2)) throw abandoned
}

async function directWrite(as: postgres.TransactionSql, budget: string, random: Random): Promise<void> {
  const some = random.sample(keys, 1 + random.below(4)).map(({ entity }) => entity)
  const kind = random.below(4)
  if (kind === 0) {
    await as`
      INSERT INTO efir_budget.planning_cells (budget_version_id, module_code, entity_id, field_name, period_code, value_numeric)
      VALUES (${budget}, 'direct', ${some[0]!}, 'f', ${String(random.below(20))}, ${random.below(9)})
      ON CONFLICT ON CONSTRAINT uq_planning_cell DO UPDATE SET value_numeric = EXCLUDED.value_numeric
      WHERE planning_cells.deleted_at IS NULL`
  } else if (kind === 1) {
    await as`
      UPDATE efir_budget.planning_cells SET deleted_at = now(), value_numeric = NULL, value_text = NULL
      WHERE budget_version_id = ${budget} AND entity_id = ANY(${some}) AND deleted_at IS NULL`
  } else {
    await as`
      UPDATE efir_budget.planning_cells SET value_numeric = ${random.below(9)}, value_text = NULL
      WHERE budget_version_id = ${budget} AND entity_id = ANY(${some})`
  }
}

async function writer(number: number, run: ReturnType<typeof crowd>): Promise<void> {
  const random = randomFrom(SEED + number)
  for (let n = 0; n < ROUNDS; n += 1) {
    try {
      await run.asUser(random.pick([alice, bob]), (as) => round(as, random))
      tally.written += 1
    } catch (error) {
      // A transaction of someone's own SQL may meet another that locks in another order; then it is nothing at all.
      const { code } = error as { code?: string }
      if (error === abandoned) tally.abandoned += 1
      else if (code === '40P01' || code === 'PT503') tally.beaten += 1
      else throw error
    }
  }
}

/** Polls as a subscriber would, and holds what he has against a list of the same moment. */
async function reader(number: number, budget: string, run: ReturnType<typeof crowd>, done: () => boolean) {
  const random = randomFrom(SEED + 100 + number)
  let held: Held = nothing
  for (let last = false; ; last = done()) {
    const limit = 1 + random.below(30)
    if (random.chance(0.5)) {
      held = apply(held, await run.asUser(alice, (as) => changesSince(as, budget, held.revision, { limit })))
    } else {
      await run.sql.begin('ISOLATION LEVEL REPEATABLE READ', async (as) => {
        let feed: Feed
        do {
          feed = await changesSince(as, budget, held.revision, { limit })
          held = apply(held, feed)
        } while (feed.to < feed.revision)
        const [row] = await as<{ reply: { revision: number; cells: Tuple[]; next: null } }[]>`
          SELECT efir_budget.list_cells(${budget}, '{}', NULL, 10000) AS reply`
        expect(contents(held), `seed ${SEED}`).toEqual({
          revision: row!.reply.revision,
          cells: row!.reply.cells,
        })
      })
      if (last) return held
    }
    tally.polls += 1
  }
}

describe(`writers that dawdle, give up and meet, over three budgets (seed ${SEED})`, () => {
  it(
    'are followed without a gap, twice, or a state that never was',
    async () => {
      let writers = WRITERS
      const [held] = await Promise.all([
        Promise.all(
          [...budgets, ...budgets].map((budget, number) =>
            reader(number, budget, reading, () => writers === 0),
          ),
        ),
        Promise.all(
          Array.from({ length: WRITERS }, (_, number) =>
            writer(number, writing).finally(() => {
              writers -= 1
            }),
          ),
        ),
      ])
      for (const [number, state] of held.entries()) {
        expect(contents(state), `seed ${SEED}`).toEqual(contents(await snapshot(sql, budgets[number % 3]!)))
      }
      expect(tally.written).toBeGreaterThan(ROUNDS)
      expect(tally.abandoned).toBeGreaterThan(0)
    },
    60_000 + ROUNDS * 1000,
  )

  it.each([0, 1, 2])(
    'leave revisions from 1 on without a gap, each with changes, in budget %i',
    async (number) => {
      const [row] = await sql`
      SELECT count(*)::int AS commits, min(made.revision)::int AS first, max(made.revision)::int AS last,
        count(*) FILTER (WHERE made.revision IS NULL)::int AS open,
        count(*) FILTER (WHERE NOT EXISTS (
          SELECT FROM efir_budget.cell_changes AS change WHERE change.commit_id = made.commit_id
        ))::int AS empty
      FROM efir_budget.cell_commits AS made WHERE made.budget_version_id = ${budgets[number]!}`
      expect(row).toMatchObject({ first: 1, last: row!.commits as number, open: 0, empty: 0 })
    },
  )

  it.each([0, 1, 2])('are broadcast once and in order, in budget %i', async (number) => {
    const budget = budgets[number]!
    const messages = await broadcasts(sql, budget)
    const held = messages.reduce((before, { payload }) => apply(before, payload), nothing)
    expect(contents(held)).toEqual(contents(await snapshot(sql, budget)))
    const [row] = await sql<{ transactions: number }[]>`
      SELECT count(DISTINCT transaction_id)::int AS transactions
      FROM efir_budget.cell_commits WHERE budget_version_id = ${budget}`
    expect(messages).toHaveLength(row!.transactions)
  })

  it.each([0, 1, 2])('can be read as of every moment, in budget %i', async (number) => {
    const budget = budgets[number]!
    const random = randomFrom(SEED + 200 + number)
    let held: Held = nothing
    for (let feed: Feed | undefined; feed === undefined || feed.to < feed.revision;) {
      feed = await changesSince(sql, budget, held.revision, { limit: 1 })
      held = apply(held, feed)
      if (!random.chance(0.1)) continue
      expect(contents(await asOf(sql, budget, held.revision)), `seed ${SEED}`).toEqual(contents(held))
    }
  })
})
