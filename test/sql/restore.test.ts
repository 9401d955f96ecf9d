import { randomUUID } from 'node:crypto'
import { beforeEach, expect, it } from 'vitest'
import { localOnly } from '../support/stack.ts'
import { freshKey, freshTenants, read, referenceTo, refusalOf, write } from './support/cells.ts'
import { outcomes, restore, undo, undoState } from './support/turns.ts'

localOnly('it makes a database').describe('restoring cells to a revision', async () => {
  const { asAlice, asBob, createBudget, sql, ours } = await freshTenants()
  let budget: string
  beforeEach(async () => {
    budget = (await createBudget({ organization: ours })).id
  })

  type Key = ReturnType<typeof freshKey>
  const put = (key: Key, number: string) => asAlice((as) => write(as, budget, [{ ...key, number }]))
  const see = async (...keys: Key[]) => {
    const { cells } = await asAlice((as) => read(as, budget, keys.map(referenceTo)))
    return cells.map((cell) => cell?.number ?? null)
  }

  it('writes what they showed then, deletes what was not there, and is one step with a label', async () => {
    const [changed, made, deleted, same] = [freshKey(), freshKey(), freshKey(), freshKey()]
    for (const key of [changed, deleted, same]) await put(key, '1')
    await put(changed, '2')
    await put(made, '2')
    await asAlice((as) => write(as, budget, [{ ...deleted, delete: true }]))
    const reply = await asBob((as) => restore(as, budget, 3))
    expect(outcomes(reply)).toEqual(['written', 'written', 'written'])
    expect(reply.revision).toBe(7)
    const gone = reply.results.find(([, cell]) => cell === null)
    expect(gone).toEqual(['written', null, [expect.any(String), ...referenceTo(made), 2]])
    expect(await see(changed, made, deleted, same)).toEqual(['1', null, '1', '1'])
    expect(await asBob((as) => undoState(as, budget))).toMatchObject({
      undo: { label: 'Restore revision 3', changeType: 'manual', cells: 3 },
    })
    await asBob((as) => undo(as, budget))
    expect(await see(changed, made, deleted, same)).toEqual(['2', '2', null, '1'])
  })

  it('keeps to the filter', async () => {
    const [one, two] = [freshKey(), freshKey()]
    for (const key of [one, two]) {
      await put(key, '1')
      await put(key, '2')
    }
    await asAlice((as) => restore(as, budget, 0, { filter: { field: one.field } }))
    expect(await see(one, two)).toEqual([null, '2'])
    const refusal = await refusalOf(asAlice((as) => restore(as, budget, 0, { filter: { feild: 'x' } })))
    expect(refusal.code).toBe('PT422')
  })

  it('with nothing to restore makes no step and no revision', async () => {
    await put(freshKey(), '1')
    expect(await asBob((as) => restore(as, budget, 1))).toMatchObject({
      revision: 1,
      sessionId: null,
      results: [],
    })
    expect((await asBob((as) => undoState(as, budget))).undo).toBe(null)
  })

  it('is refused whole for a locked cell, or leaves it out', async () => {
    const [open, locked] = [freshKey(), freshKey()]
    for (const key of [open, locked]) {
      await put(key, '1')
      await put(key, '2')
    }
    await asAlice(
      (as) => as`UPDATE efir_budget.planning_cells SET is_locked = true
        WHERE budget_version_id = ${budget} AND field_name = ${locked.field}`,
    )
    const refusal = await refusalOf(asAlice((as) => restore(as, budget, 0)))
    expect(refusal).toMatchObject({ code: 'PT423' })
    const reply = await asAlice((as) => restore(as, budget, 0, { mode: 'partial' }))
    expect(outcomes(reply).toSorted()).toEqual(['locked', 'written'])
    expect(await see(open, locked)).toEqual([null, '2'])
  })

  it('sent again under its id is answered, and changes nothing; with other arguments it is refused', async () => {
    const key = freshKey()
    const operation = randomUUID()
    await put(key, '1')
    await put(key, '2')
    const first = await asAlice((as) => restore(as, budget, 1, { operation }))
    await put(key, '3')
    expect(await asAlice((as) => restore(as, budget, 1, { operation }))).toEqual(first)
    expect(await see(key)).toEqual(['3'])
    expect((await refusalOf(asAlice((as) => restore(as, budget, 2, { operation })))).code).toBe('PT422')
    const [{ count } = { count: 0 }] = await sql<{ count: number }[]>`
      SELECT count(*)::int FROM efir_budget.cell_changes WHERE operation_id = ${operation}`
    expect(count).toBe(1)
  })

  it('knows no revision below 0 or above the newest, and no other mode', async () => {
    await put(freshKey(), '1')
    for (const revision of [-1, 2])
      expect((await refusalOf(asAlice((as) => restore(as, budget, revision)))).code).toBe('PT422')
    expect((await refusalOf(asAlice((as) => restore(as, budget, 0, { mode: 'x' })))).code).toBe('PT422')
  })
})
