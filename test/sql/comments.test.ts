import { randomUUID } from 'node:crypto'
import { describe, expect, it } from 'vitest'
import { call } from './support/call.ts'
import { freshKey, freshTenants, read, recordOf, referenceTo, refusalOf, write } from './support/cells.ts'
import { commentsOf } from './support/comments.ts'

const tenants = await freshTenants()
const {
  sql,
  budget,
  theirBudget,
  ours,
  alice,
  bob,
  mallory,
  asAlice,
  asBob,
  asMallory,
  asAnon,
  asService,
  asUser,
} = tenants
const comments = commentsOf(budget)

async function newCell() {
  const key = freshKey()
  const { results } = await asAlice((as) => write(as, budget, [{ ...key, number: '1' }]))
  return { key, reference: referenceTo(key), id: results[0]![1] as string }
}
const thread = async (text = 'Why?') => {
  const cell = await newCell()
  return { ...(await asAlice((as) => comments.say(as, cell.id, text))), cell }
}
const shown = async (id: string, as = asAlice) =>
  (await as((own) => comments.list(own))).threads.find((one) => one.id === id)

describe('add_comment', () => {
  it("begins a thread on a cell, named by id or key, in its author's name", async () => {
    const { id, reference } = await newCell()
    const one = await asAlice((as) => comments.say(as, id, 'Why 1?'))
    const two = await asBob((as) => comments.say(as, reference, 'Because.'))
    expect(one).toMatchObject({ thread: one.id, cell: id, text: 'Why 1?', mentions: [], by: alice, editedAt: null, deletedAt: null }) // prettier-ignore
    expect(two).toMatchObject({ thread: two.id, cell: id, by: bob })
  })

  it('answers in a thread, and an answer to an answer is in the same', async () => {
    const { id, cell } = await thread()
    const answer = await asBob((as) => comments.answer(as, id, 'Because.'))
    const third = await asAlice((as) => comments.answer(as, answer.id, 'I see.'))
    expect([answer, third]).toMatchObject([
      { thread: id, cell: cell.id },
      { thread: id, cell: cell.id },
    ])
    expect((await shown(id))!.comments.map(({ text }) => text)).toEqual(['Why?', 'Because.', 'I see.'])
  })

  it("makes an empty cell where nobody has written yet, on record and as no step of the user's", async () => {
    const own = (await tenants.createBudget({ organization: ours })).id
    const key = freshKey()
    const { revision, comment } = await asAlice((as) =>
      commentsOf(own).add(as, referenceTo(key), 'What belongs here?'),
    )
    const { cells, revision: now } = await asBob((as) => read(as, own, [referenceTo(key)]))
    expect(cells).toMatchObject([
      { id: comment[2], number: null, text: null, version: 1, valueType: 'input' },
    ])
    expect(revision).toBe(now)
    expect(await recordOf(sql, comment[2])).toMatchObject([
      { action: 'insert', change_type: 'calculation', changed_by: alice, revision: String(revision) },
    ])
    const { results } = await asBob((as) => write(as, own, [{ ...key, number: '5', base: 1 }]))
    expect(results).toEqual([['written', comment[2], 2]])
    // Alice has nothing to undo, and what Bob undoes leaves the empty cell as it was.
    const state = await asAlice((as) => call(as, 'undo_state', { budget_version_id: own }))
    expect(state).toMatchObject({ undo: null, redo: null })
    await asBob((as) => call(as, 'undo', { budget_version_id: own }))
    expect((await asBob((as) => read(as, own, [comment[2]]))).cells).toMatchObject([
      { number: null, valueType: 'input', version: 3 },
    ])
  })

  it('brings a deleted cell back, empty, when it names its key; by its id the cell is gone', async () => {
    const { id, reference } = await newCell()
    await asAlice((as) => write(as, budget, [{ id, delete: true }]))
    expect((await refusalOf(asBob((as) => comments.add(as, id, 'Why?')))).code).toBe('PT404')
    const { comment, revision } = await asBob((as) => comments.add(as, reference, 'Why?'))
    expect(comment[2]).toBe(id)
    expect(await asAlice((as) => read(as, budget, [id]))).toMatchObject({
      revision,
      cells: [{ number: null, version: 3 }],
    })
    expect((await recordOf(sql, id)).at(-1)).toMatchObject({ action: 'restore', change_type: 'calculation' })
  })

  it('is for locked cells too: a comment is no value', async () => {
    const { id } = await newCell()
    await asAlice((as) => call(as, 'lock_cells', { budget_version_id: budget, references: [id] }))
    expect(await asBob((as) => comments.say(as, id, 'Why locked?'))).toMatchObject({ cell: id })
  })

  it('takes effect once when it is sent again', async () => {
    const key = referenceTo(freshKey())
    const operation_id = randomUUID()
    const send = (text = 'Once') => asAlice((as) => comments.add(as, key, text, { operation_id }))
    const first = await send()
    expect(await send()).toEqual(first)
    expect((await asAlice((as) => comments.list(as, { references: [key] }))).threads).toHaveLength(1)
    expect(await refusalOf(send('Twice'))).toMatchObject({ code: 'PT422', detail: { field: 'operation_id' } })
    expect((await refusalOf(asBob((as) => comments.add(as, key, 'Once', { operation_id })))).code).toBe(
      'PT422',
    )
  })

  it.each([
    ['no text', null],
    ['blank text', ' \n\t'],
    ['too much text', 'x'.repeat(10_001)],
  ])('refuses %s', async (_, text) => {
    const { id } = await newCell()
    const refusal = await refusalOf(asAlice((as) => comments.add(as, id, text)))
    expect(refusal).toMatchObject({ code: 'PT422', detail: { field: 'comment_text' } })
  })

  it('refuses a place that is none, and leaves no cell behind', async () => {
    const { id, cell } = await thread()
    for (const [reference, options, code] of [
      [null, {}, 'PT422'],
      [cell.id, { parent_id: id }, 'PT422'],
      [{}, {}, 'PT422'],
      [randomUUID(), {}, 'PT404'],
      [null, { parent_id: randomUUID() }, 'PT404'],
    ] as const)
      expect((await refusalOf(asAlice((as) => comments.add(as, reference, 'Where?', options)))).code).toBe(
        code,
      )
    const key = referenceTo(freshKey())
    await refusalOf(asAlice((as) => comments.add(as, key, '')))
    expect((await asAlice((as) => read(as, budget, [key]))).cells).toEqual([null])
  })
})

