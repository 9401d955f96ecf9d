import { bypass, http, HttpResponse } from 'msw'
import { setupServer } from 'msw/node'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import {
  createCells,
  ForbiddenError,
  NotFoundError,
  ValidationError,
  type Budget,
  type Cells,
  type StoredCell,
} from '@efir/cells'
import type { TestUser } from '@efir/cells/local'
import { useStack } from '../support/stack.ts'

const stack = await useStack()
const network = setupServer()

let users: Record<'alice' | 'bob' | 'mallory', TestUser>
let bobsCells: Cells
let budgetVersionId: string
let alice: Budget
let bob: Budget
let mallory: Budget

beforeAll(async () => {
  const ours = await stack.createOrganization()
  const [one, two, three] = await Promise.all([
    stack.createUser({ organization: ours }),
    stack.createUser({ organization: ours }),
    stack.createUser({ organization: await stack.createOrganization() }),
  ])
  users = { alice: one, bob: two, mallory: three }
  budgetVersionId = (await stack.createBudget({ organization: ours })).id
  alice = createCells(stack.signIn(one), { retry: { baseDelay: 1 } }).budget(budgetVersionId)
  bobsCells = createCells(stack.signIn(two))
  bob = bobsCells.budget(budgetVersionId)
  mallory = createCells(stack.signIn(three)).budget(budgetVersionId)
  network.listen({ onUnhandledFrame: 'bypass' })
})
afterAll(() => network.close())

let next = 0
const freshAddress = () => ({ module: 'talk', entity: null, field: `field_${next++}`, period: '2025-09' })
const freshCell = async () => (await alice.write(await alice.read(freshAddress()), '1')) as StoredCell
const threadsOf = (budget: Budget, field: string, resolved?: boolean) =>
  Array.fromAsync(budget.comments.list({ filter: { field }, resolved }))

describe('a thread', () => {
  it('is begun, answered, edited, settled and opened again, and shows so to everybody in the organisation', async () => {
    const cell = await freshCell()
    const question = await alice.comments.add(cell, 'Check with HR', { mentions: [users.bob.id] })
    expect(question).toEqual({
      id: question.threadId,
      threadId: question.id,
      cellId: cell.id,
      text: 'Check with HR',
      mentions: [users.bob.id],
      createdBy: users.alice.id,
      createdAt: expect.any(String) as string,
      editedAt: null,
      deletedAt: null,
    })
    const answer = await bob.comments.reply(question, 'They say 12 🧮')
    const [thread] = await threadsOf(bob, cell.field)
    const { module, entity, field, period } = cell
    expect(thread).toEqual({
      id: question.id,
      cellId: cell.id,
      address: { module, entity, field, period },
      isResolved: false,
      resolvedBy: null,
      resolvedAt: null,
      reopenedBy: null,
      reopenedAt: null,
      unread: 1,
      comments: [question, answer],
    })
    const second = await alice.comments.reply(thread!, 'Then 12.')
    expect((await alice.comments.reply(answer, 'Thanks')).threadId).toBe(question.id)
    expect(
      (await alice.comments.reply(second.id, 'Bye').catch((error: unknown) => error)) as object,
    ).toMatchObject({
      threadId: question.id,
    })
    const edited = await alice.comments.edit(second, 'Then it is 12.')
    expect(edited).toMatchObject({ id: second.id, text: 'Then it is 12.', mentions: [] })
    expect(edited.editedAt).not.toBeNull()
    expect(await alice.comments.edit(question.id, 'Check with them', { mentions: [] })).toMatchObject({
      mentions: [],
    })

    const settled = await bob.comments.resolve(answer)
    expect(settled).toMatchObject({
      id: question.id,
      isResolved: true,
      resolvedBy: users.bob.id,
      reopenedAt: null,
    })
    expect(await threadsOf(alice, cell.field, false)).toEqual([])
    expect(await threadsOf(alice, cell.field, true)).toMatchObject([{ id: question.id, isResolved: true }])
    expect(await alice.comments.resolve(settled)).toEqual(settled)
    expect(await alice.comments.reopen(question.id)).toMatchObject({
      isResolved: false,
      reopenedBy: users.alice.id,
    })
  })

  it('keeps the place of a comment that its author deletes, and goes when all are deleted', async () => {
    const cell = await freshCell()
    const question = await alice.comments.add(cell, 'Why?')
    const answer = await bob.comments.reply(question, 'Because.')
    const deleted = await alice.comments.delete(question)
    expect(deleted).toMatchObject({ id: question.id, text: null })
    expect(deleted.deletedAt).not.toBeNull()
    expect(await alice.comments.delete(question)).toEqual(deleted)
    expect((await threadsOf(bob, cell.field))[0]?.comments.map(({ text }) => text)).toEqual([
      null,
      'Because.',
    ])
    await bob.comments.delete(answer.id)
    expect(await threadsOf(bob, cell.field)).toEqual([])
    await expect(alice.comments.edit(question, 'Again')).rejects.toThrow(NotFoundError)
  })

  it('can begin on a cell that nobody has written, which is then there, empty', async () => {
    const missing = await alice.read(freshAddress())
    const { cellId } = await alice.comments.add(missing, 'What goes here?')
    expect(await bob.read(missing)).toMatchObject({ exists: true, id: cellId, value: null, kind: 'empty' })
  })

  it('goes with its cell, and comes back with it', async () => {
    const cell = await freshCell()
    const comment = await alice.comments.add(cell, 'Still needed?')
    await alice.delete(cell)
    expect(await threadsOf(bob, cell.field)).toEqual([])
    await expect(alice.comments.add(cell, 'As it was read')).rejects.toThrow(NotFoundError)
    await expect(bob.comments.reply(comment, 'Gone?')).rejects.toThrow(NotFoundError)
    const { module, field, period } = cell
    expect(await bob.comments.add({ module, field, period }, 'By its address')).toMatchObject({
      cellId: cell.id,
    })
    expect(await threadsOf(bob, cell.field)).toHaveLength(2)
  })
})

