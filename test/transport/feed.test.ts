import { describe, expect, it } from 'vitest'
import { ProtocolError } from '@efir/cells'
import { decodeFeed } from '../../src/transport/feed.ts'

const cell = [
  'id',
  'm',
  null,
  'f',
  null,
  '1',
  null,
  'input',
  false,
  null,
  1,
  null,
  '2026-01-01T00:00:00+00:00',
]
const gone = ['id', 'm', null, 'g', '2025', 3]
const commit = { revision: 6, at: 'now', actor: null, operationId: null, cells: [cell], deleted: [gone] }
const page = { revision: 6, from: 5, to: 6, resync: false, commits: [commit] }

describe('a page of the feed', () => {
  it('is read, whatever else it holds', () => {
    expect(decodeFeed({ ...page, id: 'of Realtime' })).toMatchObject({
      revision: 6,
      commits: [{ cells: [{ field: 'f', value: '1' }], deleted: [{ field: 'g', version: 3 }] }],
    })
    expect(decodeFeed({ revision: 9, from: 5, to: 5, resync: true, commits: [] })).toMatchObject({
      resync: true,
    })
  })

  it.each([
    ['nothing', undefined],
    ['text', 'x'],
    ['an array', []],
    ['another object', { to: 1 }],
    ['a revision that is none', { ...page, revision: -1 }],
    ['one that goes back', { ...page, to: 4 }],
    ['one that is ahead of itself', { ...page, to: 7 }],
    ['a flag that is none', { ...page, resync: 'no' }],
    ['commits that are none', { ...page, commits: {} }],
    ['a commit that is none', { ...page, commits: [null] }],
    ['a commit of before', { ...page, commits: [{ ...commit, revision: 5 }] }],
    ['a commit of after', { ...page, commits: [{ ...commit, revision: 7 }] }],
    ['a commit twice', { ...page, commits: [commit, commit] }],
    ['a commit without cells', { ...page, commits: [{ ...commit, cells: undefined }] }],
    ['a commit without deletions', { ...page, commits: [{ ...commit, deleted: undefined }] }],
    ['an operation that is no id', { ...page, commits: [{ ...commit, operationId: 7 }] }],
    ['an actor that is no id', { ...page, commits: [{ ...commit, actor: {} }] }],
    ['a cell that is none', { ...page, commits: [{ ...commit, cells: [['id']] }] }],
    ['a deleted cell that is none', { ...page, commits: [{ ...commit, deleted: [['id']] }] }],
  ])('is refused where it is %s', (_what, json) => {
    expect(() => decodeFeed(json)).toThrow(ProtocolError)
  })
})