describe('mentions', () => {
  it('are of members of the organisation, and a stranger is as unknown as nobody', async () => {
    const { id } = await newCell()
    const mention = (user: string) =>
      refusalOf(asAlice((as) => comments.add(as, id, '@', { mentions: [bob, user] })))
    const [nobody, refusal] = [randomUUID(), await mention(mallory)]
    expect(refusal).toMatchObject({ code: 'PT422', detail: { field: 'mentions', given: mallory } })
    expect({ ...refusal, detail: null }).toEqual({ ...(await mention(nobody)), detail: null })
    expect(await asAlice((as) => comments.say(as, id, '@', { mentions: [bob, bob] }))).toMatchObject({
      mentions: [bob],
    })
  })

  it.each([['x'], [['x']], [[5]], [{}], [Array.from({ length: 101 }, () => alice)]])(
    'are not %j',
    async (mentions) => {
      const { id } = await newCell()
      const refusal = await refusalOf(asAlice((as) => comments.add(as, id, '@', { mentions })))
      expect(refusal).toMatchObject({ code: 'PT422', detail: { field: 'p_mentions' } })
    },
  )

  it('of someone who has left since hold nobody back from going on', async () => {
    const carol = (await tenants.createUser({ organization: ours })).id
    const { id } = await newCell()
    const said = await asAlice((as) => comments.say(as, id, '@', { mentions: [carol] }))
    await sql`DELETE FROM efir_budget.user_profiles WHERE user_id = ${carol}`
    await asAlice((as) => comments.edit(as, said.id, '@ again'))
    await asBob((as) => comments.resolve(as, said.id))
    await sql`DELETE FROM auth.users WHERE id = ${carol}`
    await asAlice((as) => comments.edit(as, said.id, '@ and again', { mentions: [carol, bob] }))
    expect((await asBob((as) => comments.inbox(as))).items.map((item) => item.comment.id)).toContain(said.id)
  })
})

