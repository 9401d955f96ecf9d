import { describe, expect, it } from 'vitest'
import { ProtocolError, type Budget } from '@efir/cells'
import { scripted } from '../transport/support/scripted-server.ts'

const id = '0199a3c4-0000-7000-8000-000000000001'
const cells = [{ module: 'core', field: 'amount' }]
const at = '2026-11-23T10:00:00+00:00'
const comment: unknown[] = [id, id, id, 'text', [], id, at, null, null]
const state = { isResolved: false, resolvedBy: null, resolvedAt: null, reopenedBy: null, reopenedAt: null }
const key = ['core', null, 'amount', null]
const thread = { id, cellId: id, key, ...state, unread: 0, comments: [comment] }
const mention = { comment, budgetVersionId: id, key, isResolved: false, mentionedAt: at, readAt: null }
const locked = { revision: 7, operationId: id, sessionId: null, at, locked: 1 }
const outcome = ['locked', id, 2]

const calls = {
  add: (budget: Budget) => budget.comments.add(cells[0]!, 'text'),
  resolve: (budget: Budget) => budget.comments.resolve(id),
  threads: (budget: Budget) => Array.fromAsync(budget.comments.list()),
  counts: (budget: Budget) => budget.comments.counts({ cells }),
  markRead: (budget: Budget) => budget.comments.markRead([id]),
  inbox: (budget: Budget) => Array.fromAsync(budget.comments.inbox()),
  lock: (budget: Budget) => budget.locks.lock({ cells }),
  lockFilter: (budget: Budget) => budget.locks.lock({ filter: {} }),
  locked: (budget: Budget) => Array.fromAsync(budget.locks.list()),
}
const ask = (call: keyof typeof calls, data: unknown): Promise<unknown> =>
  calls[call](scripted(() => ({ status: 200, data })).budget)

const right: [keyof typeof calls, Record<string, unknown>][] = [
  ['add', { comment }],
  ['resolve', { thread: id, ...state }],
  ['threads', { threads: [thread], next: null }],
  ['counts', { cells: [id], counts: [[id, 1, 1, 0]] }],
  ['markRead', { threads: 1, more: false }],
  ['inbox', { unread: 1, items: [mention], next: null }],
  ['lock', { ...locked, results: [outcome] }],
  ['lockFilter', locked],
  ['locked', { revision: 7, ids: [id], reasons: [null], next: null }],
]

describe('an answer about comments or locks', () => {
  it.each(right)('of %s may say more than this version knows', async (call, data) => {
    expect(await ask(call, { ...data, later: true })).toEqual(await ask(call, data))
  })

  it.each(right)(
    'of %s is a ProtocolError where any member of it is missing or of another type',
    async (call, data) => {
      const wrong = [null, undefined, 7, 'text', []].map((answer): unknown => answer)
      for (const name of Object.keys(data)) {
        for (const value of [undefined, 1.5, {}, { 0: 'locked' }, NaN]) wrong.push({ ...data, [name]: value })
      }
      for (const answer of wrong) await expect(ask(call, answer)).rejects.toThrow(ProtocolError)
    },
  )

  it.each<[keyof typeof calls, Record<string, unknown>]>([
    ...comment.map((_, place): [keyof typeof calls, Record<string, unknown>] => [
      'add',
      { comment: comment.with(place, 1.5) },
    ]),
    ['add', { comment: comment.slice(1) }],
    ['add', { comment: [...comment, null] }],
    ['add', { comment: comment.with(4, [7]) }],
    ['threads', { threads: [{ ...thread, key: ['core'] }], next: null }],
    ['threads', { threads: [{ ...thread, comments: [[]] }], next: null }],
    ['threads', { threads: [{ ...thread, unread: '0' }], next: null }],
    ['counts', { cells: [], counts: [] }],
    ['counts', { cells: [7], counts: [] }],
    ['counts', { cells: [id], counts: [[id, 1, 1]] }],
    ['inbox', { unread: 1, items: [], next: [at] }],
    ['inbox', { unread: 1, items: [{ ...mention, comment: null }], next: null }],
    ['lock', { ...locked, results: [] }],
    ['lock', { ...locked, results: [outcome, outcome] }],
    ['lock', { ...locked, results: [['unlocked', id, 2]] }],
    ['lock', { ...locked, results: [['locked', id]] }],
    ['lock', { ...locked, results: [['toString']] }],
    ['lockFilter', { ...locked, results: [outcome] }],
    ['locked', { revision: 7, ids: [id], reasons: [], next: null }],
    ['locked', { revision: 7, ids: [7], reasons: [null], next: null }],
  ])('of %s is a ProtocolError where a part of it is in another shape: %j', async (call, data) => {
    await expect(ask(call, data)).rejects.toThrow(ProtocolError)
  })

  it('says where it is wrong', async () => {
    const threads = [thread, { ...thread, comments: [comment, comment.with(6, null)] }]
    await expect(ask('threads', { threads, next: null })).rejects.toThrow(
      'list_comments, threads.1, comments.1, createdAt',
    )
  })
})
