import { describe, expect, it } from 'vitest'
import { ProtocolError } from '@efir/cells'
import { readImportReply } from '../../src/import/lane/import-reply.ts'

const reply = { revision: 3, sessionId: 's', created: 1, updated: 2, unchanged: 0, problems: [] as unknown[] }

describe('the answer of import_cells', () => {
  it('counts what became of the cells, and tells of each problem in the order of the cells', () => {
    const problems = [
      [5, 'locked', 'Approved'],
      [4, 'locked', null],
      [1, 'exists', 7],
      [3, 'exists'],
      [2, 'missing'],
    ]
    expect(readImportReply({ ...reply, problems })).toEqual({
      revision: 3,
      sessionId: 's',
      counts: { created: 1, updated: 2, unchanged: 0, locked: 2, exists: 2, missing: 1 },
      problems: [
        { index: 1, status: 'exists', reason: 'The cell is there already, at version 7.' },
        { index: 2, status: 'missing', reason: 'There is no such cell.' },
        { index: 3, status: 'exists', reason: 'The cell is there already, at version ?.' },
        { index: 4, status: 'locked', reason: 'The cell is locked.' },
        { index: 5, status: 'locked', reason: 'The cell is locked: Approved.' },
      ],
    })
  })

  it.each([
    ['nothing', null],
    ['a text', 'ok'],
    ['no revision', { ...reply, revision: undefined }],
    ['a count that is none', { ...reply, created: '1' }],
    ['no session', { ...reply, sessionId: 1 }],
    ['no list of problems', { ...reply, problems: {} }],
    ['a problem of another shape', { ...reply, problems: [{ index: 1 }] }],
    ['a problem that is none we know', { ...reply, problems: [[0, 'vanished']] }],
  ])('with %s is a ProtocolError', (_, json) => {
    expect(() => readImportReply(json)).toThrow(ProtocolError)
  })
})
