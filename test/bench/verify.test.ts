import { describe, expect, it } from 'vitest'
import { judge, type Aftermath, type Recorded, type Success } from '../../bench/db/verify.ts'

const record = (version: number, value: string, before: string, operation = `op-${value}`): Recorded => ({
  cell: 'a',
  operation,
  old_version: version - 1,
  new_version: version,
  old_value: before,
  new_value: value,
})
const success = (version: number, number: string, operation = `op-${number}`): Success => ({
  cell: 'a',
  base: version - 1,
  version,
  number,
  operation,
})

const whole: Aftermath = {
  records: [record(8, '1.5', '0'), record(9, '2.5', '1.5')],
  revisions: [41, 42],
  counter: { before: 40, now: 42 },
  cells: [{ cell: 'a', version: 9, number: '2.5' }],
}
const told = [success(8, '1.5'), success(9, '2.5')]

describe('the judge of a storm', () => {
  it('finds nothing where every success is on record once, in order', () => {
    expect(judge(whole, told)).toEqual({ lostUpdates: 0, gaps: 0, doubles: 0 })
  })

  it.each<[string, Partial<Aftermath>, readonly Success[], object]>([
    ['a success that left no record', {}, [...told, success(10, '3.5')], { lostUpdates: 1 }],
    ['a record that no client was told of', {}, told.slice(1), { lostUpdates: 1 }],
    [
      'two successes on one base',
      {
        records: [...whole.records, record(9, '3.5', '1.5')],
        revisions: [41, 42, 43],
        counter: { before: 40, now: 43 },
      },
      [...told, success(9, '3.5')],
      { doubles: 1 },
    ],
    [
      'a value that was not written over the one before',
      { records: [record(8, '1.5', '0'), record(9, '2.5', '0')] },
      told,
      { lostUpdates: 1 },
    ],
    [
      'a cell that does not show its newest record',
      { cells: [{ cell: 'a', version: 9, number: '1.5' }] },
      told,
      { lostUpdates: 1 },
    ],
    [
      'a version that is missing',
      {
        records: [record(8, '1.5', '0'), record(10, '2.5', '1.5')],
        cells: [{ cell: 'a', version: 10, number: '2.5' }],
      },
      [success(8, '1.5'), success(10, '2.5')],
      { gaps: 1 },
    ],
    ['a revision that is missing', { revisions: [41], counter: { before: 40, now: 42 } }, told, { gaps: 1 }],
    ['a revision given twice', { revisions: [41, 42, 42] }, told, { doubles: 1 }],
    [
      'a call that took effect twice',
      {
        records: [...whole.records, record(10, '2.5', '2.5')],
        revisions: [41, 42, 43],
        counter: { before: 40, now: 43 },
        cells: [{ cell: 'a', version: 10, number: '2.5' }],
      },
      told,
      { doubles: 1 },
    ],
  ])('notices %s', (_, change, successes, found) => {
    expect(judge({ ...whole, ...change }, successes)).toMatchObject(found)
  })
})
