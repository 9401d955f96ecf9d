import { randomUUID } from 'node:crypto'
import { describe, expect, it } from 'vitest'
import {
  freshKey,
  freshTenants,
  list,
  read,
  recordOf,
  referenceTo,
  refusalOf,
  short,
  write,
} from './support/cells.ts'

const { sql, alice, bob, budget, asAlice, asBob, asService, createBudget, ours } = await freshTenants()

/** A cell that Alice has written. */
async function made(number: string | null = '1') {
  const key = freshKey()
  const { results } = await asAlice((as) => write(as, budget, [{ ...key, number, base: 0 }]))
  return { key, id: results[0]![1] as string, reference: referenceTo(key) }
}
const see = async (id: string) => (await asBob((as) => read(as, budget, [id]))).cells[0]

describe('write_cells', () => {
  it('makes a cell, and answers with its id, its version, and what all written cells have in common', async () => {
    const key = freshKey()
    const operation = randomUUID()
    const reply = await asAlice((as) =>
      write(as, budget, [{ ...key, number: '45000.50', base: 0 }], { operation }),
    )
    const id = reply.results[0]![1] as string
    expect(reply.results).toEqual([['written', id, 1]])
    expect(reply).toMatchObject({ operationId: operation, actor: alice })
    expect(await see(id)).toEqual({
      id,
      ...key,
      number: '45000.5',
      text: null,
      valueType: 'input',
      isLocked: false,
      lockReason: null,
      version: 1,
      modifiedBy: alice,
      modifiedAt: reply.at,
    })
  })

  it('moves the version by one, and records who changed what from what', async () => {
    const { id } = await made('1')
    const reply = await asBob((as) => write(as, budget, [{ id, text: 'later', base: 1 }], { label: 'Note' }))
    expect(reply.results).toEqual([['written', id, 2]])
    expect(await recordOf(sql, id)).toMatchObject([
      { action: 'insert', old_version: null, new_version: 1, new_value: '1.0000', changed_by: alice },
      {
        action: 'update',
        change_type: 'manual',
        old_value: '1.0000',
        new_value: null,
        old_text: null,
        new_text: 'later',
        old_version: 1,
        new_version: 2,
        changed_by: bob,
        session_id: reply.sessionId,
        revision: String(reply.revision),
      },
    ])
  })

  it('answers a stale base with the current cell, and changes nothing', async () => {
    const { id } = await made('1')
    await asBob((as) => write(as, budget, [{ id, number: '2', base: 1 }]))
    const refusal = await refusalOf(asAlice((as) => write(as, budget, [{ id, number: '3', base: 1 }])))
    expect(refusal).toMatchObject({ code: 'PT409', results: [[0, 'conflict', id]] })
    expect(await see(id)).toMatchObject({ number: '2', version: 2 })
  })

  it('takes whatever is there for a write without a base', async () => {
    const { id, key } = await made('1')
    const reply = await asBob((as) => write(as, budget, [{ ...key, number: '2' }]))
    expect(reply.results).toEqual([['written', id, 2]])
  })

  it('has a conflict with nothing where the cell of the base does not exist any more', async () => {
    const { id, key } = await made()
    await asBob((as) => write(as, budget, [{ id, delete: true, base: 1 }]))
    for (const item of [
      { id, number: '3', base: 1 },
      { ...key, number: '3', base: 2 },
      { ...freshKey(), number: '3', base: 1 },
    ]) {
      const refusal = await refusalOf(asAlice((as) => write(as, budget, [item])))
      expect(refusal).toMatchObject({ code: 'PT409', results: [[0, 'conflict', null]] })
    }
  })

  it('leaves alone what shows the value already, and gives no revision for it', async () => {
    const { id } = await made('12.5')
    const before = await asAlice((as) => read(as, budget, [id]))
    const reply = await asAlice((as) => write(as, budget, [{ id, number: '12.5000', base: 1 }]))
    expect(short(reply.results)).toEqual([['unchanged', id]])
    expect(reply.revision).toBe(before.revision)
    expect(await asAlice((as) => read(as, budget, [id]))).toEqual(before)
    expect(await recordOf(sql, id)).toHaveLength(1)
    expect(await sql`SELECT FROM efir_budget.cell_sessions WHERE id = ${reply.sessionId}`).toHaveLength(0)
  })

  it('takes a repetition by hand of what somebody else wrote as a confirmation, which is a change', async () => {
    const { id } = await made('7')
    expect((await asBob((as) => write(as, budget, [{ id, number: '7', base: 1 }]))).results).toEqual([
      ['written', id, 2],
    ])
    expect(await recordOf(sql, id)).toMatchObject([
      {},
      { action: 'update', old_value: '7.0000', new_value: '7.0000', changed_by: bob },
    ])
    const again = await asAlice((as) => write(as, budget, [{ id, number: '7' }], { type: 'import' }))
    expect(short(again.results)).toEqual([['unchanged', id]])
  })

  it('refuses locked cells and says which and why', async () => {
    const { id } = await made()
    await sql`UPDATE efir_budget.planning_cells SET is_locked = true, lock_reason = 'Approved' WHERE id = ${id}`
    for (const item of [
      { id, number: '2', base: 2 },
      { id, number: '2', base: 1 },
      { id, delete: true },
    ]) {
      const refusal = await refusalOf(asAlice((as) => write(as, budget, [item])))
      expect(refusal).toMatchObject({ code: 'PT423', results: [[0, 'locked', id]] })
      expect(JSON.stringify(refusal.detail)).toContain('Approved')
    }
  })

  it('does not find the id of another budget', async () => {
    const other = await createBudget({ organization: ours })
    const { id } = await made()
    const refusal = await refusalOf(asAlice((as) => write(as, other.id, [{ id, number: '2' }])))
    expect(refusal).toMatchObject({ code: 'PT404', results: [[0, 'not_found', expect.any(String)]] })
  })

  it('empties a cell that is given no value, and keeps empty text apart from that', async () => {
    const { id } = await made()
    await asAlice((as) => write(as, budget, [{ id, base: 1 }]))
    expect(await see(id)).toMatchObject({ number: null, text: null, version: 2 })
    await asAlice((as) => write(as, budget, [{ id, text: '', base: 2 }]))
    expect(await see(id)).toMatchObject({ number: null, text: '', version: 3 })
  })

  it.each([
    [{ module: 'm', field: 'f', number: '1.00001' }, 'number'],
    [{ module: 'm', field: 'f', number: '100000000000000' }, 'number'],
    ...['NaN', 'Infinity', '1e3', '', ' 1', '1 ', '1,5', '.5', '5.', '+5', '0x10', '1_000', '--1', '٣'].map(
      (number) => [{ module: 'm', field: 'f', number }, 'number'] as const,
    ),
    [{ module: 'm', field: 'f', number: '1', text: '1' }, 'text'],
    [{ module: 'm', field: 'f', number: '1', delete: true }, 'delete'],
    [{ module: 'm', field: 'f', delete: 'yes' }, 'delete'],
    [{ field: 'f', number: '1' }, 'module'],
    [{ module: '', field: 'f' }, 'module'],
    [{ module: 'm'.repeat(51), field: 'f' }, 'module'],
    [{ module: 'm' }, 'field'],
    [{ module: 'm', field: 'f'.repeat(101) }, 'field'],
    [{ module: 'm', field: 'f', period: 'p'.repeat(21) }, 'period'],
    [{ module: 'm', field: 'f', entity: 'Class 3' }, 'entity'],
    [{ module: 'm', field: 'f', entity: '00000000-0000-0000-0000-00000000000-' }, 'entity'],
    [{ id: 'not a uuid', number: '1' }, 'id'],
    [{ module: 'm', field: 'f', base: -1 }, 'base'],
    [{ module: 'm', field: 'f', base: 1.5 }, 'base'],
    [{ module: 'm', field: 'f', base: 99999999999 }, 'base'],
  ] as const)('refuses %j for its %s', async (item, field) => {
    const refusal = await refusalOf(asAlice((as) => write(as, budget, [item])))
    expect(refusal).toMatchObject({
      code: 'PT422',
      results: [[0, 'invalid', field, expect.any(String)]],
    })
  })

  it.each(['99999999999999.9999', '-99999999999999.9999', '0.0001', '-0.0001', '0', '-0', '007.50'])(
    'keeps %s exactly, in canonical form',
    async (number) => {
      const { id } = await made(number)
      const canonical = { '-0': '0', '007.50': '7.5' }[number] ?? number
      expect(await see(id)).toMatchObject({ number: canonical })
    },
  )

  it('passes over fields that it does not know', async () => {
    const reply = await asAlice((as) => write(as, budget, [{ ...freshKey(), number: '1', colour: { a: 1 } }]))
    expect(reply.results[0]![0]).toBe('written')
  })

  it('takes one cell once in a call, by whichever name', async () => {
    const { id, key } = await made()
    const unseen = freshKey()
    const reply = await asAlice((as) =>
      write(
        as,
        budget,
        [
          { ...key, number: '2' },
          { id, number: '3' },
          { ...unseen, number: '4' },
          { ...unseen, number: '5' },
        ],
        { mode: 'partial' },
      ),
    )
    expect(reply.results).toEqual([
      ['written', id, 2],
      ['invalid', 'key', expect.any(String)],
      ['written', expect.any(String), 1],
      ['invalid', 'key', expect.any(String)],
    ])
  })

  it.each([
    ['p_mode', (as: never) => write(as, budget, [freshKey()], { mode: 'some' as never })],
    ['p_change_type', (as: never) => write(as, budget, [freshKey()], { type: 'undo' })],
    ['p_items', (as: never) => write(as, budget, [])],
    ['p_items', (as: never) => write(as, budget, ['text'] as never)],
    ['p_items', (as: never) => write(as, budget, { module: 'm' } as never)],
    ['p_items', (as: never) => write(as, budget, new Array<object>(10_001).fill({}) as never)],
    ['p_session_label', (as: never) => write(as, budget, [freshKey()], { label: 'l'.repeat(201) })],
  ] as const)('refuses the call for its %s', async (field, attempt) => {
    const refusal = await refusalOf(asAlice((as) => attempt(as as never)))
    expect(refusal).toMatchObject({ code: 'PT422', detail: { field } })
    expect(refusal.detail).toHaveProperty('allowed')
  })
})

