import { beforeAll, beforeEach, describe, expect, it } from 'vitest'
import {
  CellLockedError,
  createCells,
  NotFoundError,
  type Budget,
  type ChangeRecord,
  type StoredCell,
} from '@efir/cells'
import type { TestOrganization, TestUser } from '@efir/cells/local'
import { useStack } from '../support/stack.ts'

const stack = await useStack()

let organization: TestOrganization
let userAlice: TestUser
let userBob: TestUser
let userMallory: TestUser
let alice: Budget
let bob: Budget
let mallory: Budget
let service: Budget

beforeAll(async () => {
  organization = await stack.createOrganization()
  const theirs = await stack.createOrganization()
  ;[userAlice, userBob, userMallory] = await Promise.all([
    stack.createUser({ organization }),
    stack.createUser({ organization }),
    stack.createUser({ organization: theirs }),
  ])
})
beforeEach(async () => {
  const { id } = await stack.createBudget({ organization })
  alice = createCells(stack.signIn(userAlice)).budget(id)
  bob = createCells(stack.signIn(userBob)).budget(id)
  mallory = createCells(stack.signIn(userMallory)).budget(id)
  service = createCells(stack.serviceClient()).budget(id)
})

const entity = '0199a3c4-0000-7000-8000-00000000000e'
const address = { module: 'core', field: 'amount', period: '2026' }
const other = { module: 'staff', entity, field: 'posts', period: '2027' }

const put = (budget: Budget, value: string | number, cell: typeof address | typeof other = address) =>
  budget.write(cell, value, { ifVersion: 'any' })
const values = (records: readonly ChangeRecord[]) => records.map(({ after }) => after.value)

