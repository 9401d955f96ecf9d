import { randomUUID } from 'node:crypto'
import { describe, expect, it } from 'vitest'
import { freshKey, freshTenants, refusalOf, write } from './support/cells.ts'
import { allChanges, listChanges, type ChangeRecord } from './support/history.ts'

const {
  sql,
  ours,
  alice,
  bob,
  budget: sharedBudget,
  asAlice,
  asBob,
  asMallory,
  asAnon,
  asService,
  createBudget,
} = await freshTenants()

const newBudget = async () => (await createBudget({ organization: ours })).id
const put = async (budget: string, items: object[], options?: Parameters<typeof write>[3]) => {
  const reply = await asAlice((as) => write(as, budget, items as never, options))
  return { ...reply, ids: reply.results.map((result) => result[1] as string) }
}
const history = (budget: string, filter: object | null = {}, limit = 100) =>
  asBob((as) => allChanges(as, budget, filter, limit))
const values = (records: readonly ChangeRecord[]) => records.map(({ after }) => after[0] ?? after[1])

/** Records of before migration 010, as Alembic's application wrote them: numbers only, and of no commit. */
async function adopted(
  budget: string,
  cell: string,
  numbers: readonly [string | null, string | null, string][],
) {
  for (const [from, to, at] of numbers) {
    await sql`
      INSERT INTO efir_budget.cell_changes (
        cell_id, budget_version_id, module_code, field_name, old_value, new_value, changed_by, changed_at
      )
      VALUES (${cell}, ${budget}, 'old', 'f', ${from}, ${to}, ${bob}, ${at})`
  }
}

