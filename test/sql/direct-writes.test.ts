import { randomUUID } from 'node:crypto'
import type postgres from 'postgres'
import { describe, expect, it } from 'vitest'
import { freshKey, freshTenants, read, recordOf, refusalOf, write } from './support/cells.ts'

const tenants = await freshTenants()
const { sql, alice, bob, budget, asAlice, asBob, asService, ours, createBudget } = tenants

type Sql = postgres.TransactionSql

/** A row written straight into the table, as an application that knows nothing of the functions does. */
const insert = (as: Sql, columns: Record<string, unknown>) => {
  const { module, entity, field, period } = freshKey()
  const row = {
    budget_version_id: budget,
    module_code: module,
    entity_id: entity,
    field_name: field,
    period_code: period,
    ...columns,
  }
  return as<Row[]>`INSERT INTO efir_budget.planning_cells ${as(row)} RETURNING *`
}
interface Row {
  readonly id: string
  readonly value_numeric: string | null
  readonly value_text: string | null
  readonly version: number
  readonly modified_by: string | null
  readonly modified_at: Date
  readonly created_at: Date
  readonly deleted_at: Date | null
  readonly is_locked: boolean
  readonly lock_reason: string | null
  readonly entity_id: string
}
const made = async (columns: Record<string, unknown> = { value_numeric: 1 }) =>
  (await asAlice((as) => insert(as, columns)))[0]!
const update = (as: Sql | typeof sql, id: string, columns: Record<string, unknown>) =>
  as<Row[]>`UPDATE efir_budget.planning_cells SET ${as(columns)} WHERE id = ${id} RETURNING *`
const revision = async () => (await asAlice((as) => read(as, budget, []))).revision

describe.each([
  ['a member', asAlice, alice],
  ['the service key', asService, null],
  ['the owner', <T>(work: (as: Sql) => Promise<T>) => sql.begin(work) as Promise<T>, null],
] as const)('a row written by %s', (_, as, author) => {
  it('is a cell of version 1 with a record, whoever the author claims to be', async () => {
    const before = await revision()
    const [row] = await as((run) =>
      insert(run, { value_numeric: '12.5', modified_at: '1999-01-01', created_at: '1999-01-01' }),
    )
    expect(row).toMatchObject({ version: 1, modified_by: author })
    expect(Date.now() - row!.modified_at.getTime()).toBeLessThan(60_000)
    expect(row!.created_at).toEqual(row!.modified_at)
    expect(await revision()).toBe(before + 1)
    expect(await recordOf(sql, row!.id)).toMatchObject([
      {
        action: 'insert',
        new_value: '12.5000',
        new_version: 1,
        changed_by: author,
        revision: String(before + 1),
      },
    ])
  })

  it('moves by one version whether the writer counts or not, with one record each', async () => {
    const { id } = await made()
    const [one] = await as((run) =>
      update(run, id, { value_numeric: 2, version: 2, modified_at: '1999-01-01' }),
    )
    expect(one).toMatchObject({ version: 2, modified_by: author })
    expect(one!.modified_at.getFullYear()).toBeGreaterThan(2000)
    const [two] = await as((run) => update(run, id, { value_text: 'x', value_numeric: null }))
    expect(two).toMatchObject({ version: 3, value_text: 'x', value_numeric: null })
    expect(
      (await recordOf(sql, id)).map((row) => [row.action, row.old_version, row.new_version, row.changed_by]),
    ).toEqual([
      ['insert', null, 1, alice],
      ['update', 1, 2, author],
      ['update', 2, 3, author],
    ])
  })

  it.each([-1, 0, 1, 4, 100])('cannot be given version %i', async (version) => {
    const { id } = await made()
    await asBob((run) => update(run, id, { value_numeric: 2 }))
    expect((await refusalOf(as((run) => update(run, id, { value_numeric: 3, version })))).code).toBe('PT409')
    expect((await refusalOf(as((run) => insert(run, { value_numeric: 3, version: version + 5 })))).code).toBe(
      'PT409',
    )
  })

  it('gets neither version nor record nor revision from an update that changes nothing', async () => {
    const row = await made()
    const before = await revision()
    const [same] = await as((run) =>
      update(run, row.id, { value_numeric: '1.00', version: 2, modified_at: '1999-01-01' }),
    )
    expect(same).toEqual(row)
    expect(await recordOf(sql, row.id)).toHaveLength(1)
    expect(await revision()).toBe(before)
  })

  it('is locked and unlocked as a change, and refuses values and deletion in between', async () => {
    const { id } = await made()
    const [locked] = await as((run) => update(run, id, { is_locked: true, lock_reason: 'Approved' }))
    expect(locked).toMatchObject({ version: 2, modified_by: author })
    for (const columns of [
      { value_numeric: 2 },
      { value_text: 'x' },
      { deleted_at: new Date() },
      { value_numeric: 2, is_locked: false },
    ]) {
      const refusal = await refusalOf(as((run) => update(run, id, columns)))
      expect(refusal).toMatchObject({ code: 'PT423', detail: { reason: 'Approved' } })
    }
    const [open] = await as((run) => update(run, id, { is_locked: false }))
    expect(open).toMatchObject({ version: 3, lock_reason: null })
    expect((await recordOf(sql, id)).map((row) => [row.action, row.new_version])).toEqual([
      ['insert', 1],
      ['lock', 2],
      ['unlock', 3],
    ])
  })

  it('keeps its key', async () => {
    const { id } = await made()
    const other = (await createBudget({ organization: ours })).id
    for (const columns of [
      { entity_id: randomUUID() },
      { period_code: null },
      { budget_version_id: other },
      { id: randomUUID() },
    ]) {
      expect((await refusalOf(as((run) => update(run, id, columns)))).code).toBe('PT422')
    }
  })

  it('holds a number or a text: the one that was set', async () => {
    const { id } = await made({ value_text: 'x' })
    const [number] = await as((run) => update(run, id, { value_numeric: 2 }))
    expect(number).toMatchObject({ value_numeric: '2.0000', value_text: null })
    const [text] = await as((run) => update(run, id, { value_text: 'y' }))
    expect(text).toMatchObject({ value_numeric: null, value_text: 'y' })
    const both = { value_numeric: 3, value_text: 'z' }
    expect((await refusalOf(as((run) => update(run, id, both)))).code).toBe('PT422')
    expect((await refusalOf(as((run) => insert(run, both)))).code).toBe('PT422')
  })

  it('is deleted softly by deleted_at, whatever the time, and comes back with a value', async () => {
    const { id } = await made()
    const [gone] = await as((run) => update(run, id, { deleted_at: '1999-01-01' }))
    expect(gone).toMatchObject({ value_numeric: null, version: 2 })
    expect(gone!.deleted_at!.getFullYear()).toBeGreaterThan(2000)
    expect((await asAlice((run) => read(run, budget, [id]))).cells).toEqual([null])
    expect((await refusalOf(as((run) => update(run, id, { is_locked: true })))).code).toBe('PT404')
    const [back] = await as((run) => update(run, id, { value_numeric: 5 }))
    expect(back).toMatchObject({ value_numeric: '5.0000', version: 3, deleted_at: null })
    expect((await recordOf(sql, id)).map((row) => row.action)).toEqual(['insert', 'delete', 'restore'])
  })

  it('may be upserted by its key', async () => {
    const row = await made()
    const [upserted] = await as(
      (run) => run<Row[]>`
        INSERT INTO efir_budget.planning_cells (budget_version_id, module_code, entity_id, field_name, period_code, value_numeric, version)
        SELECT budget_version_id, module_code, entity_id, field_name, period_code, 9, 2
        FROM efir_budget.planning_cells WHERE id = ${row.id}
        ON CONFLICT (budget_version_id, module_code, entity_id, field_name, period_code)
        DO UPDATE SET value_numeric = EXCLUDED.value_numeric, version = EXCLUDED.version
        RETURNING *`,
    )
    expect(upserted).toMatchObject({ id: row.id, value_numeric: '9.0000', version: 2, modified_by: author })
    expect(await recordOf(sql, row.id)).toHaveLength(2)
  })
})

