import 'fake-indexeddb/auto'
import { createClient } from '@supabase/supabase-js'
import { afterEach, beforeAll, describe, expect, it } from 'vitest'
import { createCells, ValidationError, type Budget, type Sheet, type StorageStatus } from '@efir/cells'
import { emptyOutbox } from '../../src/outbox/outbox-state.ts'
import { OutboxKeeper } from '../../src/outbox/outbox-keeper.ts'
import { systemClock } from '../../src/transport/clock.ts'
import { TextStorage, WindowLocks } from '../outbox/support/text-storage.ts'
import { openLive, until } from '../sheet/support/live.ts'
import { useStack } from '../support/stack.ts'

const stack = await useStack()

type SignedIn = ReturnType<typeof stack.signIn>
let asAlice: SignedIn
let asBob: SignedIn
let alice: Budget
let aliceToken: string
let budgetVersionId: string
const open: Sheet[] = []

beforeAll(async () => {
  const organization = await stack.createOrganization()
  const [one, other] = [await stack.createUser({ organization }), await stack.createUser({ organization })]
  asAlice = stack.signIn(one)
  aliceToken = one.accessToken
  asBob = stack.signIn(other)
  budgetVersionId = (await stack.createBudget({ organization })).id
  alice = createCells(asAlice).budget(budgetVersionId)
})

afterEach(async () => {
  await Promise.all(open.splice(0).map((sheet) => sheet.close({ pending: 'discard' })))
})

let next = 0
const freshCell = () => ({ module: `kept_${next++}`, field: 'a' })

/** A browser, in which Alice opens windows one after the other, or side by side. */
function browser(storage = new TextStorage()) {
  const newLocks = WindowLocks.browser()
  const whoIs = { signedIn: 'alice' }
  const openWindow = async () => {
    const setup = openLive(asAlice, budgetVersionId)
    const locks = newLocks()
    const sheet = setup.open()
    open.push(sheet)
    await setup.live.keep((sink) => {
      const isSameUser = () => Promise.resolve(whoIs.signedIn === 'alice')
      const ports = { storage, locks, prefix: 'outbox:alice:', isSameUser, clock: systemClock }
      return Promise.resolve(new OutboxKeeper(ports, sink))
    })
    return {
      ...setup,
      sheet,
      /** As if it had been killed: nothing of it is sent or kept any more. */
      kill: () => {
        setup.network.state = 'down'
        setup.live.outbox.hold('killed')
        locks.close()
      },
    }
  }
  return { storage, openWindow, whoIs }
}

const kept = ({ texts }: TextStorage) =>
  [...texts.values()].flatMap(
    (text) => (JSON.parse(text) as { writes: { value: { number: string } }[] }).writes,
  )
const isKept = async (storage: TextStorage, count: number) => {
  // The storage answers within turns of the event loop, and no test's time counts them.
  while (kept(storage).length !== count) await new Promise((resolve) => setImmediate(resolve))
}

