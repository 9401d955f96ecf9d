import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { cellKey } from '../../src/model/address.ts'
import { decodeMember, encodeMember, type Member } from '../../src/presence/member.ts'

const user = '0199a3c4-0000-7000-8000-000000000001'
const member: Member = {
  user,
  tab: 'one',
  turn: 3,
  name: 'Ana',
  avatar: 'https://example.com/ana.png',
  cell: cellKey({ module: 'revenue', field: 'growth', period: '2026' }),
  mode: 'editing',
  isIdle: true,
}

describe('what a window says of itself', () => {
  it('is read as it was said', () => {
    const plain: Member = { ...member, name: null, avatar: null, cell: null, mode: 'viewing', isIdle: false }
    for (const said of [member, plain]) {
      expect(decodeMember(JSON.parse(JSON.stringify(encodeMember(said))))).toEqual(said)
    }
  })

  it.each([
    ['no user', { user: undefined }],
    ['a user who is no uuid', { user: 'admin' }],
    ['no window', { tab: '' }],
    ['a window of enormous name', { tab: 'x'.repeat(65) }],
    ['a mode that there is not', { mode: 'deleting' }],
    ['a turn that is no number', { turn: '3' }],
    ['an enormous name', { name: 'x'.repeat(81) }],
    ['a name that is no text', { name: { toString: 'Ana' } }],
    ['an enormous picture', { avatar: 'x'.repeat(501) }],
    ['a cell that is none', { cell: '["revenue"]' }],
    ['a cell that is no text', { cell: { module: 'revenue' } }],
    ['an idleness that is neither', { idle: 'yes' }],
  ])('is dropped where it has %s', (_, wrong) => {
    expect(decodeMember({ ...encodeMember(member), ...wrong })).toBeUndefined()
  })

  it('is dropped where it is anything at all, and nothing throws', () => {
    fc.assert(fc.property(fc.anything(), (said) => decodeMember(said) === undefined))
  })

  it('names a cell in one form, whatever spaces came with it', () => {
    const spaced = { ...encodeMember(member), cell: '[ "revenue", null, "growth", "2026" ]' }
    expect(decodeMember(spaced)?.cell).toBe(member.cell)
  })
})
