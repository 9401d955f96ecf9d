import { describe, expect, it } from 'vitest'
import { freshKey, freshTenants, list, read, referenceTo, refusalOf, write } from './support/cells.ts'

const { sql, budget, theirBudget, alice, asAlice, asMallory, asAnon, createBudget, ours } =
  await freshTenants()

const key = freshKey()
const { results } = await asAlice((as) => write(as, budget, [{ ...key, number: '1' }]))
const id = results[0]![1] as string

describe('a member of another organisation', () => {
  it('gets from every function the answer for a budget that does not exist', async () => {
    const nowhere = crypto.randomUUID()
    for (const call of [
      (to: string) => asMallory((as) => read(as, to, [id, referenceTo(key)])),
      (to: string) => asMallory((as) => list(as, to)),
      (to: string) => asMallory((as) => write(as, to, [{ id, number: '2', base: 1 }])),
    ]) {
      const refusal = await refusalOf(call(budget))
      expect(refusal.code).toBe('PT404')
      expect(refusal).toEqual(await refusalOf(call(nowhere)))
    }
  })

  it('does not reach our cells through a budget of his own', async () => {
    expect((await asMallory((as) => read(as, theirBudget, [id]))).cells).toEqual([null])
    const refusal = await refusalOf(asMallory((as) => write(as, theirBudget, [{ id, number: '2' }])))
    expect(refusal).toMatchObject({ code: 'PT404', results: [[0, 'not_found', expect.any(String)]] })
  })

  it('sees, changes and adds nothing in the tables', async () => {
    expect(await asMallory((as) => as`SELECT FROM efir_budget.planning_cells`)).toHaveLength(0)
    expect(await asMallory((as) => as`SELECT FROM efir_budget.cell_changes`)).toHaveLength(0)
    expect(
      await asMallory((as) => as`UPDATE efir_budget.planning_cells SET value_numeric = 2`),
    ).toMatchObject({
      count: 0,
    })
    const insert = asMallory(
      (as) => as`
        INSERT INTO efir_budget.planning_cells (budget_version_id, module_code, field_name) VALUES (${budget}, 'm', 'f')`,
    )
    expect((await refusalOf(insert)).code).toBe('42501')
  })

  it('cannot join our sessions', async () => {
    const { sessionId } = await asAlice((as) => write(as, budget, [{ id, number: '3' }]))
    const refusal = await refusalOf(
      asMallory((as) => write(as, theirBudget, [freshKey()], { session: sessionId })),
    )
    expect(refusal.code).toBe('PT422')
  })
})

describe('a member whose claims say another role or none', () => {
  it('is who the database role says', async () => {
    // BYPASSRLS is the role's, so a claim cannot give it.
    const refusal = await refusalOf(
      sql.begin(async (as) => {
        const claims = JSON.stringify({ role: 'service_role' })
        await as`SELECT set_config('role', 'authenticated', true), set_config('request.jwt.claims', ${claims}, true)`
        await read(as, budget, [])
      }),
    )
    expect(refusal.code).toBe('PT404')
  })
})

describe('anon', () => {
  it('may call nothing and read nothing', async () => {
    for (const call of [
      () => asAnon((as) => read(as, budget, [])),
      () => asAnon((as) => list(as, budget)),
      () => asAnon((as) => write(as, budget, [freshKey()])),
      () => asAnon((as) => as`SELECT FROM efir_budget.planning_cells`),
      () => asAnon((as) => as`SELECT FROM efir_budget.cell_changes`),
      () => asAnon((as) => as`SELECT FROM efir_budget.cell_comments`),
    ])
      expect((await refusalOf(call())).code).toBe('42501')
  })

  it('gets nothing even where a host has granted everything', async () => {
    const refusal = await refusalOf(
      sql.begin(async (owner) => {
        await owner`GRANT USAGE ON SCHEMA efir_budget TO anon`
        await owner`GRANT ALL ON ALL ROUTINES IN SCHEMA efir_budget TO anon`
        await owner`GRANT ALL ON ALL TABLES IN SCHEMA efir_budget TO anon`
        await owner`SET LOCAL ROLE anon`
        for (const table of [
          'planning_cells',
          'cell_changes',
          'cell_commits',
          'cell_tuples',
          'current_commits',
        ])
          expect(await owner.unsafe(`SELECT FROM efir_budget.${table}`), table).toHaveLength(0)
        await read(owner, budget, [])
      }),
    )
    expect(refusal.code).toBe('PT404')
  })
})

