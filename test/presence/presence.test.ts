import { beforeEach, describe, expect, it } from 'vitest'
import { SheetPresence } from '../../src/presence/presence.ts'
import { encodeMember, type Member } from '../../src/presence/member.ts'
import type { ChannelEvent, LiveStream } from '../../src/transport/stream.ts'
import { HeldClock, settled } from '../leases/support/held-clock.ts'

const [ana, ben] = ['0199a3c4-0000-7000-8000-000000000001', '0199a3c4-0000-7000-8000-000000000002'] as const
const growth = { module: 'revenue', field: 'growth' }
const rate = { module: 'revenue', field: 'rate' }

let clock: HeldClock
beforeEach(() => {
  clock = new HeldClock()
})

type PresentEvent = Exclude<ChannelEvent, { type: 'comments' | 'leases' }>

/** Ana's presence in a channel that the test holds in its hands. */
function channel(given: { readonly userId?: () => Promise<string | null>; readonly isOpen?: boolean } = {}) {
  const said: unknown[] = []
  const reported: unknown[] = []
  const server = { takes: (): Promise<boolean> => Promise.resolve(true) }
  let tell: (event: PresentEvent) => void = () => undefined
  const heard: string[] = []
  const presence = new SheetPresence({
    clock,
    userId: given.userId ?? (() => Promise.resolve(ana)),
    report: (error) => void reported.push(error),
  })
  const open = presence.over((_budget, listener): LiveStream => {
    tell = listener
    const track = (what: unknown): Promise<boolean> => {
      said.push(what)
      return server.takes()
    }
    return { leave: () => undefined, ...(given.isOpen !== true && { track }) }
  })
  const stream = open('budget', ({ type }) => heard.push(type))
  const join = async (): Promise<void> => {
    tell({ type: 'joined' })
    await settled()
  }
  const ben1: Member = {
    user: ben,
    tab: 'ben',
    turn: 1,
    name: 'Ben',
    avatar: null,
    cell: null,
    mode: 'viewing',
    isIdle: false,
  }
  const present = (...members: Partial<Member>[]): void =>
    tell({ type: 'present', members: members.map((member) => encodeMember({ ...ben1, ...member })) })
  return {
    presence,
    stream,
    join,
    present,
    said,
    heard,
    reported,
    server,
    tell: (event: PresentEvent) => tell(event),
  }
}