describe('a comment whose answer is lost after it was written', () => {
  it('is sent again, and is one comment', async () => {
    const cell = await freshCell()
    let count = 0
    const answers: string[] = []
    network.use(
      http.post(`${stack.url}/rest/v1/rpc/add_comment`, async ({ request }) => {
        const response = await fetch(bypass(request))
        answers.push(await response.clone().text())
        return ++count <= 2 ? HttpResponse.error() : response
      }),
    )
    const comment = await alice.comments.add(cell, 'Once')
    const reply = await alice.comments.reply(comment, 'Once more')
    network.resetHandlers()
    expect(answers).toHaveLength(4)
    expect((await threadsOf(bob, cell.field)).map(({ comments }) => comments)).toEqual([[comment, reply]])
  })

  it('can be sent again by the caller, by its operation id', async () => {
    const cell = await freshCell()
    const operationId = crypto.randomUUID()
    const first = await alice.comments.add(cell, 'Once', { operationId })
    expect(await alice.comments.add(cell, 'Once', { operationId })).toEqual(first)
    await expect(alice.comments.add(cell, 'Twice', { operationId })).rejects.toThrow(ValidationError)
    expect(await threadsOf(bob, cell.field)).toHaveLength(1)
  })
})

describe('lists', () => {
  it('give threads newest first, page by page, of some cells, of a filter, or of the budget', async () => {
    const cells = [await freshCell(), await freshCell()]
    for (let count = 0; count < 5; count++) await alice.comments.add(cells[count % 2]!, String(count))
    const texts = async (list: ReturnType<Budget['comments']['list']>) =>
      (await Array.fromAsync(list)).map(({ comments }) => comments[0]!.text)
    expect(await texts(bob.comments.list({ cells }, { pageSize: 2 }))).toEqual(['4', '3', '2', '1', '0'])
    expect(await texts(bob.comments.list({ cells: [cells[0]!] }))).toEqual(['4', '2', '0'])
    expect(await texts(bob.comments.list({ filter: { field: cells[1]!.field } }))).toEqual(['3', '1'])
    expect((await texts(bob.comments.list())).slice(0, 5)).toEqual(['4', '3', '2', '1', '0'])
    expect(await texts(bob.comments.list({ cells: [] }))).toEqual([])
    const pages = await Array.fromAsync(bob.comments.list({ cells }, { pageSize: 2 }).pages())
    expect(pages.map(({ threads }) => threads.length)).toEqual([2, 2, 1])
  })
})