describe('the history', () => {
  it('tells of each change what, who, when and in which step, newest first', async () => {
    const operationId = crypto.randomUUID()
    const { sessionId } = await alice.writeMany([{ cell: address, value: '45000.50', ifVersion: 0 }], {
      session: 'Paste',
      operationId,
    })
    const cell = (await bob.write(await bob.read(address), { text: 'later' })) as StoredCell
    const { id, modifiedAt } = cell
    const [second, first, ...more] = await Array.fromAsync(alice.history.list())
    expect(more).toEqual([])
    expect(first).toEqual({
      id: expect.any(String) as string,
      revision: 1,
      at: expect.any(String) as string,
      by: userAlice.id,
      action: 'insert',
      changeType: 'manual',
      cellId: id,
      address: { ...address, entity: null },
      exists: true,
      before: { kind: 'empty', value: null, version: null },
      after: { kind: 'number', value: '45000.5', version: 1 },
      valueType: 'input',
      isLocked: false,
      lockReason: null,
      sessionId,
      sessionLabel: 'Paste',
      refSessionId: null,
      operationId,
    })
    expect(second).toMatchObject({
      by: userBob.id,
      at: modifiedAt,
      before: { kind: 'number', value: '45000.5', version: 1 },
      after: { kind: 'text', value: 'later', version: 2 },
    })
    expect(Object.isFrozen(second) && Object.isFrozen(second?.after)).toBe(true)
  })

  it('is of a cell, entity, session, user, module, field, period or kind of work, or of several', async () => {
    const first = (await put(alice, 1)) as StoredCell
    const { sessionId } = await alice.writeMany([{ cell: other, value: 2, ifVersion: 0 }])
    await bob.write(address, 3, { ifVersion: 'any', changeType: 'import' })
    await put(service, 4, other)
    await alice.undo()
    const of = async (...filter: Parameters<Budget['history']['list']>) =>
      values(await Array.fromAsync(bob.history.list(...filter)))
    expect(await of({ cell: first })).toEqual(['3', '1'])
    expect(await of({ cell: first.id })).toEqual(['3', '1'])
    expect(await of({ cell: address })).toEqual(['3', '1'])
    expect(await of({ cell: [first, first.id], user: userAlice.id })).toEqual(['1'])
    expect(await of({ cell: other })).toEqual(['4', '4', '2'])
    expect(await of({ entity })).toEqual(['4', '4', '2'])
    expect(await of({ entity: null, module: 'core' })).toEqual(['3', '1'])
    expect(await of({ session: sessionId })).toEqual(['2'])
    expect(await of({ user: userBob.id })).toEqual(['3'])
    expect(await of({ user: [null, userBob.id] })).toEqual(['4', '3'])
    expect(await of({ module: 'staff', type: ['manual', 'undo'] })).toEqual(['4', '4', '2'])
    expect(await of({ type: 'undo' })).toEqual(['4'])
    expect(await of({ field: 'posts', period: '2027', user: userAlice.id, type: 'manual' })).toEqual(['2'])
    expect(await of({ cell: undefined, module: ['nowhere'] })).toEqual([])
  })

  it('of a deleted cell is found by its address, and says that it is gone', async () => {
    const gone = await alice.delete(await put(alice, 1))
    const records = await Array.fromAsync(alice.history.list({ cell: gone }))
    expect(records.map(({ action, exists }) => [action, exists])).toEqual([
      ['delete', false],
      ['insert', false],
    ])
  })

  it('tells of an undo which step it took back', async () => {
    await put(alice, 1)
    const { sessionId } = await alice.undo()
    const [undone] = await Array.fromAsync(alice.history.list({ type: 'undo' }))
    expect(undone).toMatchObject({ refSessionId: sessionId, changeType: 'undo', after: { kind: 'empty' } })
  })

  it('comes in pages, each change once whatever is written meanwhile, and goes on from any of them', async () => {
    for (let n = 1; n <= 7; n += 1) await put(alice, n)
    const list = alice.history.list({}, { pageSize: 3 })
    const pages = []
    for await (const page of list.pages()) {
      pages.push(page)
      await put(bob, -pages.length)
    }
    expect(pages.map(({ changes }) => values(changes))).toEqual([['7', '6', '5'], ['4', '3', '2'], ['1']])
    expect(pages.map(({ revision }) => revision)).toEqual([7, 8, 9])
    const before = JSON.parse(JSON.stringify(pages[0]!.next)) as (typeof pages)[0]['next']
    const later = createCells(stack.signIn(userBob)).budget(alice.id).history
    expect(values(await Array.fromAsync(later.list({}, { before })))).toEqual(['4', '3', '2', '1'])
    expect(values((await list.pages().next()).value?.changes ?? [])).toEqual(['-3', '-2', '-1'])
  })

  it('names what is not acceptable', async () => {
    const list = (...parameters: unknown[]) =>
      Array.fromAsync(alice.history.list(...(parameters as Parameters<Budget['history']['list']>)))
    for (const [field, ...parameters] of [
      ['filter.user', { user: 'alice' }],
      ['filter.session', { session: ['mine'] }],
      ['filter.entity', { entity: 'school' }],
      ['filter.cell', { cell: 'first' }],
      ['filter.module', { module: 7 }],
      ['filter.type', { type: ['manual', 'typo'] }],
      ['filter', { modul: 'core' }],
      ['before', {}, { before: ['yesterday'] }],
    ] as const) {
      await expect(list(...parameters)).rejects.toMatchObject({ name: 'ValidationError', field })
    }
    expect(() => alice.history.list({}, { pageSize: 1001 })).toThrow('pageSize')
    expect(() => alice.history.list({ cell: { ...address, module: '' } })).toThrow('filter.cell.module')
    expect(() => alice.history.list({ cell: address, module: 'core' })).toThrow('filter.module')
  })

  it('is not another organisation’s to see', async () => {
    await put(alice, 1)
    await expect(Array.fromAsync(mallory.history.list())).rejects.toThrow(NotFoundError)
    await expect(Array.fromAsync(mallory.history.list({ cell: address }))).rejects.toThrow(NotFoundError)
  })
})

