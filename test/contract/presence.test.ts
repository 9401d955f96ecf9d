import { afterEach, beforeAll, describe, expect, it } from 'vitest'
import {
  createCells,
  ValidationError,
  type Company,
  type OpenOptions,
  type Person,
  type SheetPresence,
  type Sheet,
  type StreamKind,
} from '@efir/cells'
import { until } from '../sheet/support/live.ts'
import { useStack } from '../support/stack.ts'

const stack = await useStack()

type User = Awaited<ReturnType<typeof stack.createUser>>
let alice: User
let bob: User
let mallory: User
let budgetVersionId: string
const open: Sheet[] = []

beforeAll(async () => {
  const [ours, theirs] = [await stack.createOrganization(), await stack.createOrganization()]
  ;[alice, bob, mallory] = await Promise.all([
    stack.createUser({ organization: ours }),
    stack.createUser({ organization: ours }),
    stack.createUser({ organization: theirs }),
  ])
  budgetVersionId = (await stack.createBudget({ organization: ours })).id
})

afterEach(async () => {
  await Promise.all(open.splice(0).map((sheet) => sheet.close({ pending: 'discard' })))
})

const growth = { module: 'revenue', field: 'growth', period: '2026' }
const rate = { module: 'revenue', field: 'rate', period: '2026' }

/** A window of a user: a client of his own, with a sheet. */
async function window(user: User, options: OpenOptions = {}, stream: StreamKind = 'broadcast') {
  const supabase = stack.signIn(user)
  const sheet = await createCells(supabase, { stream }).budget(budgetVersionId).open({}, options)
  open.push(sheet)
  await sheet.ready()
  return { supabase, sheet, presence: sheet.presence }
}

const seen = (presence: SheetPresence, isWanted: (others: readonly Person[]) => boolean): Promise<Company> =>
  until(presence, ({ others }) => isWanted(others))