describe('counts', () => {
  it('tell of many cells in one call, looked up cell by cell', async () => {
    const [one, two, three] = [await freshCell(), await freshCell(), freshAddress()]
    const question = await alice.comments.add(one, 'A')
    await alice.comments.reply(question, 'B')
    await alice.comments.resolve(question)
    await bob.comments.add(one, 'C')
    const none = { comments: 0, unresolvedThreads: 0, unread: 0 }
    const { module, field, period } = one
    for (const cells of [
      [one, two, three],
      [three, { module, field, period }, two],
    ]) {
      const counts = await bob.comments.counts({ cells })
      expect(counts.of(one)).toEqual({ comments: 3, unresolvedThreads: 1, unread: 2 })
      expect(counts.of(two)).toEqual(none)
      expect(counts.of(three)).toEqual(none)
      expect([...counts.byId.keys()]).toEqual([one.id])
    }
    const found = await alice.comments.counts({ filter: { field } })
    expect(found.of(one)).toEqual({ comments: 3, unresolvedThreads: 1, unread: 1 })
    expect(found.of(two)).toEqual(none)
    expect(found.of(await alice.read(three))).toEqual(none)
    // By a filter only ids are known: an address would be answered with a wrong nought.
    expect(() => found.of({ module, field, period })).toThrow(ValidationError)
    expect((await alice.comments.counts({ cells: [] })).byId.size).toBe(0)
  })
})

describe('what is unread', () => {
  it('is of others only, and is marked comment by comment, or all at once', async () => {
    const cell = await freshCell()
    const first = await alice.comments.add(cell, 'One')
    await alice.comments.reply(first, 'Two')
    const second = await alice.comments.add(cell, 'Three')
    const unread = async () => (await threadsOf(bob, cell.field)).map((thread) => thread.unread)
    expect(await unread()).toEqual([1, 2])
    expect(await bob.comments.markRead([])).toBe(0)
    expect(await bob.comments.markRead([first, second.id])).toBe(2)
    expect(await unread()).toEqual([0, 1])
    expect(await bob.comments.markRead('all')).toBeGreaterThan(0)
    expect(await unread()).toEqual([0, 0])
    expect(await bob.comments.markRead('all')).toBe(0)
    const service = createCells(stack.serviceClient()).budget(budgetVersionId)
    await expect(service.comments.markRead('all')).rejects.toThrow(ForbiddenError)
  })

  it('is followed through as many calls as it takes', async () => {
    const cell = await freshCell()
    const comment = await alice.comments.add(cell, 'Many')
    const sent: unknown[] = []
    network.use(
      http.post(`${stack.url}/rest/v1/rpc/mark_read`, async ({ request }) => {
        sent.push(await request.clone().json())
        if (sent.length < 3) return HttpResponse.json({ threads: 10_000, more: true })
        return await fetch(bypass(request))
      }),
    )
    expect(await bob.comments.markRead([comment])).toBe(20_001)
    network.resetHandlers()
    expect(sent).toHaveLength(3)
  })
})