describe('a batch', () => {
  const mixed = async () => {
    const [good, stale, locked] = [await made('1'), await made('1'), await made('1')]
    await asBob((as) => write(as, budget, [{ id: stale.id, number: '2', base: 1 }]))
    await sql`UPDATE efir_budget.planning_cells SET is_locked = true WHERE id = ${locked.id}`
    const fresh = freshKey()
    const items = [
      { id: stale.id, number: '9', base: 1 },
      { id: good.id, number: '9', base: 1 },
      { id: locked.id, number: '9', base: 1 },
      { ...fresh, number: '9', base: 0 },
      { id: randomUUID(), number: '9' },
      { ...freshKey(), number: 'nine' },
    ]
    return { good, stale, locked, fresh, items }
  }

  it('lands whole or not at all when atomic, with the reason of every item that was not good', async () => {
    const { items, good, fresh } = await mixed()
    const refusal = await refusalOf(asAlice((as) => write(as, budget, items)))
    expect(refusal.code).toBe('PT422')
    expect(refusal.results.map(([index, status]) => [index, status]).sort()).toEqual([
      [0, 'conflict'],
      [2, 'locked'],
      [4, 'not_found'],
      [5, 'invalid'],
    ])
    expect(await see(good.id)).toMatchObject({ version: 1 })
    expect((await asAlice((as) => read(as, budget, [referenceTo(fresh)]))).cells).toEqual([null])
  })

  it.each([
    ['PT422', [0, 1, 2, 3, 4, 5]],
    ['PT404', [0, 1, 2, 3, 4]],
    ['PT423', [0, 1, 2, 3]],
    ['PT409', [0, 1, 3]],
  ] as const)('is refused with %s by the first of its kinds', async (code, kept) => {
    const { items } = await mixed()
    const refusal = await refusalOf(
      asAlice((as) =>
        write(
          as,
          budget,
          kept.map((index) => items[index]!),
        ),
      ),
    )
    expect(refusal.code).toBe(code)
    expect(refusal.hint).toEqual(expect.any(String))
  })

  it('lands what is good when partial, and reports the rest in place', async () => {
    const { items, good, locked, stale } = await mixed()
    const reply = await asAlice((as) => write(as, budget, items, { mode: 'partial' }))
    expect(short(reply.results)).toEqual([
      ['conflict', stale.id],
      ['written', good.id, 2],
      ['locked', locked.id],
      ['written', expect.any(String), 1],
      ['not_found', expect.any(String)],
      ['invalid', 'number', expect.any(String)],
    ])
    const written = await sql`SELECT FROM efir_budget.cell_changes WHERE session_id = ${reply.sessionId}`
    expect(written).toHaveLength(2)
  })

  it('has one revision, one time and one author for all its cells, new and old', async () => {
    const [one, two] = [await made(), await made()]
    const reply = await asBob((as) =>
      write(as, budget, [
        { id: one.id, number: '5' },
        { ...freshKey(), number: '5' },
        { id: two.id, delete: true },
      ]),
    )
    const rows = await sql<
      { changed_at: Date; changed_by: string; commit_id: string; sequence_number: number }[]
    >`
      SELECT changed_at, changed_by, commit_id, sequence_number FROM efir_budget.cell_changes
      WHERE session_id = ${reply.sessionId}`
    expect(new Set(rows.map((row) => row.commit_id)).size).toBe(1)
    expect(rows.map((row) => row.sequence_number).sort()).toEqual([1, 2, 3])
    for (const row of rows)
      expect([row.changed_at.toISOString(), row.changed_by]).toEqual([new Date(reply.at).toISOString(), bob])
    expect(new Date((await see(one.id))!.modifiedAt)).toEqual(new Date(reply.at))
  })
})

