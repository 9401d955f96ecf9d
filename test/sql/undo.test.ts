import { randomUUID } from 'node:crypto'
import { beforeEach, describe, expect, it } from 'vitest'
import { freshKey, freshTenants, read, recordOf, referenceTo, refusalOf, write } from './support/cells.ts'
import { outcomes, previewRedo, previewUndo, redo, undo, undoState } from './support/turns.ts'

const tenants = await freshTenants()
const { asAlice, asBob, asService, createBudget, sql, alice, bob, ours } = tenants

let budget: string
beforeEach(async () => {
  budget = (await createBudget({ organization: ours })).id
})

type Key = ReturnType<typeof freshKey>
const see = async (key: Key) => (await asAlice((as) => read(as, budget, [referenceTo(key)]))).cells[0]
const nothing = { results: [], sessionId: null, label: null }

describe('an undo', () => {
  it('answers with the step, and each cell as it is now', async () => {
    const key = freshKey()
    const session = randomUUID()
    await asAlice((as) => write(as, budget, [{ ...key, number: '1' }], { session, label: 'Paste' }))
    const reply = await asAlice((as) => undo(as, budget))
    expect(reply).toMatchObject({
      revision: 2,
      operationId: null,
      sessionId: session,
      label: 'Paste',
      actor: alice,
    })
    expect(reply.results).toEqual([
      ['reverted', expect.arrayContaining([key.entity, key.field, 'input', 2, alice])],
    ])
    expect(await see(key)).toMatchObject({
      number: null,
      version: 2,
      modifiedBy: alice,
      modifiedAt: reply.at,
    })
  })

  it('leaves one record per cell, which names the step, and moves the version of the row by one', async () => {
    const key = freshKey()
    const { sessionId, results } = await asAlice((as) => write(as, budget, [{ ...key, number: '1' }]))
    await asAlice((as) => undo(as, budget))
    await asAlice((as) => redo(as, budget))
    const record = await recordOf(sql, results[0]![1] as string)
    expect(record).toMatchObject([
      { change_type: 'manual', new_version: 1, revision: '1' },
      {
        change_type: 'undo',
        old_version: 1,
        new_version: 2,
        old_value: '1.0000',
        new_value: null,
        revision: '2',
      },
      {
        change_type: 'redo',
        old_version: 2,
        new_version: 3,
        old_value: null,
        new_value: '1.0000',
        revision: '3',
      },
    ])
    const marks = await sql`SELECT ref_session_id, session_id <> ref_session_id AS own
      FROM efir_budget.cell_changes WHERE change_type IN ('undo', 'redo') AND budget_version_id = ${budget}`
    expect([...marks]).toEqual([
      { ref_session_id: sessionId, own: true },
      { ref_session_id: sessionId, own: true },
    ])
  })

  it('of what is buried leaves a record and the row as it is, in a revision of its own', async () => {
    const key = freshKey()
    const { results } = await asAlice((as) => write(as, budget, [{ ...key, number: '1' }]))
    await asBob((as) => write(as, budget, [{ ...key, number: '2' }]))
    expect(await asAlice((as) => undo(as, budget))).toMatchObject({
      revision: 3,
      results: [['superseded', {}]],
    })
    expect(await see(key)).toMatchObject({ number: '2', version: 2, modifiedBy: bob })
    expect((await recordOf(sql, results[0]![1] as string)).at(-1)).toMatchObject({
      change_type: 'undo',
      old_version: 2,
      new_version: 2,
      old_value: '2.0000',
      new_value: '2.0000',
      changed_by: alice,
    })
  })

  it('that leaves no cell tells its address and version', async () => {
    const key = freshKey()
    const [[, id]] = (await asAlice((as) => write(as, budget, [{ ...key, number: '1' }]))).results as [
      [string, string],
    ]
    await asBob((as) => write(as, budget, [{ ...key, delete: true }]))
    await asBob((as) => write(as, budget, [{ ...key, number: '2' }]))
    const gone = (version: number) => [id, ...referenceTo(key), version]
    expect((await asBob((as) => undo(as, budget))).results).toEqual([['reverted', null, gone(4)]])
    expect((await asAlice((as) => undo(as, budget))).results).toEqual([['missing', null, gone(4)]])
    const records = await sql`
      SELECT change_type, action, is_deleted, value_type, new_version FROM efir_budget.cell_changes
      WHERE cell_id = ${id} AND new_version = 4 ORDER BY commit_id`
    const none = {
      change_type: 'undo',
      action: 'delete',
      is_deleted: true,
      value_type: 'input',
      new_version: 4,
    }
    expect([...records]).toEqual([none, none])
  })

  it('passes a locked cell by, and the step goes over', async () => {
    const [open, locked] = [freshKey(), freshKey()]
    await asAlice((as) =>
      write(as, budget, [
        { ...open, number: '1' },
        { ...locked, number: '1' },
      ]),
    )
    await asBob(
      (as) => as`UPDATE efir_budget.planning_cells SET is_locked = true, lock_reason = 'approved'
        WHERE budget_version_id = ${budget} AND field_name = ${locked.field}`,
    )
    const { results } = await asAlice((as) => undo(as, budget))
    expect(results.map(([outcome, cell]) => [outcome, cell?.[3], cell?.[9]])).toEqual(
      expect.arrayContaining([
        ['reverted', open.field, null],
        ['locked', locked.field, 'approved'],
      ]),
    )
    expect(await asAlice((as) => undoState(as, budget))).toMatchObject({ undo: null, redo: { cells: 2 } })
  })

  it('on an empty stack does nothing, says so, and says it again', async () => {
    const operation = randomUUID()
    expect(await asAlice((as) => undo(as, budget, { operation }))).toMatchObject({ ...nothing, revision: 0 })
    expect(await asAlice((as) => redo(as, budget))).toMatchObject({ ...nothing, revision: 0 })
    await asAlice((as) => write(as, budget, [{ ...freshKey(), number: '1' }]))
    expect(await asAlice((as) => undo(as, budget, { operation }))).toMatchObject({ ...nothing, revision: 0 })
    expect((await asAlice((as) => undoState(as, budget))).undo).not.toBe(null)
  })

  it('sent twice under one id takes one step back, under two ids two', async () => {
    const [one, two, three] = [freshKey(), freshKey(), freshKey()]
    for (const key of [one, two, three]) await asAlice((as) => write(as, budget, [{ ...key, number: '1' }]))
    const operation = randomUUID()
    const twice = await Promise.all([
      asAlice((as) => undo(as, budget, { operation })),
      asAlice((as) => undo(as, budget, { operation })),
    ])
    expect(twice[0]).toEqual(twice[1])
    expect([await see(one), await see(two), await see(three)]).toMatchObject([
      { number: '1' },
      { number: '1' },
      { number: null },
    ])
    const both = await Promise.all([
      asAlice((as) => undo(as, budget, { operation: randomUUID() })),
      asAlice((as) => undo(as, budget, { operation: randomUUID() })),
    ])
    expect(new Set(both.map(({ sessionId }) => sessionId)).size).toBe(2)
    expect([await see(one), await see(two)]).toMatchObject([{ number: null }, { number: null }])
  })
})