describe.each([
  ['a member', asAlice],
  ['the service key', asService],
] as const)('%s', (_, as) => {
  it('cannot remove rows, and is told what to do instead', async () => {
    const { id } = await made()
    const refusal = await refusalOf(as((run) => run`DELETE FROM efir_budget.planning_cells WHERE id = ${id}`))
    expect(refusal.code).toBe('PT403')
    expect(refusal.hint).toContain('"delete": true')
    expect((await refusalOf(as((run) => run`TRUNCATE efir_budget.planning_cells CASCADE`))).code).toBe(
      '42501',
    )
  })
})

describe('the author', () => {
  it('is nobody, and never who was there before, when a program does not say', async () => {
    const { id } = await made()
    expect(await asService((as) => update(as, id, { value_numeric: 2 }))).toMatchObject([
      { modified_by: null },
    ])
    expect(await asService((as) => update(as, id, { value_numeric: 3, modified_by: bob }))).toMatchObject([
      { modified_by: bob },
    ])
    expect(await asAlice((as) => update(as, id, { value_numeric: 4, modified_by: bob }))).toMatchObject([
      { modified_by: alice },
    ])
  })

  it('may leave: his cells keep their values and versions and, like the record, his id', async () => {
    const leaver = (await tenants.createUser({ organization: ours })).id
    const [row] = await tenants.asUser(leaver, (as) => insert(as, { value_numeric: 1 }))
    await sql`DELETE FROM auth.users WHERE id = ${leaver}`
    expect(await sql`SELECT * FROM efir_budget.planning_cells WHERE id = ${row!.id}`).toEqual([row])
    expect(await recordOf(sql, row!.id)).toMatchObject([{ changed_by: leaver }])
  })
})

