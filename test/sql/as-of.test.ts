import { randomUUID } from 'node:crypto'
import { describe, expect, it } from 'vitest'
import { freshKey, freshTenants, referenceTo, refusalOf, write, type Tuple } from './support/cells.ts'
import { asOf, contents, snapshot } from './support/feed.ts'

const {
  sql,
  ours,
  bob,
  budget: sharedBudget,
  asAlice,
  asBob,
  asMallory,
  asAnon,
  createBudget,
} = await freshTenants()

const newBudget = async () => (await createBudget({ organization: ours })).id
const put = async (budget: string, items: object[]) => {
  const reply = await asAlice((as) => write(as, budget, items as never))
  return { ...reply, ids: reply.results.map((result) => result[1] as string) }
}

type Point = { readonly revision?: number; readonly at?: string }
async function readAsOf(budget: string, references: readonly unknown[], { revision, at }: Point) {
  const [row] = await asBob(
    (as) => as<{ reply: { revision: number; cells: (Tuple | null)[] } }[]>`
      SELECT efir_budget.read_cells_as_of(
        ${budget}, ${JSON.stringify(references)}::text::jsonb, ${revision ?? null}, ${at ?? null}::text::timestamptz
      ) AS reply`,
  )
  return row!.reply
}
const valueAsOf = async (budget: string, reference: unknown, point: Point) => {
  const [cell] = (await readAsOf(budget, [reference], point)).cells
  return cell && (cell[5] ?? cell[6])
}

/** A cell of before migration 010: there, with a log that knows its numbers and began after it did. */
async function adoptedCell(budget: string, number: string, log: readonly [string | null, string, string][]) {
  const id = randomUUID()
  await sql.begin(async (as) => {
    await as`ALTER TABLE efir_budget.planning_cells DISABLE TRIGGER USER`
    await as`
      INSERT INTO efir_budget.planning_cells (
        id, budget_version_id, module_code, field_name, period_code, value_numeric, version, created_at, modified_at
      )
      VALUES (${id}, ${budget}, 'old', 'f', ${id.slice(0, 8)}, ${number}, 5, '2024-01-01', '2024-06-01')`
    await as`ALTER TABLE efir_budget.planning_cells ENABLE TRIGGER USER`
    for (const [from, to, at] of log) {
      await as`
        INSERT INTO efir_budget.cell_changes (
          cell_id, budget_version_id, module_code, field_name, old_value, new_value, changed_by, changed_at
        )
        VALUES (${id}, ${budget}, 'old', 'f', ${from}, ${to}, ${bob}, ${at})`
    }
  })
  return id
}

describe('cells as of a revision', () => {
  it('are exactly what a list gave then: values, texts, types, locks, deletions, returns', async () => {
    const budget = await newBudget()
    const key = freshKey()
    const steps: (() => Promise<unknown>)[] = [
      () => put(budget, [{ ...key, number: '1' }, { ...freshKey(), text: 'a' }, freshKey()]),
      () => put(budget, [{ ...key, number: '2.5000' }]),
      () => asBob((as) => write(as, budget, [{ ...key, text: 'b' }], { type: 'import' })),
      () => sql`
        UPDATE efir_budget.planning_cells SET is_locked = true, lock_reason = 'r'
        WHERE budget_version_id = ${budget} AND value_text = 'a'`,
      () => put(budget, [{ ...key, delete: true }]),
      () => put(budget, [{ ...freshKey(), number: '9' }]),
      () =>
        sql`UPDATE efir_budget.planning_cells SET is_locked = false WHERE budget_version_id = ${budget} AND is_locked`,
      () => put(budget, [{ ...key, number: '3' }]),
    ]
    const lists = [await snapshot(sql, budget)]
    for (const step of steps) {
      await step()
      lists.push(await snapshot(sql, budget))
    }
    for (const [revision, list] of lists.entries()) {
      expect(list.revision).toBe(revision)
      expect(contents(await asBob((as) => asOf(as, budget, revision)))).toEqual(contents(list))
      expect(contents(await asBob((as) => asOf(as, budget, revision, 1)))).toEqual(contents(list))
    }
  })

  it('are read by reference, in order: null for what did not exist yet, any more, or ever', async () => {
    const budget = await newBudget()
    const [first, second] = [freshKey(), freshKey()]
    const { ids } = await put(budget, [{ ...first, number: '1' }])
    await put(budget, [{ ...second, number: '2' }])
    await put(budget, [{ ...first, delete: true }])
    const references = [
      referenceTo(second),
      ids[0],
      referenceTo(first),
      ids[0],
      randomUUID(),
      ['no', null, 'such', null],
      7,
    ]
    const at = async (revision: number) =>
      (await readAsOf(budget, references, { revision })).cells.map((cell) => cell?.[5] ?? null)
    expect(await at(0)).toEqual([null, null, null, null, null, null, null])
    expect(await at(1)).toEqual([null, '1', '1', '1', null, null, null])
    expect(await at(2)).toEqual(['2', '1', '1', '1', null, null, null])
    expect(await at(3)).toEqual(['2', null, null, null, null, null, null])
  })

  it('can be filtered by what does not change', async () => {
    const budget = await newBudget()
    const key = freshKey()
    await put(budget, [
      { ...key, number: '1' },
      { ...key, period: '2026-01', number: '2' },
    ])
    const list = (filter: object) =>
      asAlice(
        (as) => as<{ reply: { cells: Tuple[] } }[]>`
          SELECT efir_budget.cells_as_of(${budget}, 1, NULL, ${JSON.stringify(filter)}::text::jsonb) AS reply`,
      )
    const [row] = await list({ entity: key.entity, period: '2026-01' })
    expect(row!.reply.cells.map((cell) => cell[5])).toEqual(['2'])
    expect(await refusalOf(list({ locked: true }))).toMatchObject({ code: 'PT422' })
  })

  it('older than the log are what their first change found', async () => {
    const budget = await newBudget()
    const [changed, untouched] = [await adoptedCell(budget, '7', []), await adoptedCell(budget, '8', [])]
    await put(budget, [{ id: changed, text: 'new' }])
    await sql`UPDATE efir_budget.planning_cells SET is_locked = true WHERE id = ${changed}`
    expect(await valueAsOf(budget, changed, { revision: 0 })).toBe('7')
    expect(await valueAsOf(budget, changed, { revision: 1 })).toBe('new')
    expect(await valueAsOf(budget, untouched, { revision: 0 })).toBe('8')
    const { cells } = await readAsOf(budget, [changed], { revision: 0 })
    expect(cells[0]!.slice(5, 11)).toEqual(['7', null, 'input', false, null, 5])
  })

  it('cannot be had where the log does not reach: not yet, or pruned', async () => {
    const budget = await newBudget()
    const { ids } = await put(budget, [{ ...freshKey(), number: '1' }])
    for (const number of ['2', '3']) await put(budget, [{ id: ids[0], number }])
    expect(await refusalOf(valueAsOf(budget, ids[0], { revision: 4 }))).toMatchObject({ code: 'PT422' })
    await sql`SELECT efir_budget.prune_log(${budget}, 2)`
    expect(await valueAsOf(budget, ids[0], { revision: 2 })).toBe('2')
    expect(await valueAsOf(budget, ids[0], { at: 'now' })).toBe('3')
    expect(await refusalOf(valueAsOf(budget, ids[0], { revision: 1 }))).toMatchObject({
      code: 'PT422',
      detail: { field: 'p_revision', given: 1, allowed: '2 to 3' },
    })
    expect(await refusalOf(valueAsOf(budget, ids[0], { at: '2024-01-01' }))).toMatchObject({ code: 'PT422' })
  })
})