describe('a preview', () => {
  it('tells the step and the outcomes, and changes nothing', async () => {
    const key = freshKey()
    await asAlice((as) => write(as, budget, [{ ...key, number: '1' }], { label: 'Paste' }))
    const told = await asAlice((as) => previewUndo(as, budget))
    expect(told).toMatchObject({ revision: 1, label: 'Paste', results: [['reverted', {}]] })
    expect(told.results[0]![1]![5]).toBe('1')
    expect(await asAlice((as) => previewRedo(as, budget))).toMatchObject(nothing)
    expect(await see(key)).toMatchObject({ number: '1', version: 1 })
    await asAlice((as) => undo(as, budget))
    expect(outcomes(await asAlice((as) => previewRedo(as, budget)))).toEqual(['reverted'])
  })
})

describe('what is a step', () => {
  it('a transaction of direct writes is one, of its user', async () => {
    const [one, two] = [freshKey(), freshKey()]
    await asAlice(async (as) => {
      for (const { module, entity, field, period } of [one, two])
        await as`INSERT INTO efir_budget.planning_cells
          (budget_version_id, module_code, entity_id, field_name, period_code, value_numeric)
          VALUES (${budget}, ${module}, ${entity}, ${field}, ${period}, 1)`
    })
    expect(await asAlice((as) => undoState(as, budget))).toMatchObject({ undo: { label: null, cells: 2 } })
    expect(outcomes(await asAlice((as) => undo(as, budget)))).toEqual(['reverted', 'reverted'])
    expect([await see(one), await see(two)]).toMatchObject([{ number: null }, { number: null }])
  })

  it('an import is one; its cells are as they were, and imported again after redo', async () => {
    const key = freshKey()
    await asAlice((as) => write(as, budget, [{ ...key, number: '1' }]))
    await asAlice((as) =>
      write(as, budget, [{ ...key, number: '2' }], { type: 'import', label: 'payroll.csv' }),
    )
    expect(await asAlice((as) => undoState(as, budget))).toMatchObject({
      undo: { label: 'payroll.csv', changeType: 'import', modules: ['core'], cells: 1 },
      redo: null,
    })
    await asAlice((as) => undo(as, budget))
    expect(await see(key)).toMatchObject({ number: '1', valueType: 'input' })
    await asAlice((as) => redo(as, budget))
    expect(await see(key)).toMatchObject({ number: '2', valueType: 'imported' })
  })

  it('a calculation, what a program writes, and a lock are none, and leave redo alone', async () => {
    const key = freshKey()
    await asAlice((as) => write(as, budget, [{ ...key, number: '1' }]))
    await asAlice((as) => undo(as, budget))
    await asAlice((as) => write(as, budget, [{ ...freshKey(), number: '1' }], { type: 'calculation' }))
    await asService((as) => write(as, budget, [{ ...freshKey(), number: '1' }]))
    await asAlice(
      (as) => as`UPDATE efir_budget.planning_cells SET is_locked = true
        WHERE budget_version_id = ${budget} AND field_name <> ${key.field}`,
    )
    expect(await asAlice((as) => undoState(as, budget))).toMatchObject({ undo: null, redo: { cells: 1 } })
    expect(outcomes(await asAlice((as) => redo(as, budget)))).toEqual(['reverted'])
  })

  it('a program that writes in a user’s name makes him no step, and its value needs no confirming', async () => {
    const { module, entity, field, period } = freshKey()
    await asService(
      (as) => as`INSERT INTO efir_budget.planning_cells
        (budget_version_id, module_code, entity_id, field_name, period_code, value_numeric, modified_by)
        VALUES (${budget}, ${module}, ${entity}, ${field}, ${period}, 1, ${alice})`,
    )
    expect(await asAlice((as) => undo(as, budget))).toMatchObject(nothing)
    const again = [{ module, entity, field, period, number: '1' }]
    expect((await asBob((as) => write(as, budget, again))).results).toMatchObject([['unchanged', {}]])
    await asBob((as) => write(as, budget, [{ ...again[0], number: '2' }]))
    await asBob((as) => undo(as, budget))
    expect((await asBob((as) => write(as, budget, again))).results).toMatchObject([['unchanged', {}]])
  })

  it('a session that was undone goes on under a new id, to which the old one leads', async () => {
    const session = randomUUID()
    const put = async (number: string) =>
      asAlice((as) => write(as, budget, [{ ...freshKey(), number }], { session, label: 'Plan' }))
    expect((await put('1')).sessionId).toBe(session)
    await asAlice((as) => undo(as, budget))
    const { sessionId: next } = await put('2')
    expect(next).not.toBe(session)
    expect((await put('3')).sessionId).toBe(next)
    expect(await asAlice((as) => undo(as, budget))).toMatchObject({ sessionId: next, label: 'Plan' })
    expect((await asAlice((as) => undoState(as, budget))).undo).toBe(null)
  })

  it('writes of one session at once are one step', async () => {
    const session = randomUUID()
    const keys = Array.from({ length: 8 }, freshKey)
    await Promise.all(
      keys.map((key) => asAlice((as) => write(as, budget, [{ ...key, number: '1' }], { session }))),
    )
    expect(await asAlice((as) => undoState(as, budget))).toMatchObject({
      undo: { sessionId: session, cells: 8 },
    })
    expect(outcomes(await asAlice((as) => undo(as, budget)))).toEqual(keys.map(() => 'reverted'))
  })

  it('writes that go on at once in an undone session go on in one', async () => {
    const session = randomUUID()
    await asAlice((as) => write(as, budget, [{ ...freshKey(), number: '1' }], { session }))
    await asAlice((as) => undo(as, budget))
    const replies = await Promise.all(
      Array.from({ length: 6 }, () =>
        asAlice((as) => write(as, budget, [{ ...freshKey(), number: '1' }], { session })),
      ),
    )
    expect(new Set(replies.map(({ sessionId }) => sessionId)).size).toBe(1)
  })
})

