import { randomUUID } from 'node:crypto'
import type postgres from 'postgres'
import { describe, expect, it } from 'vitest'
import { freshKey, freshTenants, refusalOf, write } from './support/cells.ts'
import { commentsOf } from './support/comments.ts'

// What applications have done since 009: write cell_comments itself, through PostgREST.
const tenants = await freshTenants()
const { sql, budget, theirBudget, alice, bob, mallory, asAlice, asBob, asMallory, asService } = tenants

type Sql = postgres.TransactionSql | postgres.Sql
interface Row {
  readonly id: string
  readonly budget_version_id: string
  readonly parent_id: string | null
  readonly comment_text: string
  readonly is_resolved: boolean
  readonly created_by: string | null
  readonly created_at: Date
  readonly updated_at: Date
  readonly resolved_by: string | null
  readonly edited_at: Date | null
  readonly deleted_at: Date | null
}

async function newCell(in_ = budget, as = asAlice) {
  const { results } = await as((own) => write(own, in_, [{ ...freshKey(), number: '1' }]))
  return results[0]![1] as string
}
async function insert(as: Sql, row: object): Promise<Row> {
  const [made] = await as<Row[]>`INSERT INTO efir_budget.cell_comments ${as(row)} RETURNING *`
  return made!
}
async function update(as: Sql, id: string, change: object): Promise<Row | undefined> {
  const [row] = await as<
    Row[]
  >`UPDATE efir_budget.cell_comments SET ${as(change)} WHERE id = ${id} RETURNING *`
  return row
}
const said = async (text = 'Why?') => {
  const cell = await newCell()
  return { cell, ...(await asAlice((as) => insert(as, { cell_id: cell, comment_text: text }))) }
}
const longAgo = new Date('2001-01-01')

describe('an insert into cell_comments', () => {
  it("is the caller's, and of now, whatever it says", async () => {
    const cell = await newCell()
    const before = new Date()
    const row = await asAlice((as) =>
      insert(as, {
        cell_id: cell,
        comment_text: 'Why?',
        created_by: bob,
        created_at: longAgo,
        updated_at: longAgo,
        edited_at: longAgo,
        deleted_at: longAgo,
        resolved_by: bob,
        budget_version_id: theirBudget,
      }),
    )
    expect(row).toMatchObject({
      created_by: alice,
      budget_version_id: budget,
      is_resolved: false,
      resolved_by: null,
      edited_at: null,
      deleted_at: null,
    })
    expect(Number(row.created_at)).toBeGreaterThan(Number(before) - 60_000)
    expect(row.updated_at).toEqual(row.created_at)
  })

  it('is a thread for the calls, and answers go into it', async () => {
    const { id, cell } = await said()
    const answer = await asBob((as) => insert(as, { cell_id: cell, comment_text: 'Because.', parent_id: id }))
    await asAlice((as) => insert(as, { cell_id: cell, comment_text: 'I see.', parent_id: answer.id }))
    const { threads } = await asBob((as) => commentsOf(budget).list(as, { references: [cell] }))
    expect(threads[0]!.comments.map(({ text }) => text)).toEqual(['Why?', 'Because.', 'I see.'])
  })

  it('of several rows in one statement keeps their order', async () => {
    const { id, cell } = await said('0')
    const rows = ['1', '2', '3'].map((comment_text) => ({ cell_id: cell, comment_text, parent_id: id }))
    await asBob((as) => as`INSERT INTO efir_budget.cell_comments ${as(rows)}`)
    const { threads } = await asBob((as) => commentsOf(budget).list(as, { references: [cell] }))
    expect(threads[0]!.comments.map(({ text }) => text)).toEqual(['0', '1', '2', '3'])
  })

  it('mentions members alone', async () => {
    const cell = await newCell()
    const mention = (mentions: string[]) =>
      asAlice(
        (as) => as`
        INSERT INTO efir_budget.cell_comments (cell_id, comment_text, mentions) VALUES (${cell}, '@', ${mentions})`,
      )
    for (const stranger of [mallory, randomUUID()])
      expect(await refusalOf(mention([bob, stranger]))).toMatchObject({ code: 'PT422', detail: { field: 'mentions', given: stranger } }) // prettier-ignore
    await mention([bob])
    expect(await asBob((as) => commentsOf(budget).inbox(as))).toMatchObject({ unread: 1 })
  })

  it('does not reach a cell of another organisation, a deleted one or none, and says the same of each', async () => {
    const { cell: ours, id } = await said()
    const deleted = await newCell(theirBudget, asMallory)
    await asMallory((as) => write(as, theirBudget, [{ id: deleted, delete: true }]))
    const theirs = await newCell(theirBudget, asMallory)
    const to = (cell_id: string, more: object = {}) =>
      refusalOf(asMallory((as) => insert(as, { cell_id, comment_text: 'Hello', ...more })))
    const none = await to(randomUUID())
    expect(none.code).toBe('PT404')
    expect(await to(ours)).toEqual(none)
    expect(await to(deleted)).toEqual(none)
    expect((await to(theirs, { parent_id: id })).code).toBe('PT404')
    expect(await to(theirs, { parent_id: randomUUID() })).toEqual(await to(theirs, { parent_id: id }))
  })

  it('of a blank text, or of an answer on another cell than its thread, is refused', async () => {
    const { id } = await said()
    const other = await newCell()
    const blank = asAlice((as) => insert(as, { cell_id: other, comment_text: '  ' }))
    expect((await refusalOf(blank)).code).toBe('PT422')
    const elsewhere = asAlice((as) => insert(as, { cell_id: other, comment_text: 'Here', parent_id: id }))
    expect((await refusalOf(elsewhere)).code).toBe('PT404')
  })

  it('by the service key is in the name that it gives, and still of now', async () => {
    const cell = await newCell()
    const row = await asService((as) =>
      insert(as, { cell_id: cell, comment_text: 'Imported', created_by: bob, created_at: longAgo }),
    )
    expect(row.created_by).toBe(bob)
    expect(Number(row.created_at)).toBeGreaterThan(Number(longAgo))
  })
})

