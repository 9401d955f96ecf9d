import { afterEach, beforeAll, describe, expect, it } from 'vitest'
import {
  CellLockedError,
  createCells,
  NotFoundError,
  ValidationError,
  VersionConflictError,
  type Budget,
  type Cell,
  type ConflictEvent,
  type ConflictPolicy,
  type RejectedEvent,
  type Sheet,
} from '@efir/cells'
import { changesSince } from '../../src/transport/feed.ts'
import { openLive, until, type LiveSetup } from '../sheet/support/live.ts'
import { useStack } from '../support/stack.ts'

const stack = await useStack()

type SignedIn = ReturnType<typeof stack.signIn>
let asAlice: SignedIn
let asBob: SignedIn
let asMallory: SignedIn
let bob: Budget
let budgetVersionId: string
const open: Sheet[] = []

beforeAll(async () => {
  const organization = await stack.createOrganization()
  const theirs = await stack.createOrganization()
  const [alice, bobby, mallory] = await Promise.all([
    stack.createUser({ organization }),
    stack.createUser({ organization }),
    stack.createUser({ organization: theirs }),
  ])
  asAlice = stack.signIn(alice)
  asBob = stack.signIn(bobby)
  asMallory = stack.signIn(mallory)
  budgetVersionId = (await stack.createBudget({ organization })).id
  bob = createCells(asBob).budget(budgetVersionId)
})

afterEach(async () => {
  await Promise.all(open.splice(0).map((sheet) => sheet.close({ pending: 'discard' })))
})

let next = 0
/** A module that no other test uses. */
const freshModule = () => `module_${next++}`
const put = async (cell: { module: string; field: string; period?: string }, value: string) =>
  await bob.write(await bob.read(cell), value)

const lock = async ({ id }: Cell, turn: 'lock' | 'unlock' = 'lock') => {
  const { error } = await asBob
    .schema('efir_budget')
    .rpc(`${turn}_cells`, { p_budget_version_id: budgetVersionId, p_references: [id] })
  expect(error).toBeNull()
}

function alice(setup?: LiveSetup) {
  const live = openLive(asAlice, budgetVersionId, setup)
  return {
    ...live,
    open: (...given: Parameters<typeof live.open>) => {
      const sheet = live.open(...given)
      open.push(sheet)
      return sheet
    },
    /** What the database would broadcast of the commits after what the sheet holds. */
    broadcast: async (from = live.live.engine.state.cursor ?? 0) => {
      const page = await changesSince(live.transport.send, budgetVersionId, from, 1000, {}, {})
      live.stream.tell({ type: 'feed', page })
    },
  }
}

