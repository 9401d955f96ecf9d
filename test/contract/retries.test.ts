import { createClient } from '@supabase/supabase-js'
import { HttpResponse } from 'msw'
import { setupServer } from 'msw/node'
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest'
import { createCells, type Budget } from '@efir/cells'
import type { TestOrganization, TestUser } from '@efir/cells/local'
import { useStack } from '../support/stack.ts'
import { meddle as meddleWith, type Meddled } from './support/meddling.ts'

// A real database behind a network that misbehaves.

const stack = await useStack()
const network = setupServer()

let organization: TestOrganization
let user: TestUser
let budgetVersionId: string
let budget: Budget

beforeAll(async () => {
  organization = await stack.createOrganization()
  user = await stack.createUser({ organization })
  budgetVersionId = (await stack.createBudget({ organization })).id
  network.listen({ onUnhandledFrame: 'bypass' })
})
beforeEach(() => {
  budget = createCells(stack.signIn(user), { retry: { baseDelay: 1 } }).budget(budgetVersionId)
})
afterEach(() => network.resetHandlers())
afterAll(() => network.close())

let next = 0
const freshAddresses = (count: number) =>
  Array.from({ length: count }, () => ({ module: 'retry', field: 'amount', period: String(next++) }))

const meddle = (name: string, meddling: (request: Meddled) => Promise<Response>) =>
  meddleWith(network, stack.url, name, meddling)

describe('a write whose reply is lost after it has landed', () => {
  it('is sent again, lands once, and gets the first answer', async () => {
    const [address] = freshAddresses(1)
    const base = await budget.read(address!)
    const { answers } = meddle('write_cells', async ({ count, send }) => {
      const response = await send()
      return count <= 2 ? HttpResponse.error() : response
    })
    const written = await budget.write(base, '45000')
    expect(answers).toHaveLength(3)
    expect(JSON.parse(answers[1]!)).toEqual(JSON.parse(answers[0]!))
    expect(JSON.parse(answers[2]!)).toEqual(JSON.parse(answers[0]!))
    expect(written).toMatchObject({ value: '45000', version: 1 })
    expect(await budget.read(address!)).toEqual(written)
    const changes = await stack.sql`
      SELECT id FROM efir_budget.cell_changes
      WHERE budget_version_id = ${budgetVersionId} AND module_code = 'retry' AND period_code = ${address!.period}`
    expect(changes).toHaveLength(1)
  })

  it('is told from a conflict: who was faster in between does not matter to it', async () => {
    const [address] = freshAddresses(1)
    const base = await budget.read(address!)
    const other = createCells(stack.signIn(user)).budget(budgetVersionId)
    let interfere = true
    meddle('write_cells', async ({ send }) => {
      const response = await send()
      if (!interfere) return response
      interfere = false
      await other.write(address!, '2', { ifVersion: 1 })
      return HttpResponse.error()
    })
    expect(await budget.write(base, '1')).toMatchObject({ value: '1', version: 1 })
    expect(await budget.read(address!)).toMatchObject({ value: '2', version: 2 })
  })

  it('can be sent again by the caller, by its operation id, when the call itself gave up', async () => {
    const [address] = freshAddresses(1)
    const change = { cell: await budget.read(address!), value: '7' }
    const operationId = crypto.randomUUID()
    const { answers } = meddle('write_cells', async ({ count, send }) => {
      const response = await send()
      return count === 1 ? HttpResponse.error() : response
    })
    const options = { operationId, retry: false } as const
    await expect(budget.writeMany([change], options)).rejects.toMatchObject({
      code: 'network',
      retryable: true,
    })
    expect((await budget.writeMany([change], options)).outcomes[0]).toMatchObject({ status: 'written' })
    expect(answers[1]).toBe(answers[0])
    expect(await budget.read(address!)).toMatchObject({ value: '7', version: 1 })
  })
})

describe('an undo, redo or restore whose reply is lost after it has taken effect', () => {
  it('is sent again with the same operation id, takes effect once, and gets the first answer', async () => {
    const { id } = await stack.createBudget({ organization })
    const own = createCells(stack.signIn(user), { retry: { baseDelay: 1 } }).budget(id)
    const [address] = freshAddresses(1)
    for (const value of [1, 2, 3]) await own.write(address!, value, { ifVersion: 'any' })
    const lose = (name: string) =>
      meddle(name, async ({ count, send }) => {
        const response = await send()
        return count <= 2 ? HttpResponse.error() : response
      })
    for (const [name, call, value, revision] of [
      ['undo', () => own.undo(), '2', 4],
      ['redo', () => own.redo(), '3', 5],
      ['restore_cells', () => own.restore({ revision: 1 }), '1', 6],
    ] as const) {
      const { answers } = lose(name)
      const result = await call()
      expect(answers).toHaveLength(3)
      expect(new Set(answers.map((answer) => JSON.stringify(JSON.parse(answer)))).size).toBe(1)
      expect(result).toMatchObject({ revision, outcomes: [{ cell: { value } }] })
      expect(await own.read(address!)).toMatchObject({ value, version: revision })
    }
  })
})

