import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { ProtocolError } from '@efir/cells'
import { decodeChangePage } from '../../src/history/changes-wire.ts'
import { decodePreview, decodeRestore, decodeStepState, decodeTurn } from '../../src/history/steps-wire.ts'

const at = '2026-11-23T10:00:00+00:00'
const cell = ['id', 'core', null, 'rate', '2026', '1', null, 'input', false, null, 3, 'alice', at]
const gone = ['id', 'core', null, 'rate', null, 4]
const preview = {
  revision: 7,
  sessionId: 'session',
  label: null,
  more: false,
  results: [
    ['reverted', cell],
    ['superseded', cell],
    ['missing', null, gone],
    ['locked', cell],
    ['forbidden', cell],
  ],
}
const turn = { ...preview, operationId: 'operation', actor: 'alice', at }
const restore = {
  revision: 7,
  restored: 2,
  operationId: 'operation',
  sessionId: 'session',
  actor: null,
  at,
  results: [
    ['written', null, gone],
    ['unchanged', cell],
    ['locked', cell],
    ['forbidden', cell],
  ],
}
const step = {
  sessionId: 'session',
  label: 'Paste',
  changeType: 'import',
  modules: ['core'],
  cells: 2,
  actor: 'alice',
  at,
  unfinished: null,
}
const state = { revision: 7, undo: step, redo: null }
const change = {
  id: 'change',
  revision: 7,
  at,
  actor: null,
  action: 'update',
  changeType: 'redo',
  cell: ['id', 'core', null, 'rate', null],
  exists: true,
  before: ['1', null, 3],
  after: [null, 'one', null],
  valueType: null,
  isLocked: false,
  lockReason: null,
  sessionId: null,
  sessionLabel: null,
  refSessionId: null,
  operationId: null,
}
const changes = { revision: 7, changes: [change], next: [7, at, 0, 'change'] }

const decodeUndo = (json: unknown) => decodeTurn(json, 'undone')
const answers = [
  [decodePreview, preview],
  [decodeUndo, turn],
  [decodeRestore, restore],
  [decodeStepState, state],
  [decodeChangePage, changes],
] as const

describe('an answer about steps', () => {
  it('is read where it has the agreed shape, with a deleted cell as a missing one', () => {
    const undone = decodeUndo(turn)
    expect(undone).toMatchObject({ status: 'undone', by: 'alice', at, label: null })
    expect(undone.outcomes.map(({ status, id, version }) => [status, id, version])).toEqual([
      ['reverted', 'id', 3],
      ['superseded', 'id', 3],
      ['missing', 'id', 4],
      ['locked', 'id', 3],
      ['forbidden', 'id', 3],
    ])
    expect(undone.outcomes[2]?.cell).toMatchObject({ exists: false, module: 'core', field: 'rate' })
    expect(decodePreview(preview)).toMatchObject({ status: 'ready', outcomes: undone.outcomes })
    expect(decodeRestore(restore)).toMatchObject({
      status: 'restored',
      restoredRevision: 2,
      by: null,
      outcomes: [
        { status: 'written' },
        { status: 'unchanged' },
        { status: 'locked' },
        { status: 'forbidden' },
      ],
    })
    const { actor: by, ...told } = step
    expect(decodeStepState(state)).toEqual({ revision: 7, undo: { ...told, by }, redo: null })
  })

  it('without a step says that there was nothing', () => {
    const nothing = { status: 'nothing', revision: 7, sessionId: null, label: null, outcomes: [] }
    expect(decodeUndo({ ...turn, sessionId: null, results: [] })).toEqual(nothing)
    expect(decodePreview({ ...preview, sessionId: null, results: [] })).toEqual(nothing)
    expect(decodeRestore({ ...restore, sessionId: null, results: [] })).toMatchObject({ status: 'nothing' })
  })

  it('may say more than this version knows, in its envelopes', () => {
    const more = { later: true }
    expect(decodeUndo({ ...turn, ...more })).toEqual(decodeUndo(turn))
    expect(decodeStepState({ ...state, undo: { ...step, ...more } })).toEqual(decodeStepState(state))
    const page = { ...changes, changes: [{ ...change, ...more }] }
    expect(decodeChangePage(page)).toEqual(decodeChangePage(changes))
  })

  it('is refused, and the place named, for any member that is missing or of another type', () => {
    const wrong = fc.constantFrom(undefined, 1.5, {}, 'calculating', NaN)
    const lenient = ['sessionId', 'label', 'operationId', 'actor', 'at']
    for (const [decode, answer] of answers) {
      fc.assert(
        fc.property(fc.constantFrom(...Object.keys(answer)), wrong, (name, value) => {
          fc.pre(!(typeof value === 'string' && lenient.includes(name)))
          const decoding = () => decode({ ...answer, [name]: value })
          expect(decoding).toThrow(ProtocolError)
          // A step is named by what is wrong with it.
          if (!['undo', 'redo'].includes(name)) expect(decoding).toThrow(name)
        }),
      )
      expect(() => decode([answer])).toThrow(ProtocolError)
    }
  })

  it('is refused for a change or a step with any member of another type', () => {
    const wrong = fc.constantFrom(undefined, 1.5, {}, [])
    fc.assert(
      fc.property(fc.constantFrom(...Object.keys(change)), wrong, (name, value) => {
        expect(() =>
          decodeChangePage({ ...changes, changes: [change, { ...change, [name]: value }] }),
        ).toThrow(`changes.1, ${name}`)
      }),
    )
    fc.assert(
      fc.property(fc.constantFrom(...Object.keys(step)), wrong, (name, value) => {
        fc.pre(!(name === 'modules' && Array.isArray(value)))
        expect(() => decodeStepState({ ...state, redo: { ...step, [name]: value } })).toThrow(name)
      }),
    )
    expect(() => decodeStepState({ ...state, undo: { ...step, modules: [7] } })).toThrow('modules')
    expect(() => decodeStepState({ ...state, undo: { ...step, changeType: 'guess' } })).toThrow('changeType')
  })

  it.each([
    ['of no known kind', ['erased', cell]],
    ['of another call', ['written', cell]],
    ['without a cell', ['reverted']],
    ['neither a cell nor one that is gone', ['reverted', null]],
    ['with half of one that is gone', ['missing', null, gone.slice(1)]],
    ['with a cell that is none', ['reverted', cell.slice(1)]],
    ['that is a text', 'reverted'],
    ['that is nothing', null],
  ])('is refused for an outcome %s', (_, result) => {
    for (const decode of [decodeUndo, decodePreview]) {
      expect(() => decode({ ...turn, results: [['reverted', cell], result] })).toThrow('results.1')
    }
    if (!Array.isArray(result) || result[0] !== 'written')
      expect(() => decodeRestore({ ...restore, results: [result] })).toThrow(ProtocolError)
  })
})
