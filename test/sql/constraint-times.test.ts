import fc from 'fast-check'
import type postgres from 'postgres'
import { describe, expect, it } from 'vitest'
import { freshKey, freshTenants, recordOf, write } from './support/cells.ts'
import { apply, changesSince, contents, nothing, snapshot } from './support/feed.ts'
import { broadcasts, startRealtime, withoutRealtime } from './support/realtime.ts'
import { undo } from './support/turns.ts'

// Somebody's own SQL may say when constraints are checked, and revisions are given by a constraint trigger.
const { sql, ours, asAlice, createBudget } = await freshTenants()
await withoutRealtime(sql)
await startRealtime(sql)

type Sql = postgres.TransactionSql
const newBudget = async () => (await createBudget({ organization: ours })).id

interface Key {
  readonly module: string
  readonly entity: string
  readonly field: string
  readonly period: string
}

const upsert = async (as: Sql, budget: string, { module, entity, field, period }: Key, value: number) =>
  await as<{ id: string }[]>`
    INSERT INTO efir_budget.planning_cells (budget_version_id, module_code, entity_id, field_name, period_code, value_numeric)
    VALUES (${budget}, ${module}, ${entity}, ${field}, ${period}, ${value})
    ON CONFLICT (budget_version_id, module_code, entity_id, field_name, period_code)
    DO UPDATE SET value_numeric = EXCLUDED.value_numeric RETURNING id`

/** Every change is in a commit, every commit has changes and the next revision, and the feed leads to what is there. */
async function expectWhole(budget: string): Promise<void> {
  const commits = await sql<{ revision: string | null; changes: number }[]>`
    SELECT made.revision, (SELECT count(*)::integer FROM efir_budget.cell_changes AS change
      WHERE change.commit_id = made.commit_id AND change.session_id = made.session_id) AS changes
    FROM efir_budget.cell_commits AS made WHERE made.budget_version_id = ${budget} ORDER BY made.revision`
  expect(commits.map(({ revision }) => revision)).toEqual(commits.map((_, index) => String(index + 1)))
  expect(commits.filter(({ changes }) => changes === 0)).toEqual([])
  const lost = await sql`
    SELECT FROM efir_budget.planning_cells AS cell WHERE cell.budget_version_id = ${budget} AND cell.version <> (
      SELECT count(*) FROM efir_budget.cell_changes AS change
      INNER JOIN efir_budget.cell_commits AS made ON made.commit_id = change.commit_id AND made.revision IS NOT NULL
      WHERE change.cell_id = cell.id AND change.new_version IS DISTINCT FROM change.old_version)`
  expect(lost).toEqual([])
  const feed = await asAlice((as) => changesSince(as, budget, 0))
  expect(contents(apply(nothing, feed))).toEqual(contents(await snapshot(sql, budget)))
}

describe('a transaction that has constraints checked at once', () => {
  it('has its direct writes on record, each statement with a revision, and told', async () => {
    const [budget, key] = [await newBudget(), freshKey()]
    const [row] = await asAlice(async (as) => {
      await as`SET CONSTRAINTS ALL IMMEDIATE`
      await upsert(as, budget, key, 1)
      return await upsert(as, budget, key, 2)
    })
    expect((await recordOf(sql, row!.id)).map(({ new_value, revision }) => [new_value, revision])).toEqual([
      ['1.0000', '1'],
      ['2.0000', '2'],
    ])
    await expectWhole(budget)
    const told = await broadcasts(sql, budget)
    expect(told.at(-1)!.payload).toMatchObject({ revision: 2, from: 0, to: 2 })
  })

  it('has what a call makes and changes in one commit, with the call’s session', async () => {
    const [budget, one, two] = [await newBudget(), freshKey(), freshKey()]
    await asAlice((as) => write(as, budget, [{ ...one, number: '1' }]))
    const reply = await asAlice(async (as) => {
      await as`SET CONSTRAINTS ALL IMMEDIATE`
      return await write(as, budget, [
        { ...one, number: '2' },
        { ...two, number: '3' },
      ])
    })
    expect(reply.revision).toBe(2)
    for (const [, id] of reply.results)
      expect((await recordOf(sql, id as string)).at(-1)).toMatchObject({
        session_id: reply.sessionId,
        revision: '2',
      })
    await expectWhole(budget)
    expect((await asAlice((as) => undo(as, budget))).results).toHaveLength(2)
    await expectWhole(budget)
  })
})

describe('a transaction of somebody’s own', () => {
  const place = fc.record({ budget: fc.nat(1), key: fc.nat(2), value: fc.integer({ min: 1, max: 3 }) })
  const act = fc.oneof(
    { weight: 4, arbitrary: place.map((at) => ({ do: 'upsert' as const, ...at })) },
    { weight: 2, arbitrary: place.map((at) => ({ do: 'call' as const, ...at })) },
    { weight: 1, arbitrary: fc.nat(1).map((budget) => ({ do: 'undo' as const, budget })) },
    {
      weight: 3,
      arbitrary: fc
        .constantFrom(
          'SET CONSTRAINTS ALL IMMEDIATE',
          'SET CONSTRAINTS ALL DEFERRED',
          'SET CONSTRAINTS efir_budget.cell_commits_revision IMMEDIATE',
          'SET CONSTRAINTS efir_budget.cell_commits_send IMMEDIATE',
        )
        .map((text) => ({ do: 'set' as const, text })),
    },
    {
      weight: 3,
      arbitrary: fc.constantFrom('save', 'back', 'release').map((what) => ({ do: 'point' as const, what })),
    },
  )

  it(
    'keeps every revision whole, in whatever order it writes, calls, sets constraints and goes back to savepoints',
    { timeout: 300_000 },
    async () => {
      await fc.assert(
        fc.asyncProperty(
          fc.array(fc.array(act, { minLength: 1, maxLength: 8 }), { minLength: 1, maxLength: 3 }),
          async (transactions) => {
            const budgets = [await newBudget(), await newBudget()]
            const keys = [freshKey(), freshKey(), freshKey()]
            for (const acts of transactions)
              await asAlice(async (as) => {
                const points: string[] = []
                for (const [index, step] of acts.entries()) {
                  if (step.do === 'upsert')
                    await upsert(as, budgets[step.budget]!, keys[step.key]!, step.value)
                  else if (step.do === 'call')
                    await write(
                      as,
                      budgets[step.budget]!,
                      keys.slice(0, step.key + 1).map((key) => ({ ...key, number: `${step.value}` })),
                    )
                  else if (step.do === 'undo') await undo(as, budgets[step.budget]!)
                  else if (step.do === 'set') await as.unsafe(step.text)
                  else if (step.what === 'save') {
                    points.push(`p${index}`)
                    await as.unsafe(`SAVEPOINT p${index}`)
                  } else if (points.length > 0) {
                    const point = step.what === 'back' ? points.at(-1)! : points.pop()!
                    await as.unsafe(
                      step.what === 'back' ? `ROLLBACK TO SAVEPOINT ${point}` : `RELEASE SAVEPOINT ${point}`,
                    )
                  }
                }
              })
            for (const budget of budgets) await expectWhole(budget)
          },
        ),
        { numRuns: 100 },
      )
    },
  )
})