describe('a scope', () => {
  const put = (module: string) => {
    const key = { ...freshKey(), module }
    return asAlice((as) => write(as, budget, [{ ...key, number: '1' }])).then(() => key)
  }

  it('takes the newest step of the modules, whole, and leaves the others', async () => {
    const revenue = await put('revenue')
    const staff = await put('staff')
    await asAlice((as) => undo(as, budget, { scope: { module: 'revenue' } }))
    expect([await see(revenue), await see(staff)]).toMatchObject([{ number: null }, { number: '1' }])
    expect(outcomes(await asAlice((as) => redo(as, budget, { scope: { module: 'staff' } })))).toEqual([])
    expect(
      outcomes(await asAlice((as) => redo(as, budget, { scope: { module: ['revenue', 'x'] } }))),
    ).toEqual(['reverted'])
    expect(await asAlice((as) => undoState(as, budget, { module: 'revenue' }))).toMatchObject({
      undo: { modules: ['revenue'] },
    })
    expect((await asAlice((as) => undoState(as, budget))).undo).toMatchObject({ modules: ['staff'] })
  })

  it('has no other members, and no null', async () => {
    for (const scope of [{ entity: 'x' }, { module: null }, [], { module: 1 }]) {
      const refusal = await refusalOf(asAlice((as) => undo(as, budget, { scope })))
      expect(refusal.code, JSON.stringify(scope)).toBe('PT422')
    }
  })
})

