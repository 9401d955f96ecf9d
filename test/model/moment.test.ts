import { describe, expect, it } from 'vitest'
import { ValidationError, type Moment } from '@efir/cells'
import { toMoment } from '../../src/model/moment.ts'

describe('a moment', () => {
  it('is a revision', () => {
    expect(toMoment({ revision: 0 })).toEqual({ p_revision: 0, p_at: null })
    expect(toMoment({ revision: 7, at: undefined })).toEqual({ p_revision: 7, p_at: null })
  })

  it.each([
    ['2026-07-01T00:00:00Z'],
    ['2026-07-01T00:00Z'],
    ['2026-07-01T00:00:00.123456+00:00'],
    ['2024-02-29T23:59:59-05:30'],
  ])('is a time, which goes down as it came: %s', (at) => {
    expect(toMoment({ at })).toEqual({ p_revision: null, p_at: at })
  })

  it('is a Date', () => {
    expect(toMoment({ at: new Date(0) })).toEqual({ p_revision: null, p_at: '1970-01-01T00:00:00.000Z' })
  })

  it.each([
    ['revision', { revision: -1 }],
    ['revision', { revision: 1.5 }],
    ['revision', { revision: '7' }],
    ['revision', { revision: null }],
    ['at', { at: '2026-07-01' }],
    ['at', { at: '2026-07-01T00:00:00' }],
    ['at', { at: '2026-02-31T00:00:00Z' }],
    ['at', { at: '2026-13-01T00:00:00Z' }],
    ['at', { at: '2026-07-01T25:00:00Z' }],
    ['at', { at: 'yesterday' }],
    ['at', { at: 7 }],
    ['at', { at: null }],
    ['at', { at: new Date(NaN) }],
    ['at', { at: new Date(8.64e15) }],
    ['moment', {}],
    ['moment', { revision: 7, at: '2026-07-01T00:00:00Z' }],
  ])('is not acceptable otherwise, and the error names %s: %j', (field, moment) => {
    const read = () => toMoment(moment as Moment)
    expect(read).toThrow(ValidationError)
    expect(read).toThrow(`${field} is`)
  })
})