describe('an update of cell_comments', () => {
  it("resolves and reopens, in the caller's name", async () => {
    const { id, updated_at } = await said()
    const resolved = await asBob((as) =>
      update(as, id, { is_resolved: true, updated_at: longAgo, resolved_by: alice }),
    )
    expect(resolved).toMatchObject({
      is_resolved: true,
      resolved_by: bob,
      created_by: alice,
      edited_at: null,
    })
    expect(Number(resolved!.updated_at)).toBeGreaterThan(Number(updated_at))
    expect(await asAlice((as) => update(as, id, { is_resolved: false }))).toMatchObject({
      is_resolved: false,
      reopened_by: alice,
    })
  })

  it('changes a text for its author alone', async () => {
    const { id } = await said()
    const other = asBob((as) => update(as, id, { comment_text: 'Mine' }))
    expect((await refusalOf(other)).code).toBe('PT403')
    expect((await refusalOf(asService((as) => update(as, id, { comment_text: 'Mine' })))).code).toBe('PT403')
    const own = await asAlice((as) => update(as, id, { comment_text: 'Why, then?' }))
    expect(own).toMatchObject({ comment_text: 'Why, then?', edited_at: expect.any(Date) as Date })
  })

  it('forges neither author nor times, and moves nothing elsewhere', async () => {
    const { id, created_at, updated_at } = await said()
    const forged = {
      created_by: bob,
      created_at: longAgo,
      updated_at: longAgo,
      edited_at: longAgo,
      resolved_at: longAgo,
    }
    for (const by of [asAlice, asBob, asService])
      expect(await by((as) => update(as, id, forged))).toMatchObject({ created_by: alice, created_at, updated_at, edited_at: null, resolved_at: null }) // prettier-ignore
    expect(await asAlice((as) => update(as, id, { created_by: null }))).toMatchObject({ created_by: alice })
    const cell = await newCell()
    for (const change of [{ cell_id: cell }, { id: randomUUID() }, { parent_id: (await said()).id }])
      expect((await refusalOf(asAlice((as) => update(as, id, change)))).code).toBe('PT422')
  })

  it('does not bring a deleted text back', async () => {
    const { id } = await said()
    await asAlice((as) => update(as, id, { deleted_at: longAgo }))
    for (const change of [{ deleted_at: null }, { comment_text: 'Back' }])
      expect((await refusalOf(asAlice((as) => update(as, id, change)))).code).toBe('PT404')
  })

  it('does nothing for a stranger', async () => {
    const { id } = await said()
    expect(await asMallory((as) => update(as, id, { is_resolved: true }))).toBeUndefined()
    expect(await asMallory((as) => as`SELECT FROM efir_budget.cell_comments WHERE id = ${id}`)).toHaveLength(
      0,
    )
  })
})

describe('a delete from cell_comments', () => {
  const remove = (as: Sql, id: string) => as`DELETE FROM efir_budget.cell_comments WHERE id = ${id}`

  it('blanks the comment for its author, and leaves its place', async () => {
    const { id, cell } = await said()
    await asBob((as) => insert(as, { cell_id: cell, comment_text: 'Because.', parent_id: id }))
    await asAlice((as) => remove(as, id))
    expect(
      await sql`SELECT comment_text, deleted_at FROM efir_budget.cell_comments WHERE id = ${id}`,
    ).toEqual([{ comment_text: '', deleted_at: expect.any(Date) as Date }])
  })

  it('is refused to others, and does nothing for a stranger', async () => {
    const { id } = await said()
    expect((await refusalOf(asBob((as) => remove(as, id)))).code).toBe('PT403')
    await asMallory((as) => remove(as, id))
    expect(await sql`SELECT comment_text FROM efir_budget.cell_comments WHERE id = ${id}`).toEqual([{ comment_text: 'Why?' }]) // prettier-ignore
  })
})

describe('the tables behind comments', () => {
  it.each(['comment_mentions', 'comment_reads', 'comment_tuples'])(
    '%s is read by nobody past the calls',
    async (table) => {
      for (const by of [asAlice, asService, tenants.asAnon])
        expect((await refusalOf(by((as) => as.unsafe(`SELECT FROM efir_budget.${table}`)))).code).toBe(
          '42501',
        )
    },
  )

  it.each(['comment_mentions', 'comment_reads'])(
    '%s is written by nobody, whatever has been granted',
    async (table) => {
      const attempt = sql.begin(async (as) => {
        await as.unsafe(`GRANT ALL ON efir_budget.${table} TO service_role`)
        await as`SET LOCAL ROLE service_role`
        await as.unsafe(`DELETE FROM efir_budget.${table} WHERE true`)
      })
      expect((await refusalOf(attempt)).code).toBe('PT403')
    },
  )
})

describe('realtime', () => {
  it('is told of every change of a comment, and can be asked for those of one budget', async () => {
    const published = await sql<{ attnames: string[] }[]>`
      SELECT attnames FROM pg_publication_tables
      WHERE pubname = 'supabase_realtime' AND schemaname = 'efir_budget' AND tablename = 'cell_comments'`
    expect(published).toHaveLength(1)
    expect(published[0]!.attnames).toEqual(
      expect.arrayContaining(['budget_version_id', 'parent_id', 'deleted_at']),
    )
  })
})