describe('a batch that a proxy finds too large', () => {
  it('lands whole in parts, as one step, though replies are lost on the way', async () => {
    const cells = await budget.readMany(freshAddresses(20))
    let lose = true
    meddle('write_cells', async ({ items, send }) => {
      if (items > 5) return HttpResponse.html('<title>413</title>', { status: 413 })
      const response = await send()
      lose = !lose
      return lose ? HttpResponse.error() : response
    })
    const changes = cells.map((cell, index) => ({ cell, value: index }))
    const { outcomes, sessionId, revision } = await budget.writeMany(changes, { mode: 'partial' })
    expect(outcomes.map(({ status }) => status)).toEqual(cells.map(() => 'written'))
    network.resetHandlers()
    const now = await budget.readMany(cells)
    expect(now).toEqual(outcomes.map((outcome) => 'cell' in outcome && outcome.cell))
    expect(now.map(({ value, version }) => [value, version])).toEqual(
      cells.map((_, index) => [String(index), 1]),
    )
    const commits = await stack.sql<{ revision: string }[]>`
      SELECT revision FROM efir_budget.cell_commits WHERE session_id = ${sessionId} ORDER BY revision`
    expect(commits).toHaveLength(4)
    expect(Number(commits.at(-1)?.revision)).toBe(revision)
  })

  it('is refused, and nothing lands, where it must land whole', async () => {
    const cells = await budget.readMany(freshAddresses(6))
    const seen = meddle('write_cells', async ({ items, send }) =>
      items > 5 ? new HttpResponse('', { status: 413 }) : await send(),
    )
    await expect(budget.writeMany(cells.map((cell) => ({ cell, value: 1 })))).rejects.toMatchObject({
      code: 'too_large',
      retryable: false,
    })
    expect(seen.count()).toBe(1)
    expect((await budget.readMany(cells)).some(({ exists }) => exists)).toBe(false)
  })
})

// The timeout is the database's own, of eight seconds: only a superuser could end the statement sooner.
describe('a batch that the database ends at its statement timeout', () => {
  it('is divided, and lands as soon as the cell that held it up is free', { timeout: 60_000 }, async () => {
    const changes = freshAddresses(2).map((cell) => ({ cell, value: 1, ifVersion: 'any' as const }))
    await budget.writeMany(changes)
    const ends: unknown[] = []
    const held = Promise.withResolvers<undefined>()
    const refused = Promise.withResolvers<undefined>()
    const onRequest = () => (end: object) => {
      ends.push(end)
      refused.resolve(undefined)
    }
    const watched = createCells(stack.signIn(user), { onRequest }).budget(budgetVersionId)
    const holding = stack.sql.begin(async (transaction) => {
      await transaction`
        SELECT id FROM efir_budget.planning_cells
        WHERE budget_version_id = ${budgetVersionId} AND module_code = 'retry' AND period_code = ${changes[1]!.cell.period}
        FOR UPDATE`
      held.resolve(undefined)
      await refused.promise
    })
    await held.promise
    const again = changes.map((change) => ({ ...change, value: 2 }))
    const { outcomes } = await watched.writeMany(again, { mode: 'partial' })
    await holding
    expect(outcomes.map(({ status }) => status)).toEqual(['written', 'written'])
    expect(ends).toMatchObject([{ error: { sqlState: '57014' } }, { status: 200 }, { status: 200 }])
    expect((await budget.readMany(changes.map(({ cell }) => cell))).map(({ value }) => value)).toEqual([
      '2',
      '2',
    ])
  })
})

describe('a token that expires in the middle of a batch', () => {
  it('is asked for again, and the rest of the batch lands', async () => {
    // The client's own token is that of its third request: expired when the second part of the batch is sent.
    const [valid, expired] = await Promise.all([
      stack.signToken({ sub: user.id }),
      stack.signToken({ sub: user.id }, { expiresIn: -60 }),
    ])
    const statuses: number[] = []
    const supabase = createClient(stack.url, stack.anonKey, {
      accessToken: () => Promise.resolve(statuses.length === 1 ? expired : valid),
    })
    const events: string[] = []
    const cells = createCells(supabase)
    cells.on('unauthorized', () => void events.push('unauthorized'))
    meddle('write_cells', async ({ items, send }) => {
      if (items > 2) return new HttpResponse('', { status: 413 })
      const response = await send()
      statuses.push(response.status)
      return response
    })
    const changes = freshAddresses(4).map((cell) => ({ cell, value: 1, ifVersion: 0 }))
    const { outcomes } = await cells.budget(budgetVersionId).writeMany(changes, { mode: 'partial' })
    expect(outcomes.map(({ status }) => status)).toEqual(changes.map(() => 'written'))
    expect(statuses).toEqual([200, 401, 200])
    expect(events).toEqual([])
  })

  it('ends the call where there is no better one, and the application hears of it', async () => {
    const expired = await stack.signToken({ sub: user.id }, { expiresIn: -60 })
    const cells = createCells(createClient(stack.url, stack.anonKey, { accessToken: async () => expired }))
    const events: string[] = []
    cells.on('unauthorized', ({ operation }) => void events.push(operation))
    await expect(cells.budget(budgetVersionId).read(freshAddresses(1)[0]!)).rejects.toMatchObject({
      code: 'unauthorized',
    })
    expect(events).toEqual(['read_cells'])
  })
})
