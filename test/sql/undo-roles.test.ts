import { randomUUID } from 'node:crypto'
import { beforeEach, expect, it } from 'vitest'
import { localOnly } from '../support/stack.ts'
import { freshKey, freshTenants, read, referenceTo, refusalOf, write } from './support/cells.ts'
import { outcomes, redo, restore, undo, undoState } from './support/turns.ts'

const calls = {
  undo: 'SELECT efir_budget.undo($1)',
  redo: 'SELECT efir_budget.redo($1)',
  preview_undo: 'SELECT efir_budget.preview_undo($1)',
  preview_redo: 'SELECT efir_budget.preview_redo($1)',
  undo_state: 'SELECT efir_budget.undo_state($1)',
  restore_cells: 'SELECT efir_budget.restore_cells($1, 0)',
}

localOnly('it makes a database').describe('who may undo what', async () => {
  const { asAlice, asBob, asMallory, asAnon, asService, createBudget, sql, ...tenants } = await freshTenants()
  const { alice, bob, ours, theirBudget } = tenants
  let budget: string
  beforeEach(async () => {
    budget = (await createBudget({ organization: ours })).id
  })

  it.each(Object.entries(calls))('%s is not for the public', async (_, call) => {
    const refusal = await refusalOf(asAnon((as) => as.unsafe(call, [budget])))
    expect(refusal.code).toBe('42501')
  })

  it.each(Object.entries(calls))(
    '%s answers another organisation as if there were no budget',
    async (_, call) => {
      await asAlice((as) => write(as, budget, [{ ...freshKey(), number: '1' }]))
      const refusal = await refusalOf(asMallory((as) => as.unsafe(call, [budget])))
      expect(refusal.code).toBe('PT404')
    },
  )

  it.each(Object.entries(calls))('%s is over when the budget is deleted', async (_, call) => {
    await asAlice((as) => write(as, budget, [{ ...freshKey(), number: '1' }]))
    await sql`UPDATE efir_budget.budget_versions SET deleted_at = now() WHERE id = ${budget}`
    expect((await refusalOf(asAlice((as) => as.unsafe(call, [budget])))).code).toBe('PT404')
  })

  it.each(Object.entries(calls).filter(([name]) => name !== 'restore_cells'))(
    '%s refuses the service key, which is nobody and has no steps',
    async (_, call) => {
      await asService((as) => write(as, budget, [{ ...freshKey(), number: '1' }]))
      expect((await refusalOf(asService((as) => as.unsafe(call, [budget])))).code).toBe('PT403')
    },
  )

  it('the service key may restore, as nobody: nobody can undo that', async () => {
    const key = freshKey()
    await asAlice((as) => write(as, budget, [{ ...key, number: '1' }]))
    await asAlice((as) => write(as, budget, [{ ...key, number: '2' }]))
    expect(outcomes(await asService((as) => restore(as, budget, 1)))).toEqual(['written'])
    expect(outcomes(await asAlice((as) => undo(as, budget)))).toEqual(['superseded'])
    expect((await asAlice((as) => read(as, budget, [referenceTo(key)]))).cells).toMatchObject([
      { number: '1' },
    ])
  })

  it('what is behind the functions is nobody’s to call', async () => {
    const [behind] = await sql<{ names: string[] }[]>`
      SELECT array_agg(proname::text ORDER BY proname) AS names FROM pg_proc
      WHERE pronamespace = 'efir_budget'::regnamespace
        AND proname ~ 'turn|step|stack|scope|buried|items_of|session|require|filter'
        AND (has_function_privilege('authenticated', oid, 'EXECUTE') OR has_function_privilege('service_role', oid, 'EXECUTE')
          OR has_function_privilege('anon', oid, 'EXECUTE'))`
    expect(behind?.names).toBe(null)
  })

  it('a session id of another user, or of a budget elsewhere, is refused and tells nothing', async () => {
    const session = randomUUID()
    const elsewhere = randomUUID()
    await asAlice((as) => write(as, budget, [{ ...freshKey(), number: '1' }], { session }))
    await asMallory((as) => write(as, theirBudget, [{ ...freshKey(), number: '1' }], { session: elsewhere }))
    const forged = [
      asBob((as) => write(as, budget, [{ ...freshKey(), number: '1' }], { session })),
      asAlice((as) => write(as, budget, [{ ...freshKey(), number: '1' }], { session: elsewhere })),
      asMallory((as) => write(as, theirBudget, [{ ...freshKey(), number: '1' }], { session })),
    ]
    for (const refusal of await Promise.all(forged.map(refusalOf))) {
      expect(refusal).toMatchObject({ code: 'PT422', detail: { field: 'p_session_id' } })
      expect(JSON.stringify(refusal)).not.toContain(alice)
    }
    expect(outcomes(await asBob((as) => undo(as, budget)))).toEqual([])
  })

  it('a user’s steps are his in this budget only', async () => {
    const other = (await createBudget({ organization: ours })).id
    await asAlice((as) => write(as, budget, [{ ...freshKey(), number: '1' }]))
    expect(outcomes(await asBob((as) => undo(as, budget)))).toEqual([])
    expect(outcomes(await asAlice((as) => undo(as, other)))).toEqual([])
    expect(outcomes(await asAlice((as) => undo(as, budget)))).toEqual(['reverted'])
  })

  it('an operation id of somebody else answers nobody', async () => {
    const operation = randomUUID()
    await asAlice((as) => write(as, budget, [{ ...freshKey(), number: '1' }]))
    await asAlice((as) => undo(as, budget, { operation }))
    expect((await refusalOf(asBob((as) => undo(as, budget, { operation })))).code).toBe('PT422')
    expect((await refusalOf(asAlice((as) => redo(as, budget, { operation })))).code).toBe('PT422')
  })

  it('which change a cell shows is not the writer’s to say', async () => {
    const key = freshKey()
    await asAlice((as) => write(as, budget, [{ ...key, number: '1' }]))
    await asBob(
      (as) => as`UPDATE efir_budget.planning_cells
        SET value_numeric = 2, effective_version = NULL, effective_author = ${alice} WHERE budget_version_id = ${budget}`,
    )
    await asBob(
      (as) => as`UPDATE efir_budget.planning_cells
        SET effective_version = 1, effective_author = ${alice} WHERE budget_version_id = ${budget}`,
    )
    expect(
      await sql`SELECT version, effective_version, effective_author FROM efir_budget.planning_cells
        WHERE budget_version_id = ${budget}`,
    ).toEqual([{ version: 2, effective_version: 2, effective_author: bob }])
  })

  it('whoever left the organisation undoes nothing any more', async () => {
    const carol = await tenants.createUser({ organization: ours })
    await tenants.asUser(carol.id, (as) => write(as, budget, [{ ...freshKey(), number: '1' }]))
    await sql`DELETE FROM efir_budget.user_profiles WHERE user_id = ${carol.id}`
    expect((await refusalOf(tenants.asUser(carol.id, (as) => undo(as, budget)))).code).toBe('PT404')
    expect((await refusalOf(tenants.asUser(carol.id, (as) => undoState(as, budget)))).code).toBe('PT404')
  })
})