describe('cells as of a time', () => {
  it('have all that was begun by then', async () => {
    const budget = await newBudget()
    const first = await put(budget, [{ ...freshKey(), number: '1' }])
    const second = await put(budget, [{ id: first.ids[0], number: '2' }])
    expect(await valueAsOf(budget, first.ids[0], { at: '2024-01-01' })).toBeNull()
    expect(await valueAsOf(budget, first.ids[0], { at: first.at })).toBe('1')
    expect(await valueAsOf(budget, first.ids[0], { at: second.at })).toBe('2')
    expect(await readAsOf(budget, first.ids, { at: 'infinity' })).toMatchObject({ revision: 2 })
  })

  it('have nothing that was begun later, though a slow transaction, begun before, came after it', async () => {
    const budget = await newBudget()
    const { ids } = await put(budget, [
      { ...freshKey(), number: '1' },
      { ...freshKey(), number: '1' },
    ])
    const slow = await sql.reserve()
    await slow`BEGIN`
    await slow`UPDATE efir_budget.planning_cells SET value_numeric = 2 WHERE id = ${ids[0]!}`
    const [between] = await sql<{ at: string }[]>`SELECT clock_timestamp()::text AS at`
    await put(budget, [{ id: ids[1], number: '2' }])
    await slow`COMMIT`
    slow.release()
    const { revision, cells } = await readAsOf(budget, ids, { at: between!.at })
    expect(revision).toBe(1)
    expect(cells.map((cell) => cell![5])).toEqual(['1', '1'])
  })

  it('of before the first revision come from the records that came with an older log', async () => {
    const budget = await newBudget()
    const id = await adoptedCell(budget, '3', [
      ['1', '2', '2024-02-01'],
      ['2', '3', '2024-03-01'],
    ])
    const at = (time: string) => valueAsOf(budget, id, { at: time })
    expect(await at('2023-12-31')).toBeNull()
    expect(await at('2024-01-15')).toBe('1')
    expect(await at('2024-02-15')).toBe('2')
    expect(await at('2024-03-15')).toBe('3')
    await put(budget, [{ id, number: '4' }])
    expect(await at('2024-02-15')).toBe('2')
    expect(await at('2024-03-15')).toBe('3')
    expect(await at('infinity')).toBe('4')
  })

  it('and as of a revision cannot be asked at once, nor neither', async () => {
    expect(await refusalOf(readAsOf(sharedBudget, [], { revision: 0, at: 'now' }))).toMatchObject({
      code: 'PT422',
    })
    expect(await refusalOf(readAsOf(sharedBudget, [], {}))).toMatchObject({ code: 'PT422' })
  })
})

describe('the past', () => {
  it('is nobody else’s', async () => {
    const calls = [
      (as: Parameters<Parameters<typeof asAlice>[0]>[0]) =>
        as`SELECT efir_budget.cells_as_of(${sharedBudget}, 0)`,
      (as: Parameters<Parameters<typeof asAlice>[0]>[0]) =>
        as`SELECT efir_budget.read_cells_as_of(${sharedBudget}, '[]', 0)`,
    ]
    for (const call of calls) {
      expect(await refusalOf(asMallory(call))).toMatchObject({ code: 'PT404' })
      expect(await refusalOf(asAnon(call))).toMatchObject({ code: '42501' })
    }
  })
})