describe('presence in a channel', () => {
  it('says where the user is as soon as it is joined, and again after every join', async () => {
    const { presence, join, said, tell, heard } = channel()
    presence.enter({ name: 'Ana' })
    presence.move(growth, 'editing')
    expect(said).toEqual([])
    await join()
    expect(said).toMatchObject([{ user: ana, name: 'Ana', mode: 'editing', turn: 1 }])
    tell({ type: 'lost', why: 'error' })
    await join()
    expect(said).toHaveLength(2)
    expect(said[1]).toMatchObject({ mode: 'editing', turn: 2 })
    expect(heard).toEqual(['joined', 'lost', 'joined'])
  })

  it('tells the newest of many moves, two at once and the next when the server takes it', async () => {
    const { presence, join, said } = channel()
    presence.enter({})
    await join()
    for (let index = 0; index < 20; index++) presence.move({ ...growth, period: String(index) })
    await settled()
    presence.move(rate)
    await clock.pass(11_000)
    expect(said).toHaveLength(2)
    await clock.pass(2_000)
    expect(said).toHaveLength(3)
    expect(said[2]).toMatchObject({ cell: '["revenue",null,"rate",null]' })
  })

  it('makes the user idle when nothing moves, tells so, and tells when he is back', async () => {
    const { presence, join, said } = channel()
    presence.enter({})
    await join()
    await clock.pass(121_000)
    expect(presence.me?.isIdle).toBe(true)
    expect(said.at(-1)).toMatchObject({ idle: true })
    presence.move(growth)
    await settled()
    expect(presence.me?.isIdle).toBe(false)
    expect(said.at(-1)).not.toHaveProperty('idle')
  })

  it('says again what the server did not take', async () => {
    const { presence, join, said, server } = channel()
    server.takes = () => Promise.reject(new Error('timed out'))
    presence.enter({})
    await join()
    server.takes = () => Promise.resolve(true)
    await clock.pass(30_000)
    expect(said.length).toBeGreaterThanOrEqual(2)
    await clock.pass(60_000)
    const calls = said.length
    await clock.pass(20_000)
    expect(said).toHaveLength(calls)
  })

  it('shows people through a short loss, and nobody after a long one', async () => {
    const { presence, join, present, tell } = channel()
    const left: (string | null)[] = []
    presence.on('leave', ({ name }) => left.push(name))
    await join()
    present({})
    tell({ type: 'lost', why: 'closed' })
    await clock.pass(10_000)
    expect(presence.others).toHaveLength(1)
    await join()
    present({})
    await clock.pass(60_000)
    expect(presence.others).toHaveLength(1)
    tell({ type: 'lost', why: 'closed' })
    tell({ type: 'lost', why: 'closed' })
    await clock.pass(16_000)
    expect(presence.others).toEqual([])
    expect(left).toEqual(['Ben'])
  })

  it('does not speak of a user who is not known, or in a channel that is open to anybody', async () => {
    const nobody = channel({ userId: () => Promise.resolve(null) })
    const failing = channel({ userId: () => Promise.reject(new Error('no session')) })
    const open = channel({ isOpen: true })
    for (const { presence, join, said } of [nobody, failing, open]) {
      presence.enter({ name: 'Ana' })
      await join()
      expect(said).toEqual([])
    }
    expect(nobody.presence.me).toBeNull()
  })

  it('does not take a user for present who was looked up for a stay that is over', async () => {
    let answer: (user: string) => void = () => undefined
    const asked = channel({ userId: () => new Promise((resolve) => (answer = resolve)) })
    asked.presence.enter({})
    await asked.join()
    asked.stream.leave()
    answer(ana)
    await settled()
    expect(asked.said).toEqual([])
  })

  it('tells listeners once for each change, and those that throw stop nobody', async () => {
    const { presence, join, present, reported } = channel()
    const seen: number[] = []
    const mistake = new Error('a mistake of the application')
    presence.subscribe(() => {
      throw mistake
    })
    const stop = presence.subscribe(() => seen.push(presence.getSnapshot().others.length))
    const stopJoins = presence.on('join', () => {
      throw mistake
    })
    await join()
    present({})
    present({})
    expect(seen).toEqual([1])
    expect(reported).toEqual([mistake, mistake])
    stopJoins()
    stop()
    present()
    present({})
    expect(seen).toEqual([1])
    expect(presence.getServerSnapshot()).toBe(presence.getSnapshot())
  })

  it('keeps the people at a cell the same array until something changes there', async () => {
    const { presence, join, present } = channel()
    const cell = '["revenue",null,"growth",null]' as Member['cell']
    await join()
    present({ cell }, { user: ana, tab: 'another' })
    const before = presence.at(growth)
    expect(before).toHaveLength(1)
    present({ cell }, { user: ana, tab: 'another', turn: 2, mode: 'editing' })
    expect(presence.at(growth)).toBe(before)
    present({ cell, turn: 3, mode: 'editing' })
    expect(presence.at(growth)).not.toBe(before)
    expect(() => presence.at({ module: '' } as typeof growth)).toThrow()
  })

  it('shows the user under the name of the newest sheet, and not at all without one', async () => {
    const { presence, join, said } = channel()
    await join()
    const leaveFirst = presence.enter({ name: 'Ana' })
    const leaveSecond = presence.enter({ name: 'Ana Lima' })
    expect(presence.me?.name).toBe('Ana Lima')
    leaveSecond()
    leaveSecond()
    leaveFirst()
    await clock.pass(60_000)
    expect(presence.me).toBeNull()
    expect(said.at(-1)).toBeNull()
    presence.end()
    expect(clock.waiting).toBe(0)
  })
})
