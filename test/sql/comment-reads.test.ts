import { describe, expect, it } from 'vitest'
import { call } from './support/call.ts'
import { crowd, freshKey, freshTenants, referenceTo, refusalOf, write } from './support/cells.ts'
import { commentsOf } from './support/comments.ts'

const tenants = await freshTenants()
const { sql, ours, alice, bob, asAlice, asBob, asMallory, asService, createBudget } = tenants

/** A budget of the test's own with some cells, and the calls about its comments. */
async function fresh(cells = 1) {
  const budget = (await createBudget({ organization: ours })).id
  const keys = Array.from({ length: cells }, freshKey)
  const { results } = await asAlice((as) => write(as, budget, keys.map((key) => ({ ...key, number: '1' })))) // prettier-ignore
  const ids = results.map((result) => result[1] as string)
  return { budget, keys, ids, comments: commentsOf(budget) }
}

describe('list_comments', () => {
  it('gives whole threads, the newest first, page by page, each once', async () => {
    const { comments, ids, keys } = await fresh(2)
    const began: string[] = []
    for (let n = 0; n < 5; n += 1) {
      const { id } = await asAlice((as) => comments.say(as, ids[n % 2], `Thread ${n}`))
      await asBob((as) => comments.answer(as, id, `Answer ${n}`))
      began.unshift(id)
    }
    const seen: string[] = []
    let after: string | null = null
    do {
      const page = await asAlice((as) => comments.list(as, { limit: 2, after }))
      for (const one of page.threads) expect(one.comments.map(({ by }) => by)).toEqual([alice, bob])
      seen.push(...page.threads.map(({ id }) => id))
      after = page.next
    } while (after !== null)
    expect(seen).toEqual(began)
    const { threads } = await asAlice((as) => comments.list(as, { references: [referenceTo(keys[1]!)] }))
    expect(threads).toMatchObject([
      { cellId: ids[1], key: referenceTo(keys[1]!) },
      { cellId: ids[1], key: referenceTo(keys[1]!) },
    ])
    const filtered = await asAlice((as) => comments.list(as, { filter: { field: keys[0]!.field } }))
    expect(filtered.threads.map(({ id }) => id)).toEqual([began[0], began[2], began[4]])
  })

  it('gives the open ones or the resolved ones where asked', async () => {
    const { comments, ids } = await fresh()
    const open = await asAlice((as) => comments.say(as, ids[0], 'Open'))
    const done = await asAlice((as) => comments.say(as, ids[0], 'Done'))
    await asBob((as) => comments.resolve(as, done.id))
    const listed = async (resolved: boolean | null) =>
      (await asAlice((as) => comments.list(as, { resolved }))).threads.map(({ id }) => id)
    expect(await listed(true)).toEqual([done.id])
    expect(await listed(false)).toEqual([open.id])
    expect(await listed(null)).toEqual([done.id, open.id])
  })

  it.each([
    [{ limit: 0 }],
    [{ limit: 501 }],
    [{ references: [], filter: {} }],
    [{ filter: { modul: 'a' } }],
    [{ after: crypto.randomUUID() }],
  ])('refuses %j', async (options) => {
    const { comments } = await fresh()
    expect((await refusalOf(asAlice((as) => comments.list(as, options)))).code).toBe('PT422')
  })
})