describe('the budget as of a moment', () => {
  it('shows the cells as they were at a revision, and which it was', async () => {
    const first = await put(alice, 1)
    await put(alice, 2, other)
    await put(bob, 3)
    await alice.delete(await alice.read(other))
    const past = bob.asOf({ revision: 2 })
    expect(await past.read(address)).toEqual(first)
    expect((await past.readMany([other, { ...address, period: '1999' }])).map(({ value }) => value)).toEqual([
      '2',
      null,
    ])
    const listed = await Array.fromAsync(past.list())
    expect(listed.map(({ value }) => value).toSorted()).toEqual(['1', '2'])
    expect(await Array.fromAsync(past.list({ module: 'core' }))).toEqual([first])
    expect(await past.revision()).toBe(2)
    expect(await Array.fromAsync(bob.asOf({ revision: 0 }).list())).toEqual([])
  })

  it('takes a time for the revision that was the newest then, and stays with it', async () => {
    const first = await put(alice, 1)
    const second = await put(alice, 2)
    const at = first.modifiedAt!
    const past = bob.asOf({ at })
    expect(await past.read(address)).toEqual(first)
    expect(await past.revision()).toBe(1)
    expect(await bob.asOf({ at: new Date(Date.now() + 60_000) }).read(address)).toEqual(second)
    expect(await bob.asOf({ at: new Date(0) }).revision()).toBe(0)
    const early = bob.asOf({ at: '2020-01-01T00:00:00+02:00' })
    expect(await early.revision()).toBe(0)
    expect(await early.read(address)).toMatchObject({ exists: false })
    const present = bob.asOf({ at: second.modifiedAt! })
    expect(await present.revision()).toBe(2)
    await put(alice, 3)
    expect(await present.read(address)).toEqual(second)
    expect(await Array.fromAsync(present.list())).toEqual([second])
  })

  it('lists every cell there was, in pages that cells made later do not make smaller for good', async () => {
    const cells = (from: number) =>
      Array.from({ length: 20 }, (_, n) => ({
        cell: { ...address, period: String(from + n) },
        value: n,
        ifVersion: 0,
      }))
    await alice.writeMany(cells(0))
    await alice.writeMany(cells(100))
    const seen: number[] = []
    for await (const page of bob.asOf({ revision: 1 }).list({}, { pageSize: 8 }).pages()) {
      expect(page.revision).toBe(1)
      seen.push(page.cells.length)
    }
    expect(seen).toHaveLength(5)
    expect(seen.reduce((sum, count) => sum + count)).toBe(20)
  })

  it('is refused where the log does not reach, or for what is no moment', async () => {
    await put(alice, 1)
    await expect(alice.asOf({ revision: 2 }).read(address)).rejects.toMatchObject({
      name: 'ValidationError',
      field: 'revision',
      allowed: '0 to 1',
    })
    await expect(
      Array.fromAsync(alice.asOf({ revision: 0 }).list({ locked: true } as never)),
    ).rejects.toMatchObject({ field: 'filter' })
  })

  it('is not another organisation’s to see', async () => {
    await put(alice, 1)
    const past = mallory.asOf({ revision: 1 })
    await expect(past.read(address)).rejects.toThrow(NotFoundError)
    await expect(past.revision()).rejects.toThrow(NotFoundError)
    await expect(Array.fromAsync(past.list())).rejects.toThrow(NotFoundError)
  })
})