describe('a sheet', () => {
  it('shows what is there once it is ready', async () => {
    const module = freshModule()
    const written = await put({ module, field: 'a' }, '1.5')
    const sheet = alice().open({ module })
    await sheet.ready()
    expect(sheet.get({ module, field: 'a' })).toMatchObject({ value: '1.5', isPending: false, base: written })
    expect(
      sheet
        .range()
        .getSnapshot()
        .map(({ value }) => value),
    ).toEqual(['1.5'])
    expect(sheet.status.getSnapshot()).toEqual({
      state: 'live',
      pendingWrites: 0,
      refusedWrites: 0,
      error: null,
    })
  })

  it('shows what others write as it is broadcast', async () => {
    const module = freshModule()
    const user = alice()
    const sheet = user.open({ module })
    await sheet.ready()
    await put({ module, field: 'a' }, '7')
    const reads = user.requests.length
    await user.broadcast()
    expect(sheet.get({ module, field: 'a' }).value).toBe('7')
    expect(user.requests.length - reads).toBe(1) // the test's own
  })

  it('shows what others wrote while nothing was broadcast, once it looks again', async () => {
    const module = freshModule()
    const user = alice()
    const sheet = user.open({ module })
    await sheet.ready()
    await put({ module, field: 'a' }, '8')
    user.environment.tell('wake')
    await until(sheet.cell({ module, field: 'a' }), ({ value }) => value === '8')
  })

  it('shows own writes at once, and confirms them by the reply', async () => {
    const module = freshModule()
    const sheet = alice().open({ module })
    await sheet.ready()
    const { local, result } = sheet.set({ module, field: 'a' }, '46000.00')
    expect(local).toMatchObject({ value: '46000', isPending: true })
    expect(sheet.get({ module, field: 'a' })).toBe(local)
    const confirmed = await result
    expect(confirmed).toMatchObject({ value: '46000', version: 1 })
    expect(sheet.get({ module, field: 'a' })).toMatchObject({
      value: '46000',
      isPending: false,
      base: confirmed,
    })
    expect(await bob.read({ module, field: 'a' })).toEqual(confirmed)
  })

  it('of a budget that is not the caller’s is never ready, and says why', async () => {
    const { open: openSheet } = openLive(asMallory, budgetVersionId)
    const sheet = openSheet({})
    await expect(sheet.ready()).rejects.toBeInstanceOf(NotFoundError)
    expect(sheet.status.getSnapshot()).toMatchObject({ state: 'closed', error: { code: 'not_found' } })
  })

  it('is opened by a budget, on the stream that the client was told to use', async () => {
    const module = freshModule()
    await put({ module, field: 'a' }, '3')
    const cells = createCells(asAlice, { stream: 'none' })
    await using sheet = await cells.budget(budgetVersionId).open({ module })
    await sheet.ready()
    expect(sheet.get({ module, field: 'a' }).value).toBe('3')
    expect(sheet.status.getSnapshot().state).toBe('polling')
    await expect(cells.budget(budgetVersionId).open({ locked: true } as object)).rejects.toThrow(
      ValidationError,
    )
  })
})

const writesOf = (requests: readonly { readonly operation: string }[]) =>
  requests.filter(({ operation }) => operation === 'write_cells').length

/** Alice's sheet, and a cell that Bob has changed behind its back. */
async function stale(onConflict?: ConflictPolicy) {
  const cell = { module: freshModule(), field: 'a' }
  await put(cell, '10')
  const user = alice()
  const sheet = user.open({ module: cell.module }, { onConflict })
  await sheet.ready()
  await put(cell, '15')
  return { ...user, sheet, cell }
}

describe('a write that somebody else was faster than', () => {
  it('shows theirs, says so, and waits for a decision', async () => {
    const { sheet, cell } = await stale()
    const told: ConflictEvent[] = []
    sheet.on('conflict', (event) => told.push(event))
    const { result } = sheet.set(cell, '11')
    await expect(result).rejects.toBeInstanceOf(VersionConflictError)
    expect(sheet.get(cell)).toMatchObject({ value: '15', isPending: false })
    expect(told).toEqual([
      expect.objectContaining({
        mine: '11',
        base: expect.objectContaining({ value: '10' }) as unknown,
        theirs: expect.objectContaining({ value: '15' }) as unknown,
      }),
    ])
    expect(sheet.pending.getSnapshot()).toMatchObject([
      { state: 'conflict', value: '11', theirs: { value: '15' } },
    ])
    expect(sheet.status.getSnapshot()).toMatchObject({ pendingWrites: 0, refusedWrites: 1 })
    const resolved = told[0]!.resolve('mine')
    expect(await resolved?.result).toMatchObject({ value: '11', version: 3 })
    expect(sheet.pending.getSnapshot()).toEqual([])
  })

  it('lets theirs stand where told so', async () => {
    const { sheet, cell } = await stale()
    sheet.on('conflict', ({ resolve }) => resolve('theirs'))
    await expect(sheet.set(cell, '11').result).rejects.toThrow()
    expect(sheet.pending.getSnapshot()).toEqual([])
    expect(sheet.get(cell)).toMatchObject({ value: '15', isPending: false })
  })

  it('is settled with another value where one is given', async () => {
    const { sheet, cell } = await stale()
    const resolved = new Promise<Cell | undefined>((resolve) => {
      sheet.on('conflict', (event) => resolve(event.resolve('13')?.result))
    })
    void sheet.set(cell, '11')
    expect(await resolved).toMatchObject({ value: '13' })
  })

  it('is written on top of theirs by lastWrite', async () => {
    const { sheet, cell } = await stale('lastWrite')
    expect(await sheet.set(cell, '11').result).toMatchObject({ value: '11', version: 3 })
  })

  it('is added to theirs by increment, exactly', async () => {
    const { sheet, cell } = await stale('increment')
    expect(await sheet.set(cell, '10.0001').result).toMatchObject({ value: '15.0001', version: 3 })
  })

  it('is what a function of base, mine and theirs makes of it', async () => {
    const { sheet, cell } = await stale(
      ({ base, mine, theirs }) => `${Number(base.value) + Number(mine) + Number(theirs.value)}`,
    )
    expect(await sheet.set(cell, '11').result).toMatchObject({ value: '36' })
    const other = await stale(() => 'theirs')
    expect(await other.sheet.set(other.cell, '11').result).toMatchObject({ value: '15' })
    const faulty = await stale(() => {
      throw new Error('a mistake of the application')
    })
    await expect(faulty.sheet.set(faulty.cell, '11').result).rejects.toBeInstanceOf(VersionConflictError)
    expect(faulty.reported).toHaveLength(1)
  })

  it('is no conflict where both wrote the same', async () => {
    const { sheet, cell } = await stale()
    expect(await sheet.set(cell, '15').result).toMatchObject({ value: '15', version: 2 })
  })
})

