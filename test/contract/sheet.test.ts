import { afterEach, beforeAll, describe, expect, it } from 'vitest'
import { createCells, NotFoundError, ValidationError, type Budget, type Sheet } from '@efir/cells'
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
