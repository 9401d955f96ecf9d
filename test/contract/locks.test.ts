import { beforeAll, describe, expect, it } from 'vitest'
import { createCells, ForbiddenError, NotFoundError, type Budget, type StoredCell } from '@efir/cells'
import { localOnly, useStack } from '../support/stack.ts'

const stack = await useStack()

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
  budgetVersionId = (await stack.createBudget({ organization: ours })).id
  alice = createCells(stack.signIn(one)).budget(budgetVersionId)
  bob = createCells(stack.signIn(two)).budget(budgetVersionId)
  mallory = createCells(stack.signIn(three)).budget(budgetVersionId)
})

let next = 0
/** So many cells with a field of their own. */
async function freshCells(count: number): Promise<StoredCell[]> {
  const field = `field_${next++}`
  const { outcomes } = await alice.writeMany(
    Array.from({ length: count }, (_, index) => ({
      cell: { module: 'locks', field, period: String(index) },
      value: index,
      ifVersion: 0,
    })),
  )
  return outcomes.map((outcome) => ('cell' in outcome ? outcome.cell : null) as StoredCell)
}

describe('locking', () => {
  it('keeps everybody from writing until somebody unlocks, and says why', async () => {
    const [one, two] = await freshCells(2)
    const done = await alice.locks.lock({ cells: [one!, two!] }, { reason: 'Approved' })
    expect(done).toMatchObject({
      changed: 2,
      outcomes: [
        { status: 'locked', index: 0, id: one!.id, version: 2 },
        { status: 'locked', index: 1, id: two!.id, version: 2 },
      ],
      sessionId: expect.any(String) as string,
    })
    for (const budget of [alice, bob]) {
      await expect(budget.write(one!, '9', { ifVersion: 'any' })).rejects.toMatchObject({
        code: 'locked',
        cell: { lockReason: 'Approved', version: 2 },
      })
    }
    expect(await bob.locks.unlock({ cells: [one!] })).toMatchObject({
      changed: 1,
      outcomes: [{ status: 'unlocked', index: 0, version: 3 }],
    })
    expect(await alice.write(one!, '9', { ifVersion: 3 })).toMatchObject({ value: '9', version: 4 })
    expect(await alice.read(two!)).toMatchObject({ isLocked: true })
  })

  it('reports each cell, by address too, and none holds the others up', async () => {
    const [one, two] = await freshCells(2)
    await alice.locks.lock({ cells: [two!] })
    const missing = { module: 'locks', field: 'nobody_wrote_this' }
    const { module, field, period } = one!
    const { changed, outcomes } = await alice.locks.lock({
      cells: [{ module, field, period }, missing, two!, one!],
    })
    expect(changed).toBe(1)
    expect(outcomes).toMatchObject([
      { status: 'locked', index: 0, id: one!.id },
      { status: 'not_found', index: 1 },
      { status: 'unchanged', index: 2, id: two!.id, version: 2 },
      { status: 'invalid', index: 3, field: 'key' },
    ])
  })

  it('by a filter takes every cell that it finds, and a repeat changes nothing', async () => {
    const cells = await freshCells(5)
    const filter = { module: 'locks', field: cells[0]!.field, period: ['1', '2', '3'] }
    const first = await alice.locks.lock({ filter }, { reason: '' })
    expect(first).toMatchObject({ changed: 3, outcomes: [] })
    const again = await alice.locks.lock({ filter }, { reason: '' })
    expect(again).toMatchObject({ changed: 0, sessionId: null, revision: first.revision })
    const locked = await Array.fromAsync(
      bob.locks.list({ filter: { field: cells[0]!.field } }, { pageSize: 2 }),
    )
    expect(locked.map(({ id }) => id).toSorted()).toEqual(
      cells
        .slice(1, 4)
        .map(({ id }) => id)
        .toSorted(),
    )
    expect(locked.every(({ reason }) => reason === '')).toBe(true)
    expect(await alice.locks.unlock({ filter })).toMatchObject({ changed: 3, outcomes: [] })
    expect(await Array.fromAsync(bob.locks.list({ filter }))).toEqual([])
  })

  it('gives a repeat of the same operation the first answer', async () => {
    const [cell] = await freshCells(1)
    const options = { operationId: crypto.randomUUID(), reason: 'Once' }
    const first = await alice.locks.lock({ cells: [cell!] }, options)
    expect(first.operationId).toBe(options.operationId)
    await bob.locks.unlock({ cells: [cell!] })
    expect(await alice.locks.lock({ cells: [cell!] }, options)).toEqual(first)
    expect(await alice.read(cell!)).toMatchObject({ isLocked: false })
  })

  it('lists locked cells page by page, each as of a revision', async () => {
    const cells = await freshCells(3)
    const { revision } = await alice.locks.lock({ cells }, { reason: 'Pages' })
    const list = alice.locks.list({ filter: { field: cells[0]!.field } }, { pageSize: 2 })
    const pages = await Array.fromAsync(list.pages())
    expect(pages.map((page) => page.cells.length)).toEqual([2, 1])
    expect(await list.first()).toEqual(pages[0])
    expect(pages[0]).toMatchObject({ revision, cells: [{ reason: 'Pages' }, { reason: 'Pages' }] })
  })
})