describe('a write from an editor that was open for a while', () => {
  /** Alice's editor is open on a cell of 10. */
  async function editing() {
    const cell = { module: freshModule(), field: 'a' }
    await put(cell, '10')
    const user = alice()
    const sheet = user.open({ module: cell.module })
    await sheet.ready()
    return { ...user, sheet, cell, seen: sheet.get(cell) }
  }

  it('is a conflict with what somebody else wrote meanwhile, though the sheet knows it', async () => {
    const { sheet, cell, seen, broadcast } = await editing()
    await put(cell, '15')
    await broadcast()
    expect(sheet.get(cell).value).toBe('15')
    const told: ConflictEvent[] = []
    sheet.on('conflict', (event) => told.push(event))
    await expect(sheet.set(cell, '11', { seen }).result).rejects.toBeInstanceOf(VersionConflictError)
    expect(told).toMatchObject([{ base: { value: '10' }, mine: '11', theirs: { value: '15' } }])
    expect(await sheet.set(cell, '12').result).toMatchObject({ value: '12', version: 3 })
  })

  it('is a conflict with a deletion, and with a cell that was not there', async () => {
    const { sheet, cell, seen, broadcast } = await editing()
    const other = { ...cell, field: 'b' }
    const seenOther = sheet.get(other)
    await bob.delete(await bob.read(cell))
    await put(other, '1')
    await broadcast()
    await expect(sheet.set(cell, '11', { seen }).result).rejects.toBeInstanceOf(VersionConflictError)
    await expect(sheet.set(other, '2', { seen: seenOther }).result).rejects.toBeInstanceOf(
      VersionConflictError,
    )
  })

  it('is none with what the same user wrote meanwhile, here or in another window', async () => {
    const { sheet, cell, seen, broadcast } = await editing()
    await sheet.set(cell, '11').result
    expect(await sheet.set(cell, '12', { seen }).result).toMatchObject({ value: '12', version: 3 })
    const elsewhere = createCells(asAlice).budget(budgetVersionId)
    await elsewhere.write(await elsewhere.read(cell), '13')
    await broadcast()
    expect(await sheet.set(cell, '14', { seen }).result).toMatchObject({ value: '14', version: 5 })
  })

  it('names the cell that was seen where it is another one, or none', async () => {
    const { sheet, cell, seen } = await editing()
    const other = { ...cell, field: 'b' }
    for (const wrong of [seen, null, 7, {}, { ...other, base: seen.base }, { ...seen, module: 7 }]) {
      const attempt = () => sheet.set(other, '1', { seen: wrong as typeof seen })
      expect(attempt).toThrow(ValidationError)
      expect(attempt).toThrow(/seen/)
    }
    expect(sheet.pending.getSnapshot()).toEqual([])
  })
})