describe('what is unread', () => {
  it('is what others wrote after the place that was read', async () => {
    const { comments, ids } = await fresh()
    const unread = async (as = asBob) => (await as((own) => comments.list(own))).threads[0]!.unread
    const one = await asAlice((as) => comments.say(as, ids[0], 'One'))
    const two = await asAlice((as) => comments.answer(as, one.id, 'Two'))
    expect([await unread(), await unread(asAlice)]).toEqual([2, 0])
    await asBob((as) => comments.read(as, [one.id]))
    expect(await unread()).toBe(1)
    await asBob((as) => comments.answer(as, one.id, 'Three'))
    expect([await unread(), await unread(asAlice)]).toEqual([1, 1])
    expect(await asBob((as) => comments.read(as, [two.id]))).toEqual({ threads: 1, more: false })
    expect(await unread()).toBe(0)
    // The place does not go back, and an edit does not make a comment new.
    expect(await asBob((as) => comments.read(as, [one.id]))).toEqual({ threads: 0, more: false })
    await asAlice((as) => comments.edit(as, two.id, 'Two!'))
    expect(await unread()).toBe(0)
  })

  it('is nothing once all of the budget is read', async () => {
    const { comments, ids } = await fresh(2)
    for (const id of ids) await asAlice((as) => comments.say(as, id, 'Hello', { mentions: [bob] }))
    expect(await asBob((as) => comments.inbox(as))).toMatchObject({ unread: 2 })
    expect(await asBob((as) => comments.read(as))).toEqual({ threads: 2, more: false })
    expect((await asBob((as) => comments.list(as))).threads.map(({ unread }) => unread)).toEqual([0, 0])
    expect(await asBob((as) => comments.inbox(as))).toMatchObject({ unread: 0 })
  })

  it('misses no comment that was being written while another was read', async () => {
    const { comments, ids } = await fresh()
    const one = await asAlice((as) => comments.say(as, ids[0], 'One'))
    const writers = crowd(tenants, 3)
    let later: Promise<unknown> | undefined
    await writers.asUser(alice, async (as) => {
      await comments.answer(as, one.id, 'Slow')
      // Begun later and finished later: it waits for the slow one, so that no place between them can be read.
      later = writers.asUser(alice, (own) => comments.answer(own, one.id, 'Quick'))
      await expect
        .poll(
          () => sql`
            SELECT FROM pg_stat_activity
            WHERE wait_event_type = 'Lock' AND query LIKE '%add_comment%' AND datname = current_database()`,
        )
        .toHaveLength(1)
      await asBob((own) => comments.read(own))
    })
    await later
    const [thread] = (await asBob((as) => comments.list(as))).threads
    expect(thread!.comments.map(({ text }) => text)).toEqual(['One', 'Slow', 'Quick'])
    expect(thread!.unread).toBe(2)
  })

  it("is a user's, and no program's", async () => {
    const { comments, ids } = await fresh()
    await asAlice((as) => comments.say(as, ids[0], 'Hello'))
    expect((await asService((as) => comments.list(as))).threads[0]!.unread).toBe(0)
    expect((await asService((as) => comments.counts(as, { filter: {} }))).counts).toEqual([[ids[0], 1, 1, 0]])
    expect((await refusalOf(asService((as) => comments.read(as)))).code).toBe('PT403')
  })

  it.each([['x'], [['x']], [[null]], [{}]])('is not marked by %j', async (given) => {
    const { comments } = await fresh()
    const refusal = await refusalOf(asAlice((as) => comments.read(as, given as never)))
    expect(refusal).toMatchObject({ code: 'PT422', detail: { field: 'p_comment_ids' } })
  })
})

describe('comment_counts', () => {
  it('counts comments, open threads and unread comments of many cells at once', async () => {
    const { comments, ids, keys } = await fresh(4)
    const [first, second, third, fourth] = ids as [string, string, string, string]
    const one = await asAlice((as) => comments.say(as, first, 'One'))
    await asBob((as) => comments.answer(as, one.id, 'Two'))
    const done = await asAlice((as) => comments.say(as, first, 'Three'))
    await asAlice((as) => comments.resolve(as, done.id))
    // A thread whose beginning was deleted is open as long as an answer is there.
    const blank = await asAlice((as) => comments.say(as, second, 'Oops'))
    await asBob((as) => comments.answer(as, blank.id, 'What?'))
    await asAlice((as) => comments.remove(as, blank.id))
    const gone = await asAlice((as) => comments.say(as, third, 'Gone'))
    await asAlice((as) => comments.remove(as, gone.id))

    const expected = [
      [first, 3, 1, 2],
      [second, 1, 1, 0],
    ].sort(([a], [b]) => String(a).localeCompare(String(b)))
    expect(await asBob((as) => comments.counts(as, { filter: {} }))).toEqual({
      cells: null,
      counts: expected,
    })
    const references = [fourth, first, referenceTo(keys[1]!), referenceTo(freshKey()), first]
    expect(await asBob((as) => comments.counts(as, { references }))).toEqual({
      cells: [fourth, first, second, null, first],
      counts: expected,
    })
    await asBob((as) => comments.read(as))
    expect((await asBob((as) => comments.counts(as, { references: [first] }))).counts).toEqual([
      [first, 3, 1, 0],
    ])
    expect((await asBob((as) => comments.counts(as, { filter: { field: 'none' } }))).counts).toEqual([])
  })

  it.each([[{}], [{ references: [], filter: {} }], [{ references: 'x' }], [{ filter: { modul: 'a' } }]])(
    'refuses %j',
    async (options) => {
      const { comments } = await fresh()
      expect((await refusalOf(asAlice((as) => comments.counts(as, options)))).code).toBe('PT422')
    },
  )
})

