import { HttpResponse } from 'msw'
import { setupServer } from 'msw/node'
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest'
import { createCells, type Budget, type Cells, type StoredCell } from '@efir/cells'
import type { TestOrganization, TestUser } from '@efir/cells/local'
import { Lease } from '../../src/leases/lease.ts'
import { useStack } from '../support/stack.ts'
import { everyCall, forgotten, type Caller } from './support/every-call.ts'
import { meddle } from './support/meddling.ts'

// Each public method by way of supabase-js over HTTP, on a real database, as members of two organisations.

const stack = await useStack()
const network = setupServer()

let organization: TestOrganization
let users: Record<'alice' | 'bob' | 'mallory', TestUser>
let clients: Record<'alice' | 'bob' | 'mallory', Cells>
let mallorysBudget: string

beforeAll(async () => {
  organization = await stack.createOrganization()
  const theirs = await stack.createOrganization()
  const [alice, bob, mallory] = await Promise.all([
    stack.createUser({ organization }),
    stack.createUser({ organization }),
    stack.createUser({ organization: theirs }),
  ])
  users = { alice, bob, mallory }
  const client = (user: TestUser) => createCells(stack.signIn(user), { retry: { baseDelay: 1 } })
  clients = { alice: client(alice), bob: client(bob), mallory: client(mallory) }
  mallorysBudget = (await stack.createBudget({ organization: theirs })).id
  network.listen({ onUnhandledFrame: 'bypass' })
})
afterEach(() => network.resetHandlers())
afterAll(() => network.close())

/** A budget of our organisation with something of everything in it: one step to undo, and one to redo. */
async function furnished() {
  const { id } = await stack.createBudget({ organization })
  const budgets = {
    alice: clients.alice.budget(id),
    bob: clients.bob.budget(id),
    mallory: clients.mallory.budget(id),
  }
  const address = { module: 'revenue', field: 'growth', period: '2026' }
  for (const value of ['1', '2']) await budgets.alice.write(address, value, { ifVersion: 'any' })
  await budgets.alice.undo()
  const cell = (await budgets.alice.read(address)) as StoredCell
  const comment = await budgets.alice.comments.add(cell, 'Ours', { mentions: [users.bob.id] })
  const other = await budgets.bob.write({ ...address, field: 'locked' }, '3', { ifVersion: 0 })
  await budgets.bob.locks.lock({ cells: [other] }, { reason: 'Approved' })
  return { budgets, subject: { cell, comment } }
}

/** A lease would renew itself for as long as the file runs, and be counted among the requests of others. */
async function end(answer: unknown): Promise<void> {
  if (answer instanceof Lease) await answer.release()
}

/** All that a member sees of a budget. */
async function everythingIn(budget: Budget) {
  return {
    cells: await Array.fromAsync(budget.list()),
    changes: await Array.fromAsync(budget.history.list()),
    threads: await Array.fromAsync(budget.comments.list()),
    locked: await Array.fromAsync(budget.locks.list()),
    leases: await budget.leases.list(),
    steps: await budget.history.state(),
  }
}

/** How much there is, whatever it is called. */
async function amounts(budget: Budget) {
  const { cells, changes, threads, locked, leases, steps } = await everythingIn(budget)
  return {
    ...{ cells: cells.length, changes: changes.length, locked: locked.length, leases: leases.length },
    values: cells.map(({ field, value, version }) => [field, value, version]).sort(),
    texts: threads.flatMap(({ comments }) => comments.map(({ text }) => text)).sort(),
    settled: threads.filter(({ isResolved }) => isResolved).length,
    steps: [steps.undo?.label, steps.undo?.cells, steps.redo?.label, steps.redo?.cells],
  }
}

it('each public method is in the table', () => {
  expect(forgotten(clients.alice)).toEqual([])
})

describe('for a member', () => {
  it('what only asks is answered, and changes nothing', async () => {
    const { budgets, subject } = await furnished()
    const before = await everythingIn(budgets.alice)
    for (const { name, changes, run } of everyCall) {
      if (!changes)
        expect(await run({ cells: clients.alice, budget: budgets.alice }, subject), name).toBeDefined()
    }
    expect(await everythingIn(budgets.alice)).toEqual(before)
  })

  it.each(everyCall.filter(({ changes }) => changes))('$name is answered', async ({ run }) => {
    const { budgets, subject } = await furnished()
    const answer = await run({ cells: clients.alice, budget: budgets.alice }, subject)
    expect(answer ?? null).not.toBeNull()
    await end(answer)
  })
})

describe('for a member of another organisation', () => {
  it('nothing is to be found, and nothing changes', async () => {
    const { budgets, subject } = await furnished()
    const before = await everythingIn(budgets.alice)
    const mallory: Caller = { cells: clients.mallory, budget: budgets.mallory }
    for (const { name, run } of everyCall) {
      if (name === 'Cells.inbox') expect(await run(mallory, subject)).toEqual([])
      else await expect(run(mallory, subject), name).rejects.toMatchObject({ code: 'not_found' })
    }
    expect(await everythingIn(budgets.alice)).toEqual(before)
  })

  it('our ids open nothing in a budget of hers', async () => {
    const { budgets, subject } = await furnished()
    const before = await everythingIn(budgets.alice)
    const hers = { cells: clients.mallory, budget: clients.mallory.budget(mallorysBudget) }
    for (const { name, run } of everyCall) {
      const answer = await run(hers, subject).catch((error: unknown) => error)
      expect(JSON.stringify(answer ?? null), name).not.toContain('Ours')
    }
    expect(await everythingIn(budgets.alice)).toEqual(before)
  })
})

describe('whose reply is lost after it has landed', () => {
  it.each(everyCall.filter(({ changes }) => changes))('$name takes effect once', async ({ run }) => {
    const [whole, lossy] = [await furnished(), await furnished()]
    const first = await run({ cells: clients.alice, budget: whole.budgets.alice }, whole.subject)

    const { count } = meddle(network, stack.url, ':name', async ({ count: place, send }) => {
      const response = await send()
      return place <= 2 ? HttpResponse.error() : response
    })
    const second = await run({ cells: clients.alice, budget: lossy.budgets.alice }, lossy.subject)
    expect(count()).toBe(3)
    network.resetHandlers()
    expect(await amounts(lossy.budgets.alice)).toEqual(await amounts(whole.budgets.alice))
    await Promise.all([first, second].map(end))
  })
})