describe('writes', () => {
  it('of a hundred keystrokes to one cell are a handful of calls, and the last one stays', async () => {
    const module = freshModule()
    const user = alice()
    const sheet = user.open({ module })
    await sheet.ready()
    const before = writesOf(user.requests)
    const handles = Array.from({ length: 100 }, (_, index) => sheet.set({ module, field: 'a' }, index))
    const results = await Promise.all(handles.map(({ result }) => result))
    expect(new Set(results.map(({ value }) => value))).toEqual(new Set(['99']))
    expect(writesOf(user.requests) - before).toBe(1)
    expect(await bob.read({ module, field: 'a' })).toMatchObject({ value: '99', version: 1 })
  })

  it('typed while an earlier one is under way wait for it, as one, and never conflict with it', async () => {
    const module = freshModule()
    const user = alice()
    const sheet = user.open({ module })
    await sheet.ready()
    const before = writesOf(user.requests)
    const first = sheet.set({ module, field: 'a' }, 1)
    await Promise.resolve()
    const later = [2, 3, 4].map((value) => sheet.set({ module, field: 'a' }, value))
    expect(await first.result).toMatchObject({ value: '1', version: 1 })
    for (const { result } of later) expect(await result).toMatchObject({ value: '4', version: 2 })
    expect(writesOf(user.requests) - before).toBe(2)
  })

  it('made together are one call and one step; made apart, steps of their own', async () => {
    const module = freshModule()
    const user = alice()
    const sheet = user.open({ module })
    await sheet.ready()
    const fields = ['a', 'b', 'c']
    const before = writesOf(user.requests)
    const { result } = sheet.setMany(
      fields.map((field) => ({ cell: { module, field }, value: 1 })),
      'Paste',
    )
    expect((await result).map(({ version }) => version)).toEqual([1, 1, 1])
    expect(writesOf(user.requests) - before).toBe(1)
    const raised = sheet.session('Raise', (session) => [
      session.set({ module, field: 'a' }, 2),
      session.set({ module, field: 'b' }, 2),
      ...session.setMany([{ cell: { module, field: 'c' }, delete: true }]).writes,
    ])
    await Promise.all(raised.map((write) => write.result))
    const single = sheet.set({ module, field: 'a' }, 3)
    await single.result
    const values = () => fields.map((field) => sheet.get({ module, field }).value)
    expect(values()).toEqual(['3', '2', null])
    await sheet.undo()
    expect(values()).toEqual(['2', '2', null])
    expect(await sheet.undo()).toMatchObject({ status: 'undone', label: 'Raise' })
    expect(values()).toEqual(['1', '1', '1'])
    expect(await sheet.redo()).toMatchObject({ status: 'redone', label: 'Raise' })
    expect(values()).toEqual(['2', '2', null])
  })

  it('are not overtaken by the undo of them, and those typed after it come after it', async () => {
    const module = freshModule()
    const cell = { module, field: 'a' }
    const sheet = alice().open({ module })
    await sheet.ready()
    await sheet.set(cell, 1).result
    void sheet.set(cell, 2)
    const undone = sheet.undo()
    const after = sheet.set(cell, 3)
    expect(await undone).toMatchObject({ status: 'undone' })
    expect(await after.result).toMatchObject({ value: '3' })
    await sheet.undo()
    expect(sheet.get(cell).value).toBe('1')
  })

  it('that are refused are told, listed, and can be written again or given up', async () => {
    const module = freshModule()
    const written = await put({ module, field: 'a' }, '1')
    await lock(written)
    const sheet = alice().open({ module })
    await sheet.ready()
    const rejected: RejectedEvent[] = []
    sheet.on('rejected', (event) => rejected.push(event))
    await expect(sheet.set({ module, field: 'a' }, '2').result).rejects.toBeInstanceOf(CellLockedError)
    expect(rejected).toMatchObject([{ error: { code: 'locked' }, write: { state: 'rejected' } }])
    expect(sheet.get({ module, field: 'a' })).toMatchObject({ value: '1', isPending: false })
    await lock(written, 'unlock')
    const [write] = sheet.pending.getSnapshot()
    // The lock moved the version, and so did its end: the sheet has not heard of it yet, so theirs is what it was.
    sheet.on('conflict', ({ resolve }) => void resolve('mine'))
    await write!.retry().result.catch(() => undefined)
    await until(sheet.pending, (pending) => pending.length === 0)
    expect(sheet.get({ module, field: 'a' })).toMatchObject({ value: '2', isPending: false })
  })
})