describe('confirming', () => {
  it('asks who wrote the number shown, whoever undid, redid or locked since', async () => {
    const key = freshKey()
    await asAlice((as) => write(as, budget, [{ ...key, number: '1' }]))
    await asBob((as) => write(as, budget, [{ ...key, number: '2' }]))
    await asBob((as) => undo(as, budget))
    expect((await asAlice((as) => write(as, budget, [{ ...key, number: '1' }]))).results).toMatchObject([
      ['unchanged', {}],
    ])
    for (const locked of [true, false])
      await asAlice(
        (as) =>
          as`UPDATE efir_budget.planning_cells SET is_locked = ${locked} WHERE budget_version_id = ${budget}`,
      )
    expect((await asBob((as) => write(as, budget, [{ ...key, number: '1' }]))).results).toMatchObject([
      ['written', {}, 6],
    ])
    expect(outcomes(await asAlice((as) => undo(as, budget)))).toEqual(['superseded'])
    expect(await see(key)).toMatchObject({ number: '1' })
  })
})

describe('an undo that takes longer than a request may', () => {
  it('does nothing, and can be tried again', async () => {
    const keys = Array.from({ length: 2000 }, () => freshKey())
    await asAlice((as) =>
      write(
        as,
        budget,
        keys.map((key) => ({ ...key, number: '1' })),
      ),
    )
    const state = await asAlice((as) => undoState(as, budget))
    const refused = await refusalOf(
      asAlice(async (as) => {
        await as`SET LOCAL statement_timeout = 1`
        return await undo(as, budget)
      }),
    )
    expect(refused.code).toBe('57014')
    expect(await asAlice((as) => undoState(as, budget))).toEqual(state)
    expect(new Set(outcomes(await asAlice((as) => undo(as, budget))))).toEqual(new Set(['reverted']))
  })
})