describe('an inbox', () => {
  it('has the mentions of the caller, newest first, of one budget or of all, and how many are unread', async () => {
    const organization = users.bob.organization
    const other = createCells(stack.signIn(users.alice)).budget(
      (await stack.createBudget({ organization })).id,
    )
    await bob.comments.markRead('all')
    const mentions = [users.bob.id]
    const address = freshAddress()
    const here = await alice.comments.add(address, 'Here', { mentions })
    const there = await other.comments.add(address, 'There', { mentions })
    const again = await alice.comments.reply(here, 'Again', { mentions })
    const items = await Array.fromAsync(bobsCells.inbox({ unread: true }, { pageSize: 1 }))
    expect(items).toMatchObject([
      { comment: again, budgetVersionId, address, isResolved: false, readAt: null },
      { comment: there, budgetVersionId: other.id, address },
      { comment: here, budgetVersionId, mentionedAt: here.createdAt },
    ])
    expect(await bob.comments.inbox({ unread: true }, { pageSize: 1 }).first()).toMatchObject({
      unread: 2,
      items: [{ comment: again }],
    })
    expect(await bobsCells.inbox().first()).toMatchObject({ unread: 3 })
    await bob.comments.markRead([again])
    expect(await bobsCells.inbox({ unread: true }).first()).toMatchObject({
      unread: 1,
      items: [{ comment: there }],
      next: null,
    })
    const all = await bob.comments.inbox().first()
    expect(all.items[0]).toMatchObject({ comment: again, readAt: expect.any(String) as string })
    expect((await createCells(stack.signIn(users.mallory)).inbox().first()).items).toEqual([])
  })
})

describe('others', () => {
  it('may not change what somebody else has said', async () => {
    const comment = await alice.comments.add(await freshCell(), 'Mine')
    await expect(bob.comments.edit(comment, 'Mine now')).rejects.toThrow(ForbiddenError)
    await expect(bob.comments.delete(comment)).rejects.toThrow(ForbiddenError)
    expect(
      (await threadsOf(alice, (await alice.comments.list().first()).threads[0]!.address.field))[0]?.comments,
    ).toEqual([comment])
  })

  it('of another organisation find nothing at all, and are nobody to mention', async () => {
    const cell = await freshCell()
    const comment = await alice.comments.add(cell, 'Ours')
    const { comments } = mallory
    const calls = [
      () => comments.add(cell, 'Theirs'),
      () => comments.reply(comment, 'Theirs'),
      () => comments.edit(comment, 'Theirs'),
      () => comments.delete(comment),
      () => comments.resolve(comment),
      () => comments.reopen(comment.id),
      () => Array.fromAsync(comments.list()),
      () => comments.counts({ cells: [cell] }),
      () => comments.markRead('all'),
      () => comments.markRead([comment]),
      () => Array.fromAsync(comments.inbox()),
    ]
    for (const call of calls) await expect(call()).rejects.toThrow(NotFoundError)
    const theirs = await stack.createBudget({ organization: users.mallory.organization })
    const own = createCells(stack.signIn(users.mallory)).budget(theirs.id).comments
    await expect(own.reply(comment, 'Theirs')).rejects.toThrow(NotFoundError)
    await expect(own.edit(comment, 'Theirs')).rejects.toThrow(NotFoundError)
    await expect(own.resolve(comment)).rejects.toThrow(NotFoundError)
    await expect(alice.comments.add(cell, 'Hello', { mentions: [users.mallory.id] })).rejects.toMatchObject({
      code: 'invalid',
      field: 'mentions',
    })
    expect((await threadsOf(bob, cell.field)).map((thread) => thread.comments)).toEqual([[comment]])
  })

  it('who have not signed in are told so', async () => {
    const cells = createCells(stack.anonClient())
    const { comments } = cells.budget(budgetVersionId)
    const id = crypto.randomUUID()
    const calls = [
      () => comments.add(freshAddress(), 'Hello'),
      () => comments.reply(id, 'Hello'),
      () => comments.edit(id, 'Hello'),
      () => comments.delete(id),
      () => comments.resolve(id),
      () => comments.reopen(id),
      () => Array.fromAsync(comments.list()),
      () => comments.counts({ filter: {} }),
      () => comments.markRead('all'),
      () => Array.fromAsync(comments.inbox()),
      () => Array.fromAsync(cells.inbox()),
    ]
    for (const call of calls) await expect(call()).rejects.toMatchObject({ code: 'unauthorized' })
  })

  it('who read the log do not read what people say, unless asked to show values', async () => {
    const text = 'A word between ourselves'
    for (const logValues of [false, true]) {
      const lines: unknown[] = []
      const log = (message: string, details: object) => void lines.push([message, details])
      const logger = { debug: log, info: log, warn: log, error: log }
      const cells = createCells(stack.signIn(users.alice), { logger, logValues })
      const { comments } = cells.budget(budgetVersionId)
      const comment = await comments.add(freshAddress(), text)
      await comments.edit(comment, `${text}!`)
      await comments.list({}, { pageSize: 1 }).first()
      await expect(bob.comments.edit(comment, text)).rejects.toThrow()
      await expect(comments.add(freshAddress(), text, { mentions: [crypto.randomUUID()] })).rejects.toThrow()
      expect(lines.length).toBeGreaterThan(6)
      expect(JSON.stringify(lines).includes(text)).toBe(logValues)
    }
  })
})

