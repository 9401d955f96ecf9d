import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { ProtocolError } from '@efir/cells'
import {
  decodeCellPage,
  decodeCellsReply,
  decodeRefusalDetail,
  decodeWriteReply,
} from '../../src/transport/wire.ts'

const cell = [
  'id',
  'revenue',
  null,
  'rate',
  '2025-09',
  '45000',
  null,
  'input',
  false,
  null,
  3,
  'alice',
  '2026-11-23T10:00:00+00:00',
]
const results = [
  ['written', 'id', 2],
  ['unchanged', cell],
  ['unchanged', null],
  ['conflict', cell],
  ['conflict', null],
  ['locked', cell],
  ['lease_lost', cell, ['bob', '2026-11-23T10:00:30+00:00']],
  ['lease_lost', null, null],
  ['forbidden', 'no'],
  ['not_found', 'where'],
  ['invalid', 'number', 'too long'],
]
const reply = {
  revision: 7,
  operationId: 'operation',
  sessionId: 'session',
  actor: 'alice',
  at: '2026-11-23T10:00:00+00:00',
  results,
}
const page = { revision: 7, cells: [cell], next: null }

const read = {
  id: 'id',
  module: 'revenue',
  entity: null,
  field: 'rate',
  period: '2025-09',
  exists: true,
  kind: 'number',
  value: '45000',
  valueType: 'input',
  isLocked: false,
  lockReason: null,
  version: 3,
  modifiedBy: 'alice',
  modifiedAt: '2026-11-23T10:00:00+00:00',
}

describe('an answer of the database', () => {
  it('is read where it has the agreed shape', () => {
    expect(decodeCellsReply({ revision: 7, cells: [cell, null] })).toEqual({
      revision: 7,
      cells: [read, null],
    })
    expect(decodeCellPage({ ...page, next: 'id' })).toEqual({ revision: 7, cells: [read], next: 'id' })
    expect(decodeWriteReply(reply)).toEqual({
      revision: 7,
      operationId: 'operation',
      sessionId: 'session',
      results: [
        { status: 'written', id: 'id', version: 2, by: 'alice', at: '2026-11-23T10:00:00+00:00' },
        { status: 'unchanged', cell: read },
        { status: 'unchanged', cell: null },
        { status: 'conflict', cell: read },
        { status: 'conflict', cell: null },
        { status: 'locked', cell: read },
        { status: 'lease_lost', cell: read, heldBy: 'bob', heldUntil: '2026-11-23T10:00:30+00:00' },
        { status: 'lease_lost', cell: null, heldBy: null, heldUntil: null },
        { status: 'forbidden', message: 'no' },
        { status: 'not_found', message: 'where' },
        { status: 'invalid', field: 'number', message: 'too long' },
      ],
    })
  })

  it('may say more than this version knows, in its envelope', () => {
    expect(decodeCellPage({ ...page, later: true })).toEqual(decodeCellPage(page))
  })

  it.each([null, undefined, 7, 'text', [], [page]])('is refused where it is no object: %j', (answer) => {
    for (const decode of [decodeCellPage, decodeCellsReply, decodeWriteReply]) {
      expect(() => decode(answer)).toThrow(ProtocolError)
    }
  })

  it('is refused, and the place named, for any member that is missing or of another type', () => {
    const wrong = fc.constantFrom(undefined, 1.5, {}, [], NaN)
    const places = [
      ...Object.keys(page).map((name) => [decodeCellPage, page, name] as const),
      ...Object.keys(reply).map((name) => [decodeWriteReply, reply, name] as const),
    ]
    fc.assert(
      fc.property(fc.constantFrom(...places), wrong, ([decode, answer, name], value) => {
        fc.pre(!(Array.isArray(value) && ['cells', 'results'].includes(name)))
        const decoding = () => (decode as (answer: unknown) => unknown)({ ...answer, [name]: value })
        expect(decoding).toThrow(ProtocolError)
        expect(decoding).toThrow(name)
      }),
    )
  })

  it('is refused for any part of any cell that is of another type, missing or too much', () => {
    fc.assert(
      fc.property(
        fc.nat(cell.length - 1),
        fc.constantFrom(undefined, 1.5, {}, [], 'calculating'),
        (place, value) => {
          fc.pre(!(value === 'calculating' && typeof cell[place] === 'string' && place !== 7))
          fc.pre(!(value === 'calculating' && cell[place] === null))
          const wrong = cell.with(place, value as never)
          const decoding = () => decodeCellPage({ ...page, cells: [cell, wrong] })
          expect(decoding).toThrow(ProtocolError)
          expect(decoding).toThrow('cells.1')
        },
      ),
    )
    for (const wrong of [cell.slice(1), [...cell, null], null, 'cell', {}]) {
      expect(() => decodeCellPage({ ...page, cells: [wrong] })).toThrow(ProtocolError)
    }
    expect(() => decodeCellPage({ ...page, cells: [cell.with(10, 1.5)] })).toThrow(ProtocolError)
  })

  it.each([
    [['written', 'id']],
    [['written', 'id', 1.5]],
    [['written', 'id', 1, 'more']],
    [['unchanged']],
    [['unchanged', cell, cell]],
    [['locked', null]],
    [['lease_lost', null]],
    [['lease_lost', null, ['bob']]],
    [['lease_lost', 7, null]],
    [['conflict', cell.slice(1)]],
    [['forbidden', null]],
    [['invalid', 'field']],
    [['landed', 'id', 1]],
    [[]],
    [null],
    [{ 0: 'written', 1: 'id', 2: 1, length: 3 }],
  ])('is refused for a result that is none: %j', (result) => {
    const decoding = () => decodeWriteReply({ ...reply, results: [...results, result] })
    expect(decoding).toThrow(ProtocolError)
    expect(decoding).toThrow(`results.${results.length}`)
  })
})

describe('the detail of a refusal', () => {
  it('has the results that were not good, by their places', () => {
    expect(
      decodeRefusalDetail(
        JSON.stringify({
          results: [
            [4, 'conflict', null],
            [9, 'locked', cell],
          ],
        }),
      ).results,
    ).toEqual([
      [4, { status: 'conflict', cell: null }],
      [9, { status: 'locked', cell: read }],
    ])
  })

  it('is refused where a result in it is none, and ignored where it is somebody else’s', () => {
    expect(() => decodeRefusalDetail(JSON.stringify({ results: [[4, 'conflict', 7]] }))).toThrow(
      ProtocolError,
    )
    const none = { results: [], argument: undefined }
    for (const detail of [undefined, '', '[]', '7', '{"results":7}', '{"results":[7]}', '{"field":7}']) {
      expect(decodeRefusalDetail(detail)).toEqual(none)
    }
  })
})