describe('writes that are kept', () => {
  it('offline are shown and sent by the next page, and are there once', async () => {
    const cell = freshCell()
    const { storage, openWindow } = browser()
    const first = await openWindow()
    await first.sheet.ready()
    first.environment.tell('offline')
    first.sheet.set(cell, '7')
    await isKept(storage, 1)
    expect(first.requests.filter(({ operation }) => operation === 'write_cells')).toEqual([])
    first.kill()

    const second = await openWindow()
    expect(second.sheet.get(cell)).toMatchObject({ value: '7', isPending: true })
    await until(second.sheet.cell(cell), ({ isPending }) => !isPending)
    expect(await alice.read(cell)).toMatchObject({ value: '7', version: 1 })
    await isKept(storage, 0)
  })

  it('whose reply was lost are sent again under the same operation id', async () => {
    const cell = freshCell()
    const { storage, openWindow } = browser()
    const first = await openWindow()
    await first.sheet.ready()
    first.network.state = 'lost'
    first.sheet.set(cell, '7')
    await until(first.sheet.pending, ([write]) => write?.state === 'retrying')
    first.kill()
    await isKept(storage, 1)

    const second = await openWindow()
    await until(second.sheet.cell(cell), ({ isPending, value }) => !isPending && value === '7')
    expect(await alice.read(cell)).toMatchObject({ value: '7', version: 1 })
    const operations = [first, second].map(
      ({ requests }) => requests.find(({ operation }) => operation === 'write_cells')?.operationId,
    )
    expect(new Set(operations).size).toBe(1)
  })

  it('by one window are not sent by another, until that window is gone', async () => {
    const [mine, theirs] = [freshCell(), freshCell()]
    const { storage, openWindow } = browser()
    const first = await openWindow()
    await first.sheet.ready()
    first.environment.tell('offline')
    first.sheet.set(mine, '1')
    await isKept(storage, 1)
    const second = await openWindow()
    await second.sheet.ready()
    await second.sheet.set(theirs, '2').result
    expect(second.requests.filter(({ operation }) => operation === 'write_cells')).toHaveLength(1)
    expect(second.sheet.get(mine).exists).toBe(false)
    expect(await alice.read(mine)).toMatchObject({ exists: false })

    first.kill()
    await until(second.sheet.cell(mine), ({ isPending, value }) => !isPending && value === '1')
    expect(await alice.read(mine)).toMatchObject({ value: '1', version: 1 })
    expect(second.requests.filter(({ operation }) => operation === 'write_cells')).toHaveLength(2)
  })

  it('by a window that was opened later are found when it is gone and this one looks', async () => {
    const cell = freshCell()
    const { storage, openWindow } = browser()
    const first = await openWindow()
    const second = await openWindow()
    await Promise.all([first.sheet.ready(), second.sheet.ready()])
    second.environment.tell('offline')
    second.sheet.set(cell, '5')
    await isKept(storage, 1)
    second.kill()
    first.environment.tell('wake')
    await until(first.sheet.cell(cell), ({ isPending, value }) => !isPending && value === '5')
  })

  it('refused ones stay listed, and can be discarded on the next page', async () => {
    const cell = freshCell()
    const { storage, openWindow } = browser()
    await alice.write(await alice.read(cell), '1')
    const first = await openWindow()
    await first.sheet.ready()
    await alice.write(await alice.read(cell), '2')
    await expect(first.sheet.set(cell, '3').result).rejects.toMatchObject({ code: 'version_conflict' })
    await isKept(storage, 1)
    first.kill()

    const second = await openWindow()
    await second.sheet.ready()
    const [write] = second.sheet.pending.getSnapshot()
    expect(write).toMatchObject({ state: 'conflict', value: '3', theirs: { value: '2' } })
    expect(write?.error).toMatchObject({ code: 'version_conflict' })
    write?.discard()
    await isKept(storage, 0)
    expect(second.sheet.pending.getSnapshot()).toEqual([])
  })

  it('come before what is typed on the next page, and do not conflict with it', async () => {
    const cell = freshCell()
    const { storage, openWindow } = browser()
    const first = await openWindow()
    await first.sheet.ready()
    first.environment.tell('offline')
    first.sheet.set(cell, '1')
    first.sheet.setMany([{ cell: freshCell(), value: '9' }], 'Paste')
    await isKept(storage, 2)
    first.kill()
    const second = await openWindow()
    expect(await second.sheet.set(cell, '2').result).toMatchObject({ value: '2', version: 2 })
  })

  it('are not sent in somebody else’s name', async () => {
    const cell = freshCell()
    const { openWindow, whoIs } = browser()
    const { sheet, requests, live } = await openWindow()
    await sheet.ready()
    whoIs.signedIn = 'bob'
    sheet.set(cell, '1')
    await until(sheet.pending, ([write]) => write?.state === 'retrying')
    expect(requests.filter(({ operation }) => operation === 'write_cells')).toEqual([])
    whoIs.signedIn = 'alice'
    live.outbox.resume()
    await until(sheet.cell(cell), ({ isPending, value }) => !isPending && value === '1')
  })

  it('outlive the closing of the sheet, unless they are discarded', async () => {
    const { storage, openWindow } = browser()
    for (const [pending, left] of [
      ['flush', 1],
      ['discard', 0],
    ] as const) {
      const { sheet, network } = await openWindow()
      await sheet.ready()
      network.state = 'down'
      sheet.set(freshCell(), '1')
      await until(sheet.pending, ([write]) => write?.state === 'retrying')
      const { unsettled } = await sheet.close({ pending })
      expect(unsettled).toHaveLength(1)
      await isKept(storage, left)
      storage.texts.clear()
    }
  })
})