describe('deleting', () => {
  it('takes the cell out of reads, keeps its row empty, and a write to the key brings the same row back', async () => {
    for (const base of [0, null]) {
      const { id, key, reference } = await made('8')
      await asAlice((as) => write(as, budget, [{ id, delete: true, base: 1 }]))
      const seen = await asAlice((as) => read(as, budget, [id, reference]))
      expect(seen.cells).toEqual([null, null])
      expect((await asAlice((as) => list(as, budget, { entity: key.entity }))).cells).toEqual([])
      expect(
        await sql`SELECT value_numeric, version FROM efir_budget.planning_cells WHERE id = ${id}`,
      ).toMatchObject([{ value_numeric: null, version: 2 }])
      const back = await asBob((as) => write(as, budget, [{ ...key, number: '8', base }]))
      expect(back.results).toEqual([['written', id, 3]])
      expect((await recordOf(sql, id)).map((row) => [row.action, row.old_value, row.new_value])).toEqual([
        ['insert', null, '8.0000'],
        ['delete', '8.0000', null],
        ['restore', null, '8.0000'],
      ])
    }
  })

  it('leaves what does not exist unchanged', async () => {
    const { id, key } = await made()
    await asAlice((as) => write(as, budget, [{ id, delete: true }]))
    const reply = await asAlice((as) =>
      write(as, budget, [
        { ...key, delete: true },
        { ...freshKey(), delete: true, base: 0 },
      ]),
    )
    expect(reply.results).toEqual([
      ['unchanged', null],
      ['unchanged', null],
    ])
  })
})