describe('a network that fails', () => {
  it('keeps writes, and sends them when it is back', async () => {
    const module = freshModule()
    const user = alice()
    const sheet = user.open({ module })
    await sheet.ready()
    user.network.state = 'down'
    const { result } = sheet.set({ module, field: 'a' }, '5')
    await until(sheet.pending, ([write]) => write?.state === 'retrying')
    expect(sheet.get({ module, field: 'a' })).toMatchObject({ value: '5', isPending: true })
    user.environment.tell('offline')
    const second = sheet.set({ module, field: 'b' }, '6')
    expect(sheet.status.getSnapshot()).toMatchObject({ state: 'offline', pendingWrites: 2 })
    user.network.state = 'up'
    user.environment.tell('online')
    expect(await result).toMatchObject({ value: '5', version: 1 })
    expect(await second.result).toMatchObject({ value: '6', version: 1 })
    await sheet.ready()
    expect(sheet.status.getSnapshot()).toMatchObject({ state: 'live', pendingWrites: 0 })
  })

  it('that loses a reply makes no write land twice', async () => {
    const module = freshModule()
    const cell = { module, field: 'a' }
    const user = alice()
    const sheet = user.open({ module })
    await sheet.ready()
    user.network.state = 'lost'
    const { result } = sheet.set(cell, '5')
    const later = sheet.set({ module, field: 'b' }, '1')
    await until(sheet.pending, (writes) => writes.every(({ state }) => state === 'retrying'))
    user.network.state = 'up'
    user.environment.tell('wake') // the log tells what became of it, or the operation is sent again
    expect(await result).toMatchObject({ value: '5', version: 1 })
    await later.result
    await sheet.close()
    expect(await bob.read(cell)).toMatchObject({ value: '5', version: 1 })
  })

  it('while somebody else writes ends in a conflict, not in a lost update', async () => {
    const cell = { module: freshModule(), field: 'a' }
    await put(cell, '1')
    const user = alice()
    const sheet = user.open({ module: cell.module })
    await sheet.ready()
    user.environment.tell('offline')
    const { result } = sheet.set(cell, '2')
    await put(cell, '3')
    user.environment.tell('online')
    await expect(result).rejects.toBeInstanceOf(VersionConflictError)
    expect(sheet.get(cell).value).toBe('3')
  })

  it('hides no gap: what was missed is read, and told', async () => {
    const module = freshModule()
    const user = alice()
    const sheet = user.open({ module })
    await sheet.ready()
    const healed = new Promise((resolve) => sheet.on('gap-healed', resolve))
    const from = user.live.engine.state.cursor!
    await put({ module, field: 'a' }, '1')
    await put({ module, field: 'b' }, '2')
    await user.broadcast(from + 1)
    expect(await healed).toEqual({ from, to: from + 2 })
    expect(
      sheet
        .range()
        .getSnapshot()
        .map(({ value }) => value),
    ).toEqual(['1', '2'])
  })

  it('or anybody else who sends garbage down the stream throws nothing, and nothing is missed', async () => {
    const module = freshModule()
    const user = alice()
    const sheet = user.open({ module })
    await sheet.ready()
    await put({ module, field: 'a' }, '1')
    user.stream.tell({ type: 'garbage', error: new Error('not a commit') })
    await until(sheet.cell({ module, field: 'a' }), ({ value }) => value === '1')
  })
})

