import { randomUUID } from 'node:crypto'
import { describe, expect, it } from 'vitest'
import { freshKey, freshTenants, refusalOf, write } from './support/cells.ts'
import { apply, changesSince, contents, nothing, snapshot, type Held } from './support/feed.ts'

const database = await freshTenants()
const {
  sql,
  ours,
  alice,
  budget: sharedBudget,
  asAlice,
  asBob,
  asMallory,
  asAnon,
  asService,
  createBudget,
  createUser,
} = database

const newBudget = async () => (await createBudget({ organization: ours })).id
const since = (budget: string, revision: number, options?: { limit?: number; filter?: object | null }) =>
  asBob((as) => changesSince(as, budget, revision, options))
const put = async (budget: string, items: object[], options?: Parameters<typeof write>[3]) => {
  const reply = await asAlice((as) => write(as, budget, items as never, options))
  return { ...reply, ids: reply.results.map((result) => result[1] as string) }
}

describe('changes_since', () => {
  it('has nothing to tell to who is up to date', async () => {
    const budget = await newBudget()
    expect(await since(budget, 0)).toEqual({ revision: 0, from: 0, to: 0, resync: false, commits: [] })
    await put(budget, [{ ...freshKey(), number: '1' }])
    expect(await since(budget, 1)).toEqual({ revision: 1, from: 1, to: 1, resync: false, commits: [] })
  })

  it('tells commit by commit who did what, with the cells as they were after it', async () => {
    const budget = await newBudget()
    const [first, second] = [freshKey(), freshKey()]
    const operation = randomUUID()
    const made = await put(budget, [
      { ...first, number: '45000.50' },
      { ...second, text: 'x' },
    ])
    const [id, other] = made.ids as [string, string]
    const later = await asBob((as) =>
      write(as, budget, [{ id, number: '-0.0001' }], { operation, type: 'import' }),
    )
    const feed = await since(budget, 0)
    expect(feed).toMatchObject({ revision: 2, from: 0, to: 2, resync: false })
    expect(feed.commits).toEqual([
      {
        revision: 1,
        at: made.at,
        actor: alice,
        changeType: 'manual',
        sessionId: made.sessionId,
        refSessionId: null,
        operationId: null,
        cells: expect.arrayContaining([
          [id, ...Object.values(first), '45000.5', null, 'input', false, null, 1, alice, made.at],
          [other, ...Object.values(second), null, 'x', 'input', false, null, 1, alice, made.at],
        ]) as unknown,
        deleted: [],
      },
      expect.objectContaining({
        revision: 2,
        at: later.at,
        actor: later.actor,
        changeType: 'import',
        operationId: operation,
        cells: [
          [id, ...Object.values(first), '-0.0001', null, 'imported', false, null, 2, later.actor, later.at],
        ],
      }),
    ])
  })

  it('tells of a deleted cell by its key and version, and of its return', async () => {
    const budget = await newBudget()
    const key = freshKey()
    const { ids } = await put(budget, [{ ...key, number: '1' }])
    await put(budget, [{ id: ids[0], delete: true }])
    await put(budget, [{ ...key, number: '2' }])
    const { commits } = await since(budget, 1)
    expect(commits[0]).toMatchObject({ cells: [], deleted: [[ids[0], ...Object.values(key), 2]] })
    expect(commits[1]!.cells.map((cell) => [cell[0], cell[5], cell[10]])).toEqual([[ids[0], '2', 3]])
    expect(commits[1]!.deleted).toEqual([])
  })

  it('tells of a lock', async () => {
    const budget = await newBudget()
    const { ids } = await put(budget, [{ ...freshKey(), number: '1' }])
    await asAlice(
      (as) => as`
        UPDATE efir_budget.planning_cells SET is_locked = true, lock_reason = 'approved' WHERE id = ${ids[0]!}`,
    )
    const { commits } = await since(budget, 1)
    expect(commits[0]!.cells[0]!.slice(5, 11)).toEqual(['1', null, 'input', true, 'approved', 2])
  })

  it('reports a cell that changed twice in one commit once, as it was in the end', async () => {
    const budget = await newBudget()
    const { ids } = await put(budget, [{ ...freshKey(), number: '1' }])
    await asAlice(async (as) => {
      await as`UPDATE efir_budget.planning_cells SET value_numeric = 2 WHERE id = ${ids[0]!}`
      await as`UPDATE efir_budget.planning_cells SET value_numeric = 3 WHERE id = ${ids[0]!}`
    })
    const { commits } = await since(budget, 1)
    expect(commits).toHaveLength(1)
    expect(commits[0]!.cells.map((cell) => [cell[5], cell[10]])).toEqual([['3', 3]])
  })

  it('pages by whole commits, and takes one that is larger than the page alone', async () => {
    const budget = await newBudget()
    for (const size of [2, 1, 5, 1, 1]) {
      await put(
        budget,
        Array.from({ length: size }, () => ({ ...freshKey(), number: '1' })),
      )
    }
    const sizes: number[][] = []
    let held: Held = nothing
    while (held.revision < 5) {
      const feed = await since(budget, held.revision, { limit: 3 })
      expect(feed.revision).toBe(5)
      sizes.push(feed.commits.map(({ cells }) => cells.length))
      held = apply(held, feed)
    }
    expect(sizes).toEqual([[2, 1], [5], [1, 1]])
    expect(contents(held)).toEqual(contents(await snapshot(sql, budget)))
  })

  it('has only what the filter names, and goes on past commits that have none of it', async () => {
    const budget = await newBudget()
    const key = freshKey()
    await put(budget, [
      { ...key, number: '1' },
      { ...key, period: '2025-10', number: '2' },
    ])
    await put(budget, [{ ...key, period: '2025-10', number: '3' }])
    const feed = await since(budget, 0, { filter: { module: 'core', period: ['2025-09', null] } })
    expect(feed).toMatchObject({ revision: 2, from: 0, to: 2 })
    expect(feed.commits.map(({ cells }) => cells.map((cell) => cell[5]))).toEqual([['1']])
  })

  it('follows on a list: its revision and what came after make a fresh list', async () => {
    const budget = await newBudget()
    const { ids } = await put(
      budget,
      Array.from({ length: 20 }, (_, n) => ({ ...freshKey(), number: String(n) })),
    )
    const before = await snapshot(sql, budget)
    await put(budget, [{ id: ids[0], number: '7' }])
    await put(budget, [
      { id: ids[1], delete: true },
      { ...freshKey(), text: 'new' },
    ])
    const after = apply(before, await since(budget, before.revision))
    expect(contents(after)).toEqual(contents(await snapshot(sql, budget)))
  })

  it.each([
    [-1, 'p_revision'],
    [null, 'p_revision'],
  ])('refuses %s as a revision', async (revision, field) => {
    const refusal = await refusalOf(since(sharedBudget, revision!))
    expect(refusal).toMatchObject({ code: 'PT422', detail: { field } })
  })

  it.each([0, 10_001])('refuses %s as a limit', async (limit) => {
    expect(await refusalOf(since(sharedBudget, 0, { limit }))).toMatchObject({ code: 'PT422' })
  })

  it('refuses a filter by what can change, with which nobody would hear that a cell has left it', async () => {
    const refusal = await refusalOf(since(sharedBudget, 0, { filter: { locked: true } }))
    expect(refusal).toMatchObject({ code: 'PT422', detail: { field: 'p_filter' } })
  })
})