describe('an operation id', () => {
  it('answers a repeat with the stored result and changes nothing', async () => {
    const { id } = await made()
    const operation = randomUUID()
    const send = () => asAlice((as) => write(as, budget, [{ id, number: '5', base: 1 }], { operation }))
    const first = await send()
    expect(await send()).toEqual(first)
    expect(await see(id)).toMatchObject({ number: '5', version: 2 })
    expect(await recordOf(sql, id)).toHaveLength(2)
  })

  it('stands for one call of one user: another payload, user or budget is refused', async () => {
    const { id } = await made()
    const operation = randomUUID()
    const other = (await createBudget({ organization: ours })).id
    const items = [{ id, number: '5', base: 1 }]
    await asAlice((as) => write(as, budget, items, { operation }))
    for (const attempt of [
      () => asAlice((as) => write(as, budget, [{ id, number: '6', base: 1 }], { operation })),
      () => asAlice((as) => write(as, budget, items, { operation, mode: 'partial' })),
      () => asBob((as) => write(as, budget, items, { operation })),
      () => asAlice((as) => write(as, other, items, { operation })),
    ]) {
      expect(await refusalOf(attempt())).toMatchObject({ code: 'PT422', detail: { field: 'operation_id' } })
    }
  })

  it('is forgotten when the call was refused', async () => {
    const { id } = await made()
    const operation = randomUUID()
    const items = [{ id, number: '5', base: 2 }]
    await refusalOf(asAlice((as) => write(as, budget, items, { operation })))
    await asBob((as) => write(as, budget, [{ id, number: '4', base: 1 }]))
    expect((await asAlice((as) => write(as, budget, items, { operation }))).results).toEqual([
      ['written', id, 3],
    ])
  })
})