describe('edit_comment and delete_comment', () => {
  it("are the author's alone", async () => {
    const { id } = await thread()
    expect((await refusalOf(asBob((as) => comments.edit(as, id, 'Mine')))).code).toBe('PT403')
    expect((await refusalOf(asBob((as) => comments.remove(as, id)))).code).toBe('PT403')
    const edited = await asAlice((as) => comments.edit(as, id, 'Why, then?'))
    expect(edited).toMatchObject({ text: 'Why, then?', by: alice, editedAt: expect.any(String) as string })
    expect((await refusalOf(asAlice((as) => comments.edit(as, id, ' ')))).code).toBe('PT422')
  })

  it('keep the mentions unless others are given', async () => {
    const { id } = await newCell()
    const said = await asAlice((as) => comments.say(as, id, '@', { mentions: [bob] }))
    expect(await asAlice((as) => comments.edit(as, said.id, '@@'))).toMatchObject({ mentions: [bob] })
    expect(await asAlice((as) => comments.edit(as, said.id, '@@', { mentions: [] }))).toMatchObject({
      mentions: [],
    })
    expect((await asBob((as) => comments.inbox(as))).items.map((item) => item.comment.id)).not.toContain(
      said.id,
    )
  })

  it('take the text out of the table and leave the thread', async () => {
    const { id } = await thread('secret')
    const answer = await asBob((as) => comments.answer(as, id, 'Because.'))
    const removed = await asAlice((as) => comments.remove(as, id))
    expect(removed).toMatchObject({ text: null, by: alice, deletedAt: expect.any(String) as string })
    expect(await asAlice((as) => comments.remove(as, id))).toEqual(removed)
    expect(await sql`SELECT comment_text FROM efir_budget.cell_comments WHERE id = ${id}`).toEqual([
      { comment_text: '' },
    ])
    expect((await shown(id))!.comments.map(({ text }) => text)).toEqual([null, 'Because.'])
    expect((await refusalOf(asAlice((as) => comments.edit(as, id, 'Back')))).code).toBe('PT404')
    await asBob((as) => comments.remove(as, answer.id))
    expect(await shown(id)).toBeUndefined()
  })

  it('may remove what has to go where the service key asks, and rewrite nothing', async () => {
    const { id } = await thread()
    expect((await refusalOf(asService((as) => comments.edit(as, id, 'Nicer')))).code).toBe('PT403')
    expect(await asService((as) => comments.remove(as, id))).toMatchObject({ text: null, by: alice })
  })
})

describe('resolve_thread and reopen_thread', () => {
  it("are everybody's, and say who and when", async () => {
    const { id } = await thread()
    const resolved = await asBob((as) => comments.resolve(as, id))
    expect(resolved).toMatchObject({ thread: id, isResolved: true, resolvedBy: bob, reopenedBy: null })
    expect(await asAlice((as) => comments.resolve(as, id))).toEqual(resolved)
    const reopened = await asAlice((as) => comments.reopen(as, id))
    expect(reopened).toMatchObject({
      ...resolved,
      isResolved: false,
      reopenedBy: alice,
      reopenedAt: expect.any(String) as string,
    })
    expect(await shown(id)).toMatchObject({ isResolved: false, resolvedBy: bob, reopenedBy: alice })
  })

  it('are of threads: an answer is not resolved', async () => {
    const { id } = await thread()
    const answer = await asBob((as) => comments.answer(as, id, 'Because.'))
    expect((await refusalOf(asBob((as) => comments.resolve(as, answer.id)))).code).toBe('PT422')
  })
})