describe('arguments of comments', () => {
  it('are refused, the field named, before anything is done', async () => {
    const cell = await freshCell()
    const { comments } = alice
    const long = '🧮'.repeat(10_001)
    const refused: [string, () => unknown][] = [
      ['text', () => comments.add(cell, '')],
      ['text', () => comments.add(cell, ' \n ')],
      ['text', () => comments.add(cell, long)],
      ['text', () => comments.add(cell, 7 as never)],
      ['text', () => comments.reply(crypto.randomUUID(), 'a\u0000')],
      ['cell.module', () => comments.add({ module: '', field: 'a' }, 'Hello')],
      ['cell', () => comments.add(null as never, 'Hello')],
      ['mentions', () => comments.add(cell, 'Hello', { mentions: 'bob' as never })],
      [
        'mentions',
        () => comments.add(cell, 'Hello', { mentions: new Array<string>(101).fill(users.bob.id) }),
      ],
      ['mentions[1]', () => comments.add(cell, 'Hello', { mentions: [users.bob.id, 'bob'] })],
      ['operationId', () => comments.add(cell, 'Hello', { operationId: 'once' })],
      ['thread', () => comments.reply('first', 'Hello')],
      ['thread', () => comments.resolve(null as never)],
      ['comment', () => comments.edit({} as never, 'Hello')],
      ['comment', () => comments.delete(undefined as never)],
      ['comments', () => comments.markRead('some' as never)],
      ['comments', () => comments.markRead(new Array<string>(10_001).fill(cell.id))],
      ['comments[0]', () => comments.markRead(['first'])],
      ['cells', () => comments.counts({} as never)],
      ['cells', () => comments.list({ cells: [cell], filter: {} } as never)],
      ['pageSize', () => comments.list({}, { pageSize: 501 })],
      ['pageSize', () => comments.inbox({}, { pageSize: 0.5 })],
    ]
    for (const [field, call] of refused) {
      await expect((async () => await call())()).rejects.toMatchObject({ code: 'invalid', field })
    }
    expect(await threadsOf(bob, cell.field)).toEqual([])
    expect((await comments.add(cell, '🧮'.repeat(10_000))).text).toHaveLength(20_000)
  })

  it('that only the database can judge come back in its words', async () => {
    const question = await alice.comments.add(await freshCell(), 'Why?')
    const answer = await alice.comments.reply(question, 'Because.')
    await expect(alice.comments.resolve(answer.id)).rejects.toMatchObject({
      code: 'invalid',
      field: 'isResolved',
      allowed: expect.stringContaining('its thread is') as string,
    })
  })

  it('take an abort', async () => {
    const reason = new Error('no longer needed')
    const controller = new AbortController()
    const adding = alice.comments.add(freshAddress(), 'Hello', { signal: controller.signal })
    controller.abort(reason)
    await expect(adding).rejects.toBe(reason)
    const { signal } = controller
    await expect(Array.fromAsync(alice.comments.list({}, { signal }))).rejects.toBe(reason)
    await expect(alice.comments.markRead('all', { signal })).rejects.toBe(reason)
  })
})