describe('who may lock', () => {
  it('is nobody of another organisation, and nobody who has not signed in', async () => {
    const cells = await freshCells(1)
    await expect(mallory.locks.lock({ cells })).rejects.toThrow(NotFoundError)
    await expect(mallory.locks.lock({ filter: {} })).rejects.toThrow(NotFoundError)
    await expect(mallory.locks.unlock({ cells })).rejects.toThrow(NotFoundError)
    await expect(Array.fromAsync(mallory.locks.list())).rejects.toThrow(NotFoundError)
    const anon = createCells(stack.anonClient()).budget(budgetVersionId)
    for (const call of [
      () => anon.locks.lock({ cells }),
      () => anon.locks.unlock({ filter: {} }),
      () => Array.fromAsync(anon.locks.list()),
    ]) {
      await expect(call()).rejects.toMatchObject({ code: 'unauthorized' })
    }
    expect(await alice.read(cells[0]!)).toMatchObject({ isLocked: false })
  })
})

localOnly('it replaces a function of the database').describe('a host that decides who may', () => {
  it('has nothing done at all where one cell is not the caller’s', async () => {
    const [mine, theirs] = await freshCells(2)
    await stack.sql.begin(async (transaction) => {
      // Others use the same database: only this one cell is anybody's business.
      await transaction.unsafe(`
        CREATE OR REPLACE FUNCTION efir_budget.may_change_lock(
          p_budget_version_id uuid, p_cells efir_budget.planning_cells[], p_action text
        ) RETURNS SETOF uuid LANGUAGE sql STABLE SET search_path = ''
        AS $$ SELECT cell.id FROM unnest(p_cells) AS cell WHERE cell.id <> '${theirs!.id}' $$`)
    })
    try {
      const error = await alice.locks.lock({ cells: [mine!, theirs!] }).catch((reason: unknown) => reason)
      expect(error).toBeInstanceOf(ForbiddenError)
      expect(error).toMatchObject({
        code: 'forbidden',
        hint: expect.stringContaining('may_change_lock') as string,
      })
      expect(await alice.read(mine!)).toMatchObject({ isLocked: false })
    } finally {
      await stack.sql.unsafe(`
        CREATE OR REPLACE FUNCTION efir_budget.may_change_lock(
          p_budget_version_id uuid, p_cells efir_budget.planning_cells[], p_action text
        ) RETURNS SETOF uuid LANGUAGE sql STABLE SET search_path = ''
        AS $$ SELECT cell.id FROM unnest(p_cells) AS cell $$`)
    }
  })
})

describe('arguments of locks', () => {
  it('are refused, the field named, before anything is done', async () => {
    const cells = await freshCells(1)
    const lock = (which: unknown, options: object = {}) => alice.locks.lock(which as never, options)
    const refused: [string, () => unknown][] = [
      ['cells', () => lock({})],
      ['cells', () => lock({ cells, filter: {} })],
      ['cells', () => lock({ cells: [] })],
      ['cells', () => lock({ cells: 'all' })],
      ['cells', () => lock({ cells: new Array(10_001).fill(cells[0]) })],
      ['cells[0]', () => lock({ cells: [null] })],
      ['cells[1].module', () => lock({ cells: [cells[0], { module: '', field: 'a' }] })],
      ['filter', () => lock({ filter: null })],
      ['filter', () => lock({ filter: [] })],
      ['reason', () => lock({ cells }, { reason: 'x'.repeat(201) })],
      ['reason', () => lock({ cells }, { reason: 7 })],
      ['operationId', () => lock({ cells }, { operationId: 'twice' })],
      // What a filter may hold the database knows. A misspelt member must not lock the whole budget.
      ['filter', () => lock({ filter: { modul: 'locks' } })],
      ['filter', () => Array.fromAsync(alice.list({ modul: 'locks' } as never))],
      ['pageSize', () => alice.locks.list({}, { pageSize: 0 })],
    ]
    for (const [field, call] of refused) {
      await expect((async () => await call())()).rejects.toMatchObject({ code: 'invalid', field })
    }
    expect(await alice.read(cells[0]!)).toMatchObject({ isLocked: false })
  })

  it('take an abort', async () => {
    const signal = AbortSignal.abort(new Error('no longer needed'))
    await expect(alice.locks.lock({ filter: {} }, { signal })).rejects.toThrow('no longer needed')
    await expect(Array.fromAsync(alice.locks.list({}, { signal }))).rejects.toThrow('no longer needed')
  })
})