describe('restoring', () => {
  it('writes what cells showed at a revision, as one step with a label, which can be undone', async () => {
    await put(alice, 1)
    await put(bob, 2)
    const made = await put(bob, 3, other)
    const restored = await alice.restore({ revision: 1 })
    expect(restored).toEqual({
      status: 'restored',
      revision: 4,
      restoredRevision: 1,
      operationId: expect.any(String) as string,
      sessionId: expect.any(String) as string,
      by: userAlice.id,
      at: expect.any(String) as string,
      outcomes: [
        {
          status: 'written',
          id: (await bob.read(address)).id,
          version: 3,
          cell: await bob.read(address),
        },
        { status: 'written', id: made.id, version: 2, cell: await bob.read(other) },
      ],
    })
    expect(await bob.read(address)).toMatchObject({ value: '1' })
    expect(await bob.read(other)).toMatchObject({ exists: false })
    expect(await alice.undo()).toMatchObject({
      label: 'Restore revision 1',
      sessionId: restored.sessionId,
      outcomes: [{ status: 'reverted' }, { status: 'reverted' }],
    })
    expect((await bob.readMany([address, other])).map(({ value }) => value)).toEqual(['2', '3'])
  })

  it('goes back to a time, and keeps to the filter', async () => {
    const { modifiedAt } = await put(alice, 1)
    await put(alice, 2)
    await put(alice, 3, other)
    const options = { filter: { module: 'core' }, label: 'Back', operationId: crypto.randomUUID() }
    const result = await alice.restore({ at: modifiedAt! }, options)
    expect(result).toMatchObject({
      status: 'restored',
      restoredRevision: 1,
      operationId: options.operationId,
      outcomes: [{ status: 'written', cell: { value: '1' } }],
    })
    expect((await alice.history.state()).undo).toMatchObject({ label: 'Back' })
    await put(bob, 4)
    expect(await alice.restore({ at: modifiedAt! }, options)).toEqual(result)
    expect(await bob.read(address)).toMatchObject({ value: '4' })
  })

  it('with nothing to change is no step', async () => {
    await put(alice, 1)
    expect(await alice.restore({ revision: 1 })).toMatchObject({
      status: 'nothing',
      revision: 1,
      sessionId: null,
      outcomes: [],
    })
  })

  it('is refused whole where a cell is locked, and the error has the cell; in part it goes round it', async () => {
    const first = (await put(alice, 1)) as StoredCell
    await put(alice, 2)
    await put(alice, 3, other)
    const { error } = await stack
      .serviceClient()
      .schema('efir_budget')
      .from('planning_cells')
      .update({ is_locked: true, lock_reason: 'Approved' })
      .eq('id', first.id)
    expect(error).toBeNull()
    const seen = (await alice.read(address)) as StoredCell
    const refused = await alice.restore({ revision: 1 }).catch((reason: unknown) => reason)
    expect(refused).toBeInstanceOf(CellLockedError)
    expect(refused).toMatchObject({
      code: 'locked',
      cell: seen,
      refused: [{ status: 'locked', index: 0, cell: seen }],
    })
    expect((refused as Error).message).toContain('["core",null,"amount","2026"] is locked: Approved.')
    expect((await bob.read(other)).value).toBe('3')

    const { outcomes } = await alice.restore({ revision: 1 }, { mode: 'partial' })
    expect(outcomes.map(({ status }) => status)).toEqual(['locked', 'written'])
    expect((await bob.readMany([address, other])).map(({ value }) => value)).toEqual(['2', null])
  })

  it('is a program’s to do as well, as nobody', async () => {
    await put(alice, 1)
    await put(alice, 2)
    expect(await service.restore({ revision: 1 })).toMatchObject({ status: 'restored', by: null })
    expect(await alice.read(address)).toMatchObject({ value: '1', modifiedBy: null })
  })

  it('names the option that is not acceptable, and does nothing', async () => {
    await put(alice, 1)
    const moment = { revision: 0 }
    for (const [field, when, options] of [
      ['revision', { revision: 2 }, {}],
      ['mode', moment, { mode: 'all' }],
      ['label', moment, { label: 'x'.repeat(201) }],
      ['operationId', moment, { operationId: 'mine' }],
      ['filter', moment, { filter: { modul: 'core' } }],
      ['filter.entity', moment, { filter: { entity: 'school' } }],
    ] as const) {
      await expect(alice.restore(when, options as never)).rejects.toMatchObject({
        name: 'ValidationError',
        field,
      })
    }
    expect(await alice.read(address)).toMatchObject({ value: '1' })
  })

  it('is not another organisation’s to do', async () => {
    await put(alice, 1)
    await expect(mallory.restore({ revision: 0 })).rejects.toThrow(NotFoundError)
    expect(await alice.read(address)).toMatchObject({ value: '1' })
  })
})