describe('the inbox', () => {
  it('holds the mentions of the caller, newest first, page by page, each once', async () => {
    const { comments, ids, keys, budget } = await fresh()
    const said: string[] = []
    for (let n = 0; n < 5; n += 1)
      said.unshift((await asAlice((as) => comments.say(as, ids[0], `@${n}`, { mentions: [bob, alice] }))).id)
    await asAlice((as) => comments.say(as, ids[0], 'Nobody'))
    const seen: string[] = []
    let after: unknown[] | undefined
    do {
      const page = await asBob((as) => comments.inbox(as, { limit: 2, after }))
      expect(page.unread).toBe(5)
      seen.push(...page.items.map((item) => item.comment.id))
      for (const item of page.items)
        expect(item).toMatchObject({ budgetVersionId: budget, key: referenceTo(keys[0]!), readAt: null })
      after = page.next ?? undefined
    } while (after !== undefined)
    expect(seen).toEqual(said)
    // Who mentions himself has no need to be told.
    expect(await asAlice((as) => comments.inbox(as))).toEqual({ unread: 0, items: [], next: null })
    expect((await asBob((as) => comments.inbox(as, { limit: 5 }))).next).toBeNull()
  })

  it('tells what is read by thread, and gives the unread alone where asked', async () => {
    const { comments, ids } = await fresh()
    const one = await asAlice((as) => comments.say(as, ids[0], '@1', { mentions: [bob] }))
    const two = await asAlice((as) => comments.say(as, ids[0], '@2', { mentions: [bob] }))
    await asBob((as) => comments.read(as, [one.id]))
    const unread = await asBob((as) => comments.inbox(as, { unread: true }))
    expect(unread).toMatchObject({ unread: 1, items: [{ comment: { id: two.id }, readAt: null }] })
    const all = await asBob((as) => comments.inbox(as))
    expect(all.items).toMatchObject([
      { readAt: null },
      { comment: { id: one.id }, readAt: expect.any(String) as string },
    ])
  })

  it('is told of a mention that came with an edit, though the comment was read before', async () => {
    const { comments, ids } = await fresh()
    const one = await asAlice((as) => comments.say(as, ids[0], 'Hm'))
    await asBob((as) => comments.read(as))
    await asAlice((as) => comments.edit(as, one.id, 'Hm @', { mentions: [bob] }))
    expect(await asBob((as) => comments.inbox(as))).toMatchObject({
      unread: 1,
      items: [{ comment: { id: one.id } }],
    })
    await asBob((as) => comments.read(as, [one.id]))
    expect(await asBob((as) => comments.inbox(as))).toMatchObject({ unread: 0 })
  })

  it('forgets what was deleted', async () => {
    const { comments, ids } = await fresh()
    const one = await asAlice((as) => comments.say(as, ids[0], '@', { mentions: [bob] }))
    await asAlice((as) => comments.remove(as, one.id))
    expect(await asBob((as) => comments.inbox(as))).toEqual({ unread: 0, items: [], next: null })
  })

  it("is of all budgets where none is named, and of the caller's organisation alone", async () => {
    const [here, there] = [await fresh(), await fresh()]
    for (const { comments, ids } of [here, there])
      await asAlice((as) => comments.say(as, ids[0], '@', { mentions: [bob] }))
    const { items } = await asBob((as) =>
      call<{ items: { budgetVersionId: string }[] }>(as, 'inbox', { limit: 2 }),
    )
    expect(items.map(({ budgetVersionId }) => budgetVersionId)).toEqual([there.budget, here.budget])
    expect(await asMallory((as) => call(as, 'inbox', {}))).toEqual({ unread: 0, items: [], next: null })
  })

  it.each([[{ limit: 0 }], [{ limit: 501 }], [{ after: ['yesterday', 'x'] }], [{ after: [] }]])(
    'refuses %j',
    async (options) => {
      const { comments } = await fresh()
      expect((await refusalOf(asAlice((as) => comments.inbox(as, options)))).code).toBe('PT422')
    },
  )
})