describe('who must read afresh', () => {
  it('is told so when he is ahead of the budget, which was restored from a backup', async () => {
    const budget = await newBudget()
    await put(budget, [{ ...freshKey(), number: '1' }])
    expect(await since(budget, 9)).toEqual({ revision: 1, from: 9, to: 9, resync: true, commits: [] })
  })

  it('is told so when the log was pruned past him, and not when it still reaches back to him', async () => {
    const budget = await newBudget()
    const { ids } = await put(budget, [{ ...freshKey(), number: '1' }])
    for (const number of ['2', '3', '4']) await put(budget, [{ id: ids[0], number }])
    const [row] = await sql<{ pruned: string }[]>`SELECT efir_budget.prune_log(${budget}, 2) AS pruned`
    expect(row!.pruned).toBe('2')
    expect(await since(budget, 0)).toMatchObject({ to: 0, resync: true })
    expect(await since(budget, 1)).toMatchObject({ to: 1, resync: true })
    expect(await since(budget, 2)).toMatchObject({ to: 4, resync: false })
    await sql`SELECT efir_budget.prune_log(${budget}, 100)`
    expect(await since(budget, 3)).toMatchObject({ to: 3, resync: true })
    expect(await since(budget, 4)).toMatchObject({ to: 4, resync: false })
    await put(budget, [{ id: ids[0], number: '5' }])
    expect(await since(budget, 4)).toMatchObject({ to: 5, resync: false })
  })

  it('is told so before a commit so large that reading is quicker', async () => {
    const budget = await newBudget()
    await sql`
      INSERT INTO efir_budget.planning_cells (budget_version_id, module_code, field_name, period_code)
      SELECT ${budget}, 'bulk', 'f', n::text FROM generate_series(1, 20001) AS n`
    expect(await since(budget, 0)).toEqual({ revision: 1, from: 0, to: 0, resync: true, commits: [] })
    expect(await since(budget, 1)).toMatchObject({ to: 1, resync: false })
  })

  it('only the owner prunes', async () => {
    const prune = (as: Parameters<Parameters<typeof asAlice>[0]>[0]) =>
      as`SELECT efir_budget.prune_log(${sharedBudget}, 1)`
    expect(await refusalOf(asAlice(prune))).toMatchObject({ code: '42501' })
    expect(await refusalOf(asService(prune))).toMatchObject({ code: '42501' })
  })
})

describe('whose changes', () => {
  it('are nobody else’s: another organisation, nobody at all', async () => {
    const ask = (as: Parameters<Parameters<typeof asAlice>[0]>[0]) => changesSince(as, sharedBudget, 0)
    expect(await refusalOf(asMallory(ask))).toMatchObject({ code: 'PT404' })
    expect(await refusalOf(asAnon(ask))).toMatchObject({ code: '42501' })
    expect(await asService(ask)).toMatchObject({ resync: false })
  })

  it('end for a user with his membership', async () => {
    const carol = await createUser({ organization: ours })
    const ask = () => database.asUser(carol.id, (as) => changesSince(as, sharedBudget, 0))
    expect(await ask()).toMatchObject({ resync: false })
    await sql`DELETE FROM efir_budget.user_profiles WHERE user_id = ${carol.id}`
    expect(await refusalOf(ask())).toMatchObject({ code: 'PT404' })
  })

  it('end for everyone when the budget is deleted, softly or for good', async () => {
    const [soft, hard] = [await newBudget(), await newBudget()]
    await put(hard, [{ ...freshKey(), number: '1' }])
    await sql`UPDATE efir_budget.budget_versions SET deleted_at = now() WHERE id = ${soft}`
    await sql`DELETE FROM efir_budget.budget_versions WHERE id = ${hard}`
    expect(await refusalOf(since(soft, 0))).toMatchObject({ code: 'PT404' })
    expect(await refusalOf(since(hard, 0))).toMatchObject({ code: 'PT404' })
  })
})