describe('a storage', () => {
  it('that is full is told, and holds no write back', async () => {
    const { storage, openWindow } = browser()
    const { sheet } = await openWindow()
    await sheet.ready()
    const told: StorageStatus[] = []
    sheet.on('storage', (status) => told.push(status))
    storage.failure = new DOMException('No room.', 'QuotaExceededError')
    await sheet.set(freshCell(), '1').result
    expect(told).toMatchObject([{ kind: 'persistent', error: { code: 'storage', cause: storage.failure } }])
    expect(sheet.storage.getSnapshot()).toBe(told[0])
    storage.failure = undefined
    await sheet.set(freshCell(), '2').result
    expect(sheet.storage.getSnapshot()).toMatchObject({ error: null })
  })

  it('with what cannot be read is told, and nothing of it is lost', async () => {
    const { storage, openWindow } = browser()
    const odd = { format: 1, writes: [{ id: 1, cell: { module: '' } }], operations: [] }
    const texts = ['not JSON', JSON.stringify(odd), JSON.stringify({ format: 1, writes: {}, operations: [] })]
    texts.forEach((text, index) => storage.texts.set(`outbox:alice:${index}`, text))
    const newer = JSON.stringify({ format: 2, all: 'different' })
    storage.texts.set('outbox:alice:newer', newer)
    const { sheet } = await openWindow()
    await sheet.ready()
    const { error, unreadable } = sheet.storage.getSnapshot()
    expect(error).toMatchObject({ code: 'storage' })
    expect(unreadable.toSorted()).toEqual([
      'outbox:alice:newer',
      'unreadable:outbox:alice:0',
      'unreadable:outbox:alice:1',
      'unreadable:outbox:alice:2',
    ])
    expect(storage.texts.get('outbox:alice:newer')).toBe(newer)
    expect(texts.map((_, index) => storage.texts.get(`unreadable:outbox:alice:${index}`))).toEqual(texts)
    await sheet.set(freshCell(), '1').result
  })

  it('that cannot be looked into is told', async () => {
    const storage = new TextStorage()
    storage.failure = new Error('It is locked.')
    const { sheet } = await browser(storage).openWindow()
    expect(sheet.storage.getSnapshot()).toMatchObject({ error: { code: 'storage' } })
  })

  it('of one user says nothing to another', async () => {
    const storage = new TextStorage()
    const sheet = await alice.open({}, { persist: storage })
    open.push(sheet)
    await sheet.ready()
    const cell = freshCell()
    sheet.set(cell, '1')
    await isKept(storage, 1)
    const [[key = '', text = ''] = []] = storage.texts
    await until(sheet.cell(cell), ({ isPending }) => !isPending)
    await sheet.close()
    // As if the page had gone before the answer.
    storage.texts.set(key, text)
    const theirs = await createCells(asBob).budget(budgetVersionId).open({}, { persist: storage })
    open.push(theirs)
    await theirs.ready()
    expect(theirs.pending.getSnapshot()).toEqual([])
    expect(storage.texts.get(key)).toBe(text)
  })

  it('may be the browser’s IndexedDB, where the next page finds it', async () => {
    const cell = freshCell()
    const lossy = createClient(stack.url, stack.anonKey, {
      accessToken: () => Promise.resolve(aliceToken),
      global: {
        fetch: async (input, init) => {
          const reply = await fetch(input, init)
          if (new Request(input).url.endsWith('/rpc/write_cells')) throw new TypeError('The reply is lost.')
          return reply
        },
      },
    })
    const cells = createCells(lossy, { retry: false, stream: 'none' })
    const sheet = await cells.budget(budgetVersionId).open({ module: 'elsewhere' }, { persist: true })
    expect(sheet.storage.getSnapshot()).toEqual({ kind: 'persistent', error: null, unreadable: [] })
    sheet.set({ module: 'elsewhere', field: cell.module }, '1')
    await until(sheet.pending, ([write]) => write?.state === 'retrying')
    await sheet.close()
    const again = await alice.open({}, { persist: true })
    open.push(again)
    const found = { module: 'elsewhere', field: cell.module }
    await until(again.cell(found), ({ value, isPending }) => value === '1' && !isPending)
    expect(await alice.read(found)).toMatchObject({ value: '1', version: 1 })
    expect(again.pending.getSnapshot()).toEqual([])
  })

  it('that the page does not have is told, and writes go with the page', async () => {
    const { indexedDB } = globalThis
    Reflect.deleteProperty(globalThis, 'indexedDB')
    try {
      const sheet = await alice.open({}, { persist: true })
      open.push(sheet)
      expect(sheet.storage.getSnapshot()).toMatchObject({ kind: 'memory', error: { code: 'storage' } })
      await sheet.ready()
      await sheet.set(freshCell(), '1').result
    } finally {
      Object.assign(globalThis, { indexedDB })
    }
  })

  it('is nobody’s where nobody is signed in', async () => {
    const sheet = await createCells(stack.anonClient())
      .budget(budgetVersionId)
      .open({}, { persist: new TextStorage() })
    open.push(sheet)
    expect(sheet.storage.getSnapshot()).toMatchObject({ kind: 'memory', error: { code: 'storage' } })
  })

  it('that is none is refused', async () => {
    await expect(alice.open({}, { persist: 'yes' as never })).rejects.toBeInstanceOf(ValidationError)
  })

  it('is the memory where nobody asked for more', async () => {
    const sheet = await alice.open()
    open.push(sheet)
    expect(sheet.storage.getSnapshot()).toEqual({ kind: 'memory', error: null, unreadable: [] })
  })

  it('without a lock of its own is not used: others would take its writes for left behind', async () => {
    const storage = new TextStorage()
    const told: StorageStatus[] = []
    const locks = { request: () => Promise.reject(new DOMException('Not here.', 'SecurityError')) }
    const keeper = new OutboxKeeper(
      { storage, locks, prefix: 'p:', isSameUser: () => Promise.resolve(true), clock: systemClock },
      { state: () => emptyOutbox, adopt: () => undefined, told: (status) => told.push(status) },
    )
    await keeper.open()
    expect(told.at(-1)).toMatchObject({ kind: 'memory', error: { code: 'storage' } })
    await keeper.save()
    expect(storage.writes).toBe(0)
  })
})