describe('presence', () => {
  it('shows who has the budget open, and on which cell, to everybody who has', async () => {
    const here = await window(alice, { presence: { name: 'Alice', avatar: 'https://example.com/a.png' } })
    const there = await window(bob, { presence: { name: 'Bob' } })
    const [{ others: seenByAlice }, { others: seenByBob }] = await Promise.all([
      seen(here.presence, ({ length }) => length === 1),
      seen(there.presence, ({ length }) => length === 1),
    ])
    expect(seenByAlice).toMatchObject([{ userId: bob.id, name: 'Bob', avatar: null, isIdle: false }])
    expect(seenByBob).toMatchObject([
      { userId: alice.id, name: 'Alice', avatar: 'https://example.com/a.png' },
    ])
    expect(here.presence.me).toEqual(seenByBob[0])
    expect(there.presence.me?.color).toBe(seenByAlice[0]?.color)
    expect(there.presence.me?.color).not.toBe(here.presence.me?.color)

    here.presence.move(growth, 'editing')
    await until(there.presence, () => there.presence.at(growth).length === 1)
    expect(there.presence.at(growth)).toMatchObject([
      { name: 'Alice', places: [{ cell: growth, mode: 'editing', isIdle: false }] },
    ])
    expect(there.presence.at(growth)).toBe(there.presence.at({ ...growth, entity: null }))
    expect(there.presence.at(rate)).toEqual([])
  })

  it('tells of a user’s two windows as one person in two places, until the last of them is closed', async () => {
    const there = await window(bob)
    const told: string[] = []
    there.presence.on('join', ({ name }) => told.push(`${name ?? ''} came`))
    there.presence.on('leave', ({ name }) => told.push(`${name ?? ''} left`))
    const first = await window(alice, { presence: { name: 'Alice' } })
    const second = await window(alice, { presence: { name: 'Alice' } })
    first.presence.move(growth)
    second.presence.move(rate, 'editing')
    await seen(there.presence, (others) =>
      others.some(({ places }) => places.filter(({ cell }) => cell !== null).length === 2),
    )
    expect(there.presence.others).toHaveLength(1)
    expect(first.presence.others).toEqual([])
    await until(first.presence, ({ me }) => me?.places.length === 2)
    await first.sheet.close()
    await seen(there.presence, ([person]) => person?.places.length === 1)
    await second.sheet.close()
    await seen(there.presence, ({ length }) => length === 0)
    expect(told).toEqual(['Alice came', 'Alice left'])
  })

  it('survives a cursor that never rests: the server’s limit is not reached', async () => {
    const here = await window(alice, { presence: { name: 'Alice' } })
    const states: string[] = []
    here.sheet.on('status', ({ state }) => states.push(state))
    const there = await window(bob, { presence: {} })
    await seen(there.presence, ({ length }) => length === 1)
    for (let index = 0; index < 500; index++) {
      here.presence.move({ ...growth, field: `field_${index}` })
      // To the server and back, so that the moves are not one.
      if (index % 50 === 0) await createCells(here.supabase).budget(budgetVersionId).read(growth)
    }
    const written = await createCells(there.supabase)
      .budget(budgetVersionId)
      .write(await createCells(there.supabase).budget(budgetVersionId).read(growth), '1')
    await until(here.sheet.cell(growth), ({ base }) => base.version === written.version)
    expect(states.filter((state) => state !== 'live')).toEqual([])
    expect(here.presence.me?.places).toMatchObject([{ cell: { field: 'field_499' } }])
  })

  it('is for those who want it: others see and are not seen', async () => {
    const here = await window(alice, { presence: { name: 'Alice' } })
    const there = await window(bob)
    await seen(there.presence, ({ length }) => length === 1)
    expect(there.presence.me).toBeNull()
    expect(() => there.presence.move(growth)).toThrow(ValidationError)
    expect(here.presence.others).toEqual([])
  })

  it('ends for who closes the sheet with which he wanted to be seen, though another stays open', async () => {
    const there = await window(bob)
    const cells = createCells(stack.signIn(alice)).budget(budgetVersionId)
    const visible = await cells.open({}, { presence: { name: 'Alice' } })
    const quiet = await cells.open()
    open.push(visible, quiet)
    await seen(there.presence, ({ length }) => length === 1)
    await visible.close()
    await seen(there.presence, ({ length }) => length === 0)
    expect(quiet.presence.me).toBeNull()
  })

  it('drops what somebody else says in the channel that is no such thing, and shows the rest', async () => {
    const here = await window(alice, { presence: { name: 'Alice' } })
    const garbler = stack.signIn(bob)
    await garbler.realtime.setAuth()
    const channel = garbler.channel(`cells:${budgetVersionId}`, { config: { private: true } })
    try {
      await new Promise<void>((resolve) => {
        channel.subscribe((status) => {
          const said: string = status
          if (said === 'SUBSCRIBED') resolve()
        })
      })
      expect(await channel.track({ user: 'everybody', tab: {}, places: [[]], name: 'x'.repeat(5_000) })).toBe(
        'ok',
      )
      const good = await window(bob, { presence: { name: 'Bob' } })
      await seen(here.presence, ({ length }) => length === 1)
      expect(here.presence.others).toMatchObject([{ name: 'Bob', places: [{ cell: null }] }])
      expect(good.presence.others).toMatchObject([{ name: 'Alice' }])
    } finally {
      await garbler.removeChannel(channel)
    }
  })

  it('shows nobody to the member of another organisation, and does not show her', async () => {
    const here = await window(alice, { presence: { name: 'Alice' } })
    const sheet = await createCells(stack.signIn(mallory))
      .budget(budgetVersionId)
      .open({}, { presence: { name: 'Mallory' } })
    open.push(sheet)
    await expect(sheet.ready()).rejects.toMatchObject({ code: 'not_found' })
    // Her own attempt was answered; somebody who may is seen after it.
    await window(bob, { presence: { name: 'Bob' } })
    await seen(here.presence, ({ length }) => length > 0)
    expect(here.presence.others.map(({ name }) => name)).toEqual(['Bob'])
    expect(sheet.presence.others).toEqual([])
  })

  it('is not to be had without the private channel', async () => {
    await window(alice, { presence: { name: 'Alice' } })
    const polled = await window(bob, { presence: { name: 'Bob' } }, 'none')
    expect(polled.presence.others).toEqual([])
  })

  it.each([
    ['presence', 'Alice'],
    ['presence.name', { name: '' }],
    ['presence.name', { name: 'x'.repeat(81) }],
    ['presence.avatar', { avatar: 7 }],
  ])('refuses a bad %s', async (field, presence) => {
    const budget = createCells(stack.signIn(alice)).budget(budgetVersionId)
    await expect(budget.open({}, { presence } as OpenOptions)).rejects.toMatchObject({
      code: 'invalid',
      field,
    })
  })

  it('refuses a mode that there is not', async () => {
    const { presence } = await window(alice, { presence: {} })
    expect(() => presence.move(growth, 'deleting' as 'editing')).toThrow('viewing, editing')
    expect(presence.me?.places).toMatchObject([{ cell: null }])
  })
})
