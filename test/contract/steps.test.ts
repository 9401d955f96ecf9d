import { beforeAll, beforeEach, describe, expect, it } from 'vitest'
import {
  createCells,
  ForbiddenError,
  NotFoundError,
  UnauthorizedError,
  ValidationError,
  type Budget,
  type MissingCell,
  type StoredCell,
  type StepOutcome,
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

// Steps are of a user and a budget: each test has a budget of its own.
beforeEach(async () => {
  const { id } = await stack.createBudget({ organization })
  alice = createCells(stack.signIn(userAlice)).budget(id)
  bob = createCells(stack.signIn(userBob)).budget(id)
  mallory = createCells(stack.signIn(userMallory)).budget(id)
  service = createCells(stack.serviceClient()).budget(id)
})

const address = { module: 'core', field: 'amount', period: '2026' }
const other = { module: 'staff', field: 'posts', period: '2026' }
const nothing = { status: 'nothing', sessionId: null, label: null, outcomes: [] }

const put = (budget: Budget, value: string | number, cell = address) =>
  budget.write(cell, value, { ifVersion: 'any' })
const shown = async (cell = address) => (await bob.read(cell)).value
const statuses = ({ outcomes }: { readonly outcomes: readonly StepOutcome[] }) =>
  outcomes.map(({ status }) => status)
const lock = async (id: string | null) => {
  const { error } = await stack
    .serviceClient()
    .schema('efir_budget')
    .from('planning_cells')
    .update({ is_locked: true, lock_reason: 'Approved' })
    .eq('id', id)
  expect(error).toBeNull()
}

describe('undo', () => {
  it('takes back what the user did, tells which step it was, and redo brings it back', async () => {
    const { outcomes, sessionId } = await alice.writeMany(
      [address, other].map((cell, index) => ({ cell, value: index + 1, ifVersion: 0 })),
      { session: 'Paste' },
    )
    const undone = await alice.undo()
    expect(undone).toEqual({
      status: 'undone',
      revision: 2,
      operationId: expect.any(String) as string,
      sessionId,
      label: 'Paste',
      by: userAlice.id,
      at: expect.any(String) as string,
      outcomes: (await bob.readMany([address, other]))
        .toSorted((one, two) => (one.id! < two.id! ? -1 : 1))
        .map((cell) => ({ status: 'reverted', id: cell.id, version: 2, cell })),
    })
    expect(outcomes).toHaveLength(2)
    expect([await shown(), await shown(other)]).toEqual([null, null])
    expect(await alice.redo()).toMatchObject({ status: 'redone', sessionId, label: 'Paste', revision: 3 })
    expect([await shown(), await shown(other)]).toEqual(['1', '2'])
  })

  it('keeps what somebody else wrote on top, and says so: A=1, B=2, undo by A leaves 2, by B then nothing', async () => {
    await put(alice, 1)
    const theirs = await put(bob, 2)
    expect(await alice.undo()).toMatchObject({ outcomes: [{ status: 'superseded', cell: theirs }] })
    expect(await shown()).toBe('2')
    expect(statuses(await bob.undo())).toEqual(['reverted'])
    expect(await bob.read(address)).toMatchObject({ exists: true, kind: 'empty' })
  })

  it('is of the caller’s own steps: another member has nothing to undo', async () => {
    await put(alice, 1)
    expect(await bob.undo()).toEqual({ ...nothing, revision: 1 })
    expect(await bob.redo()).toEqual({ ...nothing, revision: 1 })
    expect(await bob.preview('undo')).toEqual({ ...nothing, revision: 1 })
    expect(await bob.history.state()).toEqual({ revision: 1, undo: null, redo: null })
    expect(await shown()).toBe('1')
  })

  it('leaves locked cells, and those deleted since, as they are', async () => {
    const cells = [address, other, { ...other, period: '2027' }]
    await alice.writeMany(cells.map((cell) => ({ cell, value: 1, ifVersion: 0 })))
    const [locked, deleted] = await bob.readMany(cells)
    await lock(locked!.id)
    await bob.delete(deleted!)
    const result = await alice.undo()
    const status = (id: string | null) => result.outcomes.find((outcome) => outcome.id === id)
    expect(status(locked!.id)).toMatchObject({ status: 'locked', cell: { value: '1', isLocked: true } })
    expect(status(deleted!.id)).toEqual({
      status: 'missing',
      id: deleted!.id,
      version: 2,
      cell: await bob.read(other),
    })
    expect(result.outcomes).toHaveLength(3)
  })

  it('keeps to a module where it is told to', async () => {
    await put(alice, 1)
    await put(alice, 2, other)
    expect(await alice.undo({ module: 'core' })).toMatchObject({ outcomes: [{ cell: { module: 'core' } }] })
    expect(await alice.undo({ module: ['core', 'travel'] })).toMatchObject(nothing)
    expect(await alice.redo({ module: 'staff' })).toMatchObject(nothing)
    expect(await alice.preview('redo', { module: 'core' })).toMatchObject({ status: 'ready' })
    expect((await alice.history.state({ module: 'staff' })).undo).toMatchObject({ modules: ['staff'] })
  })

  it('with the same operation id takes effect once', async () => {
    await put(alice, 1)
    await put(alice, 2)
    const operationId = crypto.randomUUID()
    const first = await alice.undo({ operationId })
    expect(await alice.undo({ operationId })).toEqual(first)
    expect(await shown()).toBe('1')
    await expect(alice.redo({ operationId })).rejects.toMatchObject({ code: 'invalid', field: 'operationId' })
  })

  it('is not for programs, strangers, or those who are not signed in', async () => {
    await put(alice, 1)
    const calls = (budget: Budget) => [
      budget.undo(),
      budget.redo(),
      budget.preview('undo'),
      budget.preview('redo'),
      budget.history.state(),
    ]
    const anon = createCells(stack.anonClient()).budget(alice.id)
    for (const [budget, kind] of [
      [service, ForbiddenError],
      [mallory, NotFoundError],
      [anon, UnauthorizedError],
    ] as const) {
      for (const call of await Promise.allSettled(calls(budget))) {
        expect(call).toMatchObject({ status: 'rejected', reason: expect.any(kind) as Error })
      }
    }
    expect(await shown()).toBe('1')
  })

  it('names the option that is not acceptable, and does nothing', async () => {
    await put(alice, 1)
    for (const [field, options] of [
      ['operationId', { operationId: 'mine' }],
      ['module', { module: 7 }],
      ['module', { module: [null] }],
    ] as const) {
      await expect(alice.undo(options as never)).rejects.toMatchObject({ name: 'ValidationError', field })
      await expect(alice.redo(options as never)).rejects.toMatchObject({ name: 'ValidationError', field })
    }
    await expect(alice.preview('do' as never)).rejects.toMatchObject({ field: 'turn', given: 'do' })
    await expect(alice.preview('undo', { module: null as never })).rejects.toMatchObject({ field: 'module' })
    expect(await shown()).toBe('1')
  })

  it('ends with the reason of its signal', async () => {
    await put(alice, 1)
    const reason = new Error('no longer needed')
    const signal = AbortSignal.abort(reason)
    const calls = [
      alice.undo({ signal }),
      alice.redo({ signal }),
      alice.preview('undo', { signal }),
      alice.history.state({ signal }),
      alice.restore({ revision: 0 }, { signal }),
      alice.asOf({ revision: 0 }).revision({ signal }),
      alice.asOf({ revision: 0 }).read(address, { signal }),
      Array.fromAsync(alice.asOf({ revision: 0 }).list({}, { signal })),
      Array.fromAsync(alice.history.list({}, { signal })),
    ]
    for (const call of await Promise.allSettled(calls)) expect(call).toEqual({ status: 'rejected', reason })
    expect(await shown()).toBe('1')
  })
})

describe('a preview', () => {
  it('tells what undo and redo would do, and does nothing', async () => {
    const mine = await put(alice, 1)
    const before = await alice.preview('undo')
    expect(before).toEqual({
      status: 'ready',
      revision: 1,
      sessionId: expect.any(String) as string,
      label: null,
      outcomes: [{ status: 'reverted', id: mine.id, version: 1, cell: mine }],
      more: false,
    })
    expect(await alice.preview('redo')).toMatchObject(nothing)
    expect(await shown()).toBe('1')
    expect(await alice.undo()).toMatchObject({ sessionId: before.sessionId })
    expect(await alice.preview('redo')).toMatchObject({ status: 'ready', sessionId: before.sessionId })
  })
})

describe('the state of the stacks', () => {
  it('names the steps that undo and redo would take: whose, when, where, how many cells', async () => {
    await alice.writeMany(
      [address, other].map((cell) => ({ cell, value: 1, ifVersion: 0 })),
      { session: 'Import of July', changeType: 'import' },
    )
    const written = await put(alice, 2)
    await alice.undo()
    const { revision, undo, redo } = await alice.history.state()
    expect(revision).toBe(3)
    expect(undo).toMatchObject({ label: 'Import of July', changeType: 'import', by: userAlice.id, cells: 2 })
    expect(undo?.modules.toSorted()).toEqual(['core', 'staff'])
    expect(redo).toEqual({
      sessionId: expect.any(String) as string,
      label: null,
      changeType: 'manual',
      modules: ['core'],
      cells: 1,
      by: userAlice.id,
      at: written.modifiedAt,
      unfinished: null,
    })
  })
})

describe('a session', () => {
  it('is one step, whatever is written through it, and hands on what its work returned', async () => {
    const result = await alice.session('Paste', async (session) => {
      const first = await session.write(address, 1, { ifVersion: 0 })
      await session.writeMany([{ cell: other, value: 2, ifVersion: 0 }])
      await session.write(first, 3)
      await alice.write({ ...other, period: '2027' }, 4, { ifVersion: 0, session })
      await session.delete(other, { ifVersion: 'any' })
      return session.id
    })
    expect((await alice.history.state()).undo).toMatchObject({ sessionId: result, label: 'Paste', cells: 3 })
    expect(await alice.undo()).toMatchObject({ sessionId: result })
    expect(await shown()).toBe(null)
    expect(await alice.undo()).toMatchObject(nothing)
  })

  it('is no transaction: what landed before its work failed stays, as one step, and the error passes on', async () => {
    const failure = new Error('half-way')
    const sessions: { write: Budget['write'] }[] = []
    const work = alice.session('Paste', async (session) => {
      sessions.push(session)
      await session.write(address, 1, { ifVersion: 0 })
      throw failure
    })
    await expect(work).rejects.toBe(failure)
    expect(await shown()).toBe('1')
    await expect(sessions[0]!.write(other, 2, { ifVersion: 0 })).rejects.toMatchObject({ field: 'session' })
    expect(await alice.undo()).toMatchObject({ label: 'Paste' })
  })

  it('ends with its block, or by commit: a write through it is refused from then on', async () => {
    const begun = alice.begin('Edit')
    {
      using session = begun
      await session.write(address, 1, { ifVersion: 0 })
    }
    begun.commit()
    const late = await Promise.allSettled([
      begun.write(other, 2, { ifVersion: 0 }),
      begun.delete(address, { ifVersion: 'any' }),
      begun.writeMany([{ cell: other, value: 2, ifVersion: 0 }]),
      alice.write(other, 2, { ifVersion: 0, session: begun }),
    ])
    for (const { reason } of late as PromiseRejectedResult[]) {
      expect(reason).toMatchObject({ name: 'ValidationError', field: 'session', given: begun.id })
    }
    expect(await shown(other)).toBe(null)
    expect(await shown()).toBe('1')
  })

  it('goes on as a step of its own after it was undone, and follows its new id', async () => {
    const session = alice.begin('Edit')
    const firstId = session.id
    await session.write(address, 1, { ifVersion: 0 })
    await alice.undo()
    await session.write(address, 2, { ifVersion: 'any' })
    expect(session.id).not.toBe(firstId)
    expect((await alice.history.state()).undo).toMatchObject({ sessionId: session.id, label: 'Edit' })
    await session.write(other, 3, { ifVersion: 0 })
    expect(await alice.undo()).toMatchObject({
      sessionId: session.id,
      outcomes: [{ status: 'reverted' }, { status: 'reverted' }],
    })
    expect(await shown()).toBe(null)
  })

  it('goes on elsewhere by its id', async () => {
    using session = alice.begin('Edit')
    await session.write(address, 1, { ifVersion: 0 })
    const elsewhere = createCells(stack.signIn(userAlice)).budget(alice.id).begin({ id: session.id })
    await elsewhere.write(other, 2, { ifVersion: 0 })
    expect(elsewhere.id).toBe(session.id)
    expect((await alice.undo()).outcomes).toHaveLength(2)
  })

  it('of somebody else, or of another budget, is refused', async () => {
    using session = alice.begin()
    await session.write(address, 1, { ifVersion: 0 })
    await expect(bob.begin({ id: session.id }).write(other, 1, { ifVersion: 0 })).rejects.toMatchObject({
      name: 'ValidationError',
      field: 'sessionId',
    })
    expect(await shown(other)).toBe(null)
  })

  it('of a label alone is the same one when its operation is repeated', async () => {
    const options = { operationId: crypto.randomUUID(), session: 'Paste' }
    const write = () => alice.writeMany([{ cell: address, value: 1, ifVersion: 0 }], options)
    const first = await write()
    expect(await write()).toEqual(first)
  })

  it('is typed as its budget is: an address without a version does not compile, nor pass', async () => {
    using session = alice.begin()
    // @ts-expect-error -- an address needs ifVersion
    await expect(session.write(address, '1')).rejects.toThrow(ValidationError)
    const cell: StoredCell | MissingCell = await session.write(address, '1', { ifVersion: 0 })
    expect(cell.version).toBe(1)
  })

  it('has a label of at most 200 characters and an id that is a UUID', async () => {
    const write = (session: string) => alice.write(address, 1, { ifVersion: 'any', session })
    for (const label of ['x'.repeat(201), 'a\u0000b']) {
      expect(() => alice.begin(label)).toThrow(ValidationError)
      await expect(alice.session(label, () => 1)).rejects.toThrow(ValidationError)
      await expect(write(label)).rejects.toMatchObject({ field: 'session' })
    }
    expect(() => alice.begin({ id: 'mine' })).toThrow('session.id')
    expect(alice.begin('😀'.repeat(200)).label).toBe('😀'.repeat(200))
    expect(await alice.read(address)).toMatchObject({ exists: false })
  })
})
