import { describe, expect, it } from 'vitest'
import { cellKey } from '../../src/model/address.ts'
import { byCell, gather, nobody, type Self } from '../../src/presence/company.ts'
import type { Member } from '../../src/presence/member.ts'

const [ana, ben, cid] = [1, 2, 3].map((last) => `0199a3c4-0000-7000-8000-00000000000${last}`) as [
  string,
  string,
  string,
]
const growth = cellKey({ module: 'revenue', field: 'growth' })
const rate = cellKey({ module: 'revenue', field: 'rate' })

function window(user: string, tab: string, rest: Partial<Member> = {}): Member {
  const plain = { name: null, avatar: null, cell: null, mode: 'viewing', isIdle: false, turn: 1 } as const
  return { ...plain, user, tab, ...rest }
}

const self: Self = { tab: 'mine', user: ana, member: window(ana, 'mine', { name: 'Ana', cell: growth }) }

describe('the company', () => {
  it('has one person for all the windows of a user', () => {
    const said = [
      window(ben, '1', { cell: growth }),
      window(ben, '2', { cell: rate, mode: 'editing', isIdle: true, name: 'Ben' }),
    ]
    const { others } = gather(said, self, nobody)
    expect(others).toMatchObject([
      {
        userId: ben,
        name: 'Ben',
        isIdle: false,
        places: [
          { cell: { field: 'growth' }, mode: 'viewing', isIdle: false },
          { cell: { field: 'rate' }, mode: 'editing', isIdle: true },
        ],
      },
    ])
  })

  it('knows this window better than the server does, and counts the user’s other windows as his', () => {
    const said = [window(ana, 'mine', { cell: rate, turn: 9 }), window(ana, 'another', { cell: rate })]
    const { me, others } = gather(said, self, nobody)
    expect(others).toEqual([])
    expect(me?.places.map(({ cell }) => cell?.field)).toEqual(['growth', 'rate'])
  })

  it('believes the later of two sayings of a window: a ghost of an earlier stay is none', () => {
    const late = window(ben, '1', { turn: 5, cell: rate })
    const ghost = window(ben, '1', { turn: 4, cell: growth })
    for (const said of [
      [late, ghost],
      [ghost, late],
    ]) {
      expect(gather(said, self, nobody).others[0]?.places).toMatchObject([{ cell: { field: 'rate' } }])
    }
  })

  it('gives people different colours, the same in every client', () => {
    const seenByAna = gather([window(ben, '1'), window(cid, '2')], self, nobody)
    const seenByBen = gather(
      [window(cid, '2'), window(ana, 'mine')],
      { tab: '1', user: ben, member: window(ben, '1') },
      nobody,
    )
    const colors = ({ me, others }: typeof seenByAna) =>
      Object.fromEntries(
        [...others, ...(me === null ? [] : [me])].map(({ userId, color }) => [userId, color]),
      )
    expect(colors(seenByAna)).toEqual(colors(seenByBen))
    expect(new Set(Object.values(colors(seenByAna))).size).toBe(3)
  })

  it('is the same object until something changes, and so is each person', () => {
    const first = gather([window(ben, '1'), window(cid, '2')], self, nobody)
    expect(gather([window(cid, '2'), window(ben, '1')], self, first)).toBe(first)
    const second = gather([window(ben, '1', { turn: 2, cell: growth }), window(cid, '2')], self, first)
    expect(second).not.toBe(first)
    expect(second.others[1]).toBe(first.others[1])
    expect(second.me).toBe(first.me)
    const third = gather([window(cid, '2')], self, second)
    expect(third.others).toEqual([first.others[1]])
    expect(Object.isFrozen(third) && Object.isFrozen(third.others)).toBe(true)
  })

  it('seen by somebody who is not signed in has others only', () => {
    expect(gather([window(ben, '1')], { tab: 'x', user: null, member: null }, nobody)).toMatchObject({
      me: null,
      others: [{ userId: ben }],
    })
  })

  it('tells who is on which cell, each person once', () => {
    const said = [window(ben, '1', { cell: growth }), window(ben, '2', { cell: growth }), window(cid, '3')]
    const { others } = gather(said, self, nobody)
    const found = byCell(others)
    expect([...found.keys()]).toEqual([growth])
    expect(found.get(growth)?.map(({ userId }) => userId)).toEqual([ben])
  })
})