describe('several sheets of a budget', () => {
  it('share the stream and the store, and each is ready with its own cells', async () => {
    const [one, other] = [freshModule(), freshModule()]
    await put({ module: one, field: 'a' }, '1')
    await put({ module: other, field: 'a' }, '2')
    const user = alice()
    const first = user.open({ module: one })
    await first.ready()
    const second = user.open({ module: other })
    await second.ready()
    expect(user.stream.joins).toBe(1)
    expect(
      second
        .range()
        .getSnapshot()
        .map(({ value }) => value),
    ).toEqual(['2'])
    expect(
      first
        .range()
        .getSnapshot()
        .map(({ value }) => value),
    ).toEqual(['1'])
    await first.close()
    expect(user.stream.isOpen).toBe(true)
    await second.close()
    expect(user.stream.isOpen).toBe(false)
    expect(user.environment.isWatched).toBe(false)
  })

  it('write only what their filters name', async () => {
    const sheet = alice().open({ module: 'mine', period: ['2025', null] })
    expect(() => sheet.set({ module: 'other', field: 'a' }, 1)).toThrow(ValidationError)
    expect(() => sheet.get({ module: 'mine', field: 'a', period: '2026' })).toThrow(ValidationError)
    expect(() => sheet.set({ module: 'mine', field: 'a' }, 'much')).toThrow(ValidationError)
    expect(() =>
      sheet.setMany([
        { cell: { module: 'mine', field: 'a' }, value: 1 },
        { cell: { module: 'mine', field: 'a' }, value: 2 },
      ]),
    ).toThrow('changes[1].cell')
  })
})

describe('closing', () => {
  it('waits for writes that are under way, and takes none after', async () => {
    const module = freshModule()
    const sheet = alice().open({ module })
    await sheet.ready()
    const { result } = sheet.set({ module, field: 'a' }, 1)
    expect(await sheet.close()).toEqual({ unsettled: [] })
    expect(await result).toMatchObject({ value: '1' })
    expect(() => sheet.set({ module, field: 'a' }, 2)).toThrow(ValidationError)
    await expect(sheet.undo()).rejects.toBeInstanceOf(ValidationError)
    expect(sheet.status.getSnapshot().state).toBe('closed')
    await expect(sheet.ready()).rejects.toBeInstanceOf(ValidationError)
  })

  it('tells of the writes that nobody answered', async () => {
    const module = freshModule()
    const user = alice()
    const sheet = user.open({ module })
    await sheet.ready()
    user.network.state = 'down'
    const { result } = sheet.set({ module, field: 'a' }, 1)
    const { unsettled } = await sheet.close()
    expect(unsettled).toMatchObject([{ state: 'retrying', value: '1' }])
    await expect(result).rejects.toThrow('discarded')
  })

  it('of the budget itself ends the sheet with a reason', async () => {
    const organization = await stack.createOrganization()
    const user = await stack.createUser({ organization })
    const { id } = await stack.createBudget({ organization })
    const service = stack.serviceClient().schema('efir_budget' as never)
    const { open: openOne, stream } = openLive(stack.signIn(user), id)
    const sheet = openOne({})
    await sheet.ready()
    const { error } = await service
      .from('budget_versions')
      .update({ deleted_at: new Date().toISOString() } as never)
      .eq('id', id)
    expect(error).toBeNull()
    stream.tell({ type: 'hint' })
    await until(sheet.status, ({ state }) => state === 'closed')
    expect(sheet.status.getSnapshot().error).toBeInstanceOf(NotFoundError)
  })
})