describe('a session', () => {
  it("groups calls of one user, and is not anyone else's to join", async () => {
    const session = randomUUID()
    const [one, two] = [await made(), await made()]
    await asAlice((as) => write(as, budget, [{ id: one.id, number: '5' }], { session, label: 'Paste' }))
    await asAlice((as) => write(as, budget, [{ id: two.id, number: '5' }], { session }))
    expect(
      await sql`SELECT cell_id FROM efir_budget.cell_changes WHERE session_id = ${session}`,
    ).toHaveLength(2)
    expect(await sql`SELECT label, actor FROM efir_budget.cell_sessions WHERE id = ${session}`).toEqual([
      { label: 'Paste', actor: alice },
    ])
    expect(
      (await refusalOf(asBob((as) => write(as, budget, [{ id: one.id, number: '6' }], { session })))).code,
    ).toBe('PT422')
  })
})

describe('the service key', () => {
  it('may call everything, as nobody', async () => {
    const { id, reference } = await made()
    const reply = await asService((as) => write(as, budget, [{ id, number: '5' }], { type: 'import' }))
    expect(reply.actor).toBeNull()
    expect((await asService((as) => read(as, budget, [reference]))).cells).toMatchObject([
      { number: '5', modifiedBy: null, valueType: 'imported' },
    ])
    expect((await asService((as) => list(as, budget))).cells.length).toBeGreaterThan(0)
  })
})

describe('a deleted budget', () => {
  it('is not found by anyone', async () => {
    const gone = (await createBudget({ organization: ours })).id
    await asAlice((as) => write(as, gone, [{ ...freshKey(), number: '1' }]))
    await sql`UPDATE efir_budget.budget_versions SET deleted_at = now() WHERE id = ${gone}`
    for (const as of [asAlice, asService]) {
      expect((await refusalOf(as((run) => write(run, gone, [freshKey()])))).code).toBe('PT404')
      expect((await refusalOf(as((run) => read(run, gone, [])))).code).toBe('PT404')
      expect((await refusalOf(as((run) => list(run, gone)))).code).toBe('PT404')
    }
    expect(
      await asAlice((run) => run`SELECT FROM efir_budget.planning_cells WHERE budget_version_id = ${gone}`),
    ).toHaveLength(0)
  })
})