describe('comments', () => {
  it('are as visible as their cell', async () => {
    await sql`INSERT INTO efir_budget.cell_comments (cell_id, comment_text, created_by) VALUES (${id}, 'Why?', ${alice})`
    expect(await asAlice((as) => as`SELECT FROM efir_budget.cell_comments`)).toHaveLength(1)
    expect(await asMallory((as) => as`SELECT FROM efir_budget.cell_comments`)).toHaveLength(0)
  })
})

describe('read_cells', () => {
  it('answers in the order of the references, by key and by id, and with null where there is nothing', async () => {
    const nulls = [
      { module: 'n', entity: null, field: 'f', period: null },
      { module: 'n', entity: null, field: 'f', period: '2025' },
      { module: 'n', entity: key.entity, field: 'f', period: null },
      { module: 'n', entity: key.entity, field: 'f', period: '2025' },
    ]
    await asAlice((as) =>
      write(
        as,
        budget,
        nulls.map((one, index) => ({ ...one, number: String(index) })),
      ),
    )
    const { cells } = await asAlice((as) =>
      read(as, budget, [
        ...nulls.map(referenceTo),
        id,
        crypto.randomUUID(),
        'no uuid',
        ['n', 'no uuid', 'f', null],
        id,
      ]),
    )
    expect(cells.map((cell) => cell?.number ?? null)).toEqual([
      '0',
      '1',
      '2',
      '3',
      '3',
      null,
      null,
      null,
      '3',
    ])
  })

  it.each([null, {}, 'text', new Array(10_001).fill('x')])(
    'refuses what is no list of references',
    async (given) => {
      const refusal = await refusalOf(asAlice((as) => read(as, budget, given as never)))
      expect(refusal).toMatchObject({ code: 'PT422', detail: { field: 'p_references' } })
    },
  )
})

describe('list_cells', () => {
  it('filters by each member and by all together, null and lists included', async () => {
    const own = (await createBudget({ organization: ours })).id
    const [one, two] = [crypto.randomUUID(), crypto.randomUUID()]
    const items = ['a', 'b'].flatMap((module) =>
      [one, two, null].flatMap((entity) =>
        ['x', 'y'].flatMap((field) => ['2025', null].map((period) => ({ module, entity, field, period }))),
      ),
    )
    await asAlice((as) =>
      write(
        as,
        own,
        items.map((item) => ({ ...item, number: '1' })),
      ),
    )
    const matches = async (filter: object) => (await asAlice((as) => list(as, own, filter))).cells.length
    const expected = (test: (item: (typeof items)[number]) => boolean) => items.filter(test).length
    expect(await matches({})).toBe(24)
    expect(await matches({ module: 'a' })).toBe(expected((item) => item.module === 'a'))
    expect(await matches({ entity: null })).toBe(expected((item) => item.entity === null))
    expect(await matches({ entity: [one, null] })).toBe(expected((item) => item.entity !== two))
    expect(await matches({ entity: [one, two] })).toBe(expected((item) => item.entity !== null))
    expect(await matches({ period: [null, '2025'], field: ['x'], module: ['a', 'b', 'c'] })).toBe(12)
    expect(await matches({ period: [] })).toBe(0)
    expect(await matches({ modifiedBy: alice })).toBe(24)
    expect(await matches({ modifiedBy: one })).toBe(0)
    expect(await matches({ locked: true })).toBe(0)
    expect(await matches({ module: 'a', entity: one, field: 'x', period: null, locked: false })).toBe(1)
    expect(await matches({ module: "a' OR true --" })).toBe(0)
  })

  it('pages in id order without missing or repeating a cell', async () => {
    const own = (await createBudget({ organization: ours })).id
    const items = Array.from({ length: 25 }, () => ({ ...freshKey(), number: '1' }))
    await asAlice((as) => write(as, own, items))
    const ids: string[] = []
    let after: string | null = null
    do {
      const page = await asAlice((as) => list(as, own, {}, after, 10))
      ids.push(...page.cells.map((cell) => cell.id))
      after = page.next
    } while (after !== null)
    expect(ids).toEqual([...new Set(ids)].sort())
    expect(ids).toHaveLength(25)
    expect((await asAlice((as) => list(as, own, {}, null, 25))).next).toBeNull()
  })

  it.each([
    ['p_filter', [{ modul: 'a' }]],
    ['p_filter', [['a']]],
    ['p_filter.module', [{ module: 5 }]],
    ['p_filter.entity', [{ entity: 'Class 3' }]],
    ['p_filter.locked', [{ locked: 'yes' }]],
    ['p_limit', [{}, null, 0]],
    ['p_limit', [{}, null, 10_001]],
  ] as const)('refuses an unacceptable %s', async (field, [filter, after, limit]) => {
    const refusal = await refusalOf(asAlice((as) => list(as, budget, filter, after, limit)))
    expect(refusal).toMatchObject({ code: 'PT422', detail: { field } })
  })
})