describe('list_changes', () => {
  it('tells who did what to which cell, when, from what to what, and in which step', async () => {
    const budget = await newBudget()
    const key = freshKey()
    const operation = randomUUID()
    const made = await put(budget, [{ ...key, number: '45000.50' }], { label: 'Paste', operation })
    const [id] = made.ids
    const later = await asBob((as) => write(as, budget, [{ id, text: 'later', base: 1 }]))
    const { revision, changes, next } = await asBob((as) => listChanges(as, budget))
    expect([revision, next]).toEqual([2, null])
    const cell = [id, ...Object.values(key)]
    expect(changes).toMatchObject([
      {
        revision: 2,
        actor: bob,
        action: 'update',
        cell,
        before: ['45000.5', null, 1],
        after: [null, 'later', 2],
        at: later.at,
      },
      {
        revision: 1,
        at: made.at,
        actor: alice,
        action: 'insert',
        changeType: 'manual',
        cell,
        exists: true,
        before: [null, null, null],
        after: ['45000.5', null, 1],
        valueType: 'input',
        isLocked: false,
        lockReason: null,
        sessionId: made.sessionId,
        sessionLabel: 'Paste',
        refSessionId: null,
        operationId: operation,
      },
    ])
  })

  it('outlives a deleted cell, and says that it is gone', async () => {
    const budget = await newBudget()
    const { ids } = await put(budget, [{ ...freshKey(), number: '1' }])
    await put(budget, [{ id: ids[0], delete: true }])
    const records = await history(budget, { cell: ids[0] })
    expect(records.map(({ action, exists }) => [action, exists])).toEqual([
      ['delete', false],
      ['insert', false],
    ])
  })

  it('has the records of a cell, a step, an entity, a period, a user, a kind of work', async () => {
    const budget = await newBudget()
    const [key, other] = [freshKey(), { ...freshKey(), module: 'zebra', period: '2026-01' }]
    const first = await put(budget, [
      { ...key, number: '1' },
      { ...other, number: '2' },
    ])
    await asBob((as) => write(as, budget, [{ ...key, number: '3' }], { type: 'import' }))
    await asService((as) => write(as, budget, [{ ...other, number: '4' }]))
    const of = async (filter: object) => values(await history(budget, filter))
    expect(await of({ cell: first.ids[0] })).toEqual(['3', '1'])
    expect((await of({ session: first.sessionId })).toSorted()).toEqual(['1', '2'])
    expect(await of({ entity: key.entity })).toEqual(['3', '1'])
    expect(await of({ entity: other.entity })).toEqual(['4', '2'])
    expect(await of({ entity: other.entity, module: 'core' })).toEqual([])
    expect(await of({ period: '2026-01' })).toEqual(['4', '2'])
    expect(await of({ user: bob })).toEqual(['3'])
    expect(await of({ user: [null] })).toEqual(['4'])
    expect(await of({ type: 'import' })).toEqual(['3'])
    expect(await of({ user: [alice, bob], period: ['2025-09'] })).toEqual(['3', '1'])
  })

  it.each([
    ['few', {}, 7],
    ['those of one cell', 'cell', 7],
    ['those of one entity', 'entity', 1],
  ])('pages: %s come newest first, each once, whatever is written meanwhile', async (_, filter, limit) => {
    const budget = await newBudget()
    const key = freshKey()
    const { ids } = await put(budget, [{ ...key, number: '0' }])
    for (let n = 1; n <= 20; n += 1) await put(budget, [{ id: ids[0], number: String(n) }])
    const by = filter === 'cell' ? { cell: ids[0] } : filter === 'entity' ? { entity: key.entity } : {}
    const found: ChangeRecord[] = []
    let before: unknown = null
    do {
      const page = await asBob((as) => listChanges(as, budget, by, { before, limit }))
      found.push(...page.changes)
      before = page.next
      await put(budget, [{ id: ids[0], number: `-${found.length}` }])
    } while (before !== null)
    expect(values(found)).toEqual(Array.from({ length: 21 }, (__, n) => String(20 - n)))
  })

  it('pages within a commit that is larger than a page', async () => {
    const budget = await newBudget()
    await put(
      budget,
      Array.from({ length: 25 }, (_, n) => ({ ...freshKey(), number: String(n) })),
    )
    for (const filter of [{}, { user: alice }]) {
      const found = await history(budget, filter, 4)
      expect(new Set(values(found)).size).toBe(25)
      expect(found).toHaveLength(25)
    }
  })

  it('has the records of before migration 010 last, by time, with what they know', async () => {
    const budget = await newBudget()
    const { ids } = await put(budget, [{ ...freshKey(), number: '3' }])
    await adopted(budget, ids[0]!, [
      [null, '1', '2024-01-01'],
      ['1', '2', '2024-02-01'],
    ])
    for (const filter of [{}, { cell: ids[0] }, null]) {
      const found = await history(budget, filter, 1)
      expect(values(found)).toEqual(['3', '2', '1'])
      expect(found[1]).toMatchObject({
        revision: null,
        before: ['1', null, null],
        after: ['2', null, null],
        actor: bob,
      })
    }
  })

  it('finds what is rare in a long log, a bounded piece at a time', async () => {
    const budget = await newBudget()
    await put(budget, [{ ...freshKey(), period: 'rare', number: '1' }])
    // As many records as one call looks through, in few commits.
    for (let n = 0; n < 11; n += 1) {
      await sql`
        INSERT INTO efir_budget.planning_cells (budget_version_id, module_code, field_name, period_code)
        SELECT ${budget}, 'bulk', ${`f${n}`}, n::text FROM generate_series(1, 10000) AS n`
    }
    const first = await asBob((as) => listChanges(as, budget, { period: 'rare' }))
    expect(first.changes).toEqual([])
    expect(first.next).not.toBeNull()
    expect(values(await history(budget, { period: 'rare' }))).toEqual(['1'])
    expect(await history(budget, { user: alice })).toHaveLength(1)
  })

  it('goes on when the log has been pruned: with what is left', async () => {
    const budget = await newBudget()
    const { ids } = await put(budget, [{ ...freshKey(), number: '1' }])
    await put(budget, [{ id: ids[0], number: '2' }])
    await adopted(budget, ids[0]!, [[null, '0', '2024-01-01']])
    await sql`SELECT efir_budget.prune_log(${budget}, 1)`
    expect(values(await history(budget))).toEqual(['2'])
    expect(values(await history(budget, { cell: ids[0] }))).toEqual(['2'])
  })

  it.each([
    ['p_filter', { colour: 'red' }, {}],
    ['p_filter', [], {}],
    ['p_filter', 'all', {}],
    ['p_filter.cell', { cell: 'A1' }, {}],
    ['p_filter.user', { user: 7 }, {}],
    ['p_limit', {}, { limit: 0 }],
    ['p_limit', {}, { limit: 1001 }],
    ['p_before', {}, { before: [] }],
    ['p_before', {}, { before: ['x', null, null, null] }],
    ['p_before', {}, { before: { revision: 1 } }],
  ])('refuses what is no %s: %j %j', async (field, filter, options) => {
    const refusal = await refusalOf(asAlice((as) => listChanges(as, sharedBudget, filter as object, options)))
    expect(refusal).toMatchObject({ code: 'PT422', detail: { field } })
  })

  it('is nobody else’s', async () => {
    const ask = (as: Parameters<Parameters<typeof asAlice>[0]>[0]) => listChanges(as, sharedBudget)
    expect(await refusalOf(asMallory(ask))).toMatchObject({ code: 'PT404' })
    expect(await refusalOf(asAnon(ask))).toMatchObject({ code: '42501' })
  })
})