describe('a signature', () => {
  it('of the functions is worth nothing to a role of the API', async () => {
    const { id } = await made()
    for (const as of [asAlice, asService]) {
      expect(
        (await refusalOf(as((run) => update(run, id, { value_numeric: 2, version: -2147483648 })))).code,
      ).toBe('PT409')
      expect(
        (await refusalOf(as((run) => insert(run, { value_numeric: 2, version: -2147483648 })))).code,
      ).toBe('PT409')
    }
  })

  it('by what a cell shows is no less worth nothing: the rules hold, and set that themselves', async () => {
    for (const [as, author] of [
      [asAlice, alice],
      [asService, null],
    ] as const) {
      const forged = {
        effective_version: 1,
        effective_author: bob,
        modified_by: bob,
        modified_at: '2020-01-01',
      }
      const { id } = (await as((run) => insert(run, { value_numeric: 1, ...forged })))[0]!
      const bothAtOnce = as((run) => insert(run, { value_numeric: 1, value_text: 'a', ...forged }))
      expect((await refusalOf(bothAtOnce)).code).toBe('PT422')
      await sql`UPDATE efir_budget.planning_cells SET is_locked = true WHERE id = ${id}`
      const past = { ...forged, value_numeric: 9, version: 3, effective_version: 3 }
      expect((await refusalOf(as((run) => update(run, id, past)))).code).toBe('PT423')
      await sql`UPDATE efir_budget.planning_cells SET is_locked = false WHERE id = ${id}`
      await as((run) => update(run, id, { ...past, version: 4, effective_version: 77 }))
      const [cell] = await sql`SELECT * FROM efir_budget.planning_cells WHERE id = ${id}`
      expect(cell).toMatchObject({ version: 4, effective_version: 4, effective_author: author })
      expect((cell!.modified_at as Date).getFullYear()).toBeGreaterThan(2020)
    }
  })
})

describe('a transaction of many statements', () => {
  it('is one revision and one step in each budget, its changes in order', async () => {
    const [one, two, other] = [await made(), await made(), (await createBudget({ organization: ours })).id]
    const before = await revision()
    await asAlice(async (as) => {
      await update(as, one.id, { value_numeric: 2 })
      await update(as, two.id, { value_numeric: 2 })
      await insert(as, { budget_version_id: other, value_numeric: 1 })
      await update(as, one.id, { value_numeric: 3 })
      await as`UPDATE efir_budget.planning_cells SET value_numeric = 4 WHERE id IN ${as([one.id, two.id])}`
    })
    expect(await revision()).toBe(before + 1)
    expect((await asAlice((as) => read(as, other, []))).revision).toBe(1)
    const records = [...(await recordOf(sql, one.id)), ...(await recordOf(sql, two.id))].filter(
      (row) => row.revision === String(before + 1),
    )
    expect(records).toHaveLength(5)
    expect(new Set(records.map((row) => row.session_id)).size).toBe(1)
    const order = await sql<{ sequence_number: number }[]>`
      SELECT sequence_number FROM efir_budget.cell_changes WHERE session_id = ${records[0]!.session_id} ORDER BY 1`
    expect(order.map((row) => row.sequence_number)).toEqual([1, 2, 3, 4, 5])
  })

  it('may call the functions too, before and after statements of its own', async () => {
    const [one, two] = [await made(), await made()]
    const before = await revision()
    await asAlice(async (as) => {
      await update(as, one.id, { value_numeric: 2 })
      await write(as, budget, [{ id: two.id, number: '2', base: 1 }])
      await update(as, one.id, { value_numeric: 3 })
      await write(as, budget, [{ id: two.id, number: '3', base: 2 }])
    })
    const revisions = async (id: string) =>
      (await recordOf(sql, id)).map((row) => Number(row.revision) - before)
    expect((await revisions(one.id)).slice(1)).toEqual([1, 3])
    expect((await revisions(two.id)).slice(1)).toEqual([2, 4])
    expect(await revision()).toBe(before + 4)
  })

  it('leaves nothing behind when it is rolled back, in whole or to a savepoint', async () => {
    const { id } = await made()
    const before = await revision()
    await expect(
      asAlice(async (as) => {
        await update(as, id, { value_numeric: 2 })
        await write(as, budget, [{ id, number: '3' }])
        throw new Error('changed my mind')
      }),
    ).rejects.toThrow('changed my mind')
    await asAlice(async (as) => {
      await as
        .savepoint(async (nested) => {
          await write(nested, budget, [{ id, number: '3' }])
          throw new Error('changed my mind')
        })
        .catch(() => undefined)
      await update(as, id, { value_numeric: 4 })
    })
    expect(await revision()).toBe(before + 1)
    expect(await recordOf(sql, id)).toMatchObject([
      { new_version: 1 },
      { new_version: 2, new_value: '4.0000' },
    ])
  })
})

describe('the kind of change', () => {
  it('follows from the kind of value', async () => {
    for (const [value_type, change_type] of [
      ['input', 'manual'],
      ['calculated', 'calculation'],
      ['imported', 'import'],
    ]) {
      const { id } = await made({ value_numeric: 1, value_type })
      expect(await recordOf(sql, id)).toMatchObject([{ change_type }])
    }
  })
})