describe('comments', () => {
  it('go where their cell goes: out of sight with a deleted one, and back with it', async () => {
    const { id, cell } = await thread()
    const see = async () => ({
      list: (await asBob((as) => comments.list(as, { references: [cell.id, cell.reference] }))).threads
        .length,
      counts: (await asBob((as) => comments.counts(as, { filter: { field: cell.key.field } }))).counts.length,
    })
    expect(await see()).toEqual({ list: 1, counts: 1 })
    await asAlice((as) => write(as, budget, [{ id: cell.id, delete: true }]))
    expect(await see()).toEqual({ list: 0, counts: 0 })
    for (const attempt of [
      () => asAlice((as) => comments.edit(as, id, 'Why not?')),
      () => asAlice((as) => comments.answer(as, id, 'Hello?')),
      () => asAlice((as) => comments.resolve(as, id)),
    ])
      expect((await refusalOf(attempt())).code).toBe('PT404')
    await asAlice((as) => write(as, budget, [{ ...cell.key, number: '2' }]))
    expect(await see()).toEqual({ list: 1, counts: 1 })
  })

  it('stay, in his name, when their author leaves the organisation, who loses them at once', async () => {
    const carol = (await tenants.createUser({ organization: ours })).id
    const { id } = await newCell()
    const said = await asUser(carol, (as) => comments.say(as, id, 'Bye', { mentions: [bob] }))
    await sql`DELETE FROM efir_budget.user_profiles WHERE user_id = ${carol}`
    expect((await shown(said.id))!.comments).toMatchObject([{ text: 'Bye', by: carol }])
    for (const attempt of [
      () => asUser(carol, (as) => comments.edit(as, said.id, 'Hello')),
      () => asUser(carol, (as) => comments.list(as)),
      () => asUser(carol, (as) => comments.inbox(as)),
    ])
      expect((await refusalOf(attempt())).code).toBe('PT404')
    expect(await asUser(carol, (as) => as`SELECT FROM efir_budget.cell_comments`)).toHaveLength(0)
    // And without his name when his account goes.
    await sql`DELETE FROM auth.users WHERE id = ${carol}`
    expect((await shown(said.id))!.comments).toMatchObject([{ text: 'Bye', by: null, editedAt: null }])
    expect((await refusalOf(asBob((as) => comments.edit(as, said.id, 'Mine now')))).code).toBe('PT403')
    expect((await refusalOf(asBob((as) => comments.remove(as, said.id)))).code).toBe('PT403')
  })

  it('go with their budget', async () => {
    const own = (await tenants.createBudget({ organization: ours })).id
    const there = commentsOf(own)
    const said = await asAlice((as) => there.say(as, referenceTo(freshKey()), '@', { mentions: [bob] }))
    await asBob((as) => there.read(as, [said.id]))
    await sql`UPDATE efir_budget.budget_versions SET deleted_at = now() WHERE id = ${own}`
    expect((await refusalOf(asAlice((as) => there.list(as)))).code).toBe('PT404')
    expect((await refusalOf(asAlice((as) => there.answer(as, said.id, 'Still?')))).code).toBe('PT404')
    expect((await asBob((as) => call<{ items: unknown[] }>(as, 'inbox', {}))).items).not.toContainEqual(
      expect.objectContaining({ budgetVersionId: own }),
    )
    await sql`DELETE FROM efir_budget.budget_versions WHERE id = ${own}`
    expect(await sql`SELECT FROM efir_budget.cell_comments WHERE id = ${said.id}`).toHaveLength(0)
    expect(await sql`SELECT FROM efir_budget.comment_mentions WHERE comment_id = ${said.id}`).toHaveLength(0)
  })

  it('are not reached with a budget of another organisation', async () => {
    const { id, cell } = await thread()
    const there = commentsOf(theirBudget)
    for (const attempt of [
      () => asMallory((as) => there.add(as, cell.id, 'Hello')),
      () => asMallory((as) => there.answer(as, id, 'Hello')),
      () => asMallory((as) => there.edit(as, id, 'Hello')),
      () => asMallory((as) => there.remove(as, id)),
      () => asMallory((as) => there.resolve(as, id)),
    ])
      expect((await refusalOf(attempt())).code).toBe('PT404')
    expect((await asMallory((as) => there.list(as, { references: [cell.id] }))).threads).toEqual([])
    expect((await asMallory((as) => there.counts(as, { references: [cell.id] }))).counts).toEqual([])
    expect(await asMallory((as) => there.read(as, [id]))).toEqual({ threads: 0, more: false })
  })
})

const comment_id = randomUUID()
const calls: [string, object][] = [
  ['add_comment', { reference: referenceTo(freshKey()), text: 'Hello' }],
  ['edit_comment', { comment_id, text: 'Hello' }],
  ['delete_comment', { comment_id }],
  ['resolve_thread', { thread_id: comment_id }],
  ['reopen_thread', { thread_id: comment_id }],
  ['list_comments', {}],
  ['comment_counts', { filter: {} }],
  ['mark_read', {}],
  ['inbox', {}],
]
describe.each(calls)('%s', (name, parameters) => {
  it('tells a stranger what it tells of no budget at all', async () => {
    const to = (budget_version_id: string) =>
      refusalOf(asMallory((as) => call(as, name, { budget_version_id, ...parameters })))
    expect((await to(budget)).code).toBe('PT404')
    expect(await to(budget)).toEqual(await to(randomUUID()))
  })

  it('is nothing that anon may call', async () => {
    const refusal = await refusalOf(
      asAnon((as) => call(as, name, { budget_version_id: budget, ...parameters })),
    )
    expect(refusal.code).toBe('42501')
  })
})
