import { describe, expect, it } from 'vitest'
import { cellKey, parseCellKey, toStoredValue, ValidationError } from '@efir/cells'
import { isStorableText, resolveAddress, toText, toUuid } from '../../src/model/address.ts'
import { toDecimalText } from '../../src/model/decimal.ts'
import { toMoment } from '../../src/model/moment.ts'

/** What the error says of an argument. */
function refused(call: () => unknown) {
  try {
    call()
  } catch (error) {
    if (!(error instanceof ValidationError)) throw error
    const { field, given, allowed } = error
    return { field, given, allowed }
  }
  return expect.unreachable()
}

const decimal = 'an exact decimal of at most 14 digits before the point and 4 behind, such as "45000.00"'

describe('an address', () => {
  it.each([undefined, null, 7, 'revenue'])('is no %j', (given) => {
    expect(refused(() => resolveAddress(given as never))).toEqual({
      ...{ field: 'address', given, allowed: 'a cell, or the address of one' },
    })
    expect(refused(() => resolveAddress(given as never, 'cells[3]')).field).toBe('cells[3]')
  })

  it.each([
    ['module', 50],
    ['field', 100],
    ['period', 20],
  ] as const)('has a %s of 1 to %i characters', (part, limit) => {
    const given = (text: string) => ({ module: 'm', field: 'f', [part]: text })
    expect(resolveAddress(given('x'.repeat(limit)))).toMatchObject({ [part]: 'x'.repeat(limit) })
    for (const text of ['', 'x'.repeat(limit + 1), 'x\u0000', '\ud83d']) {
      expect(refused(() => resolveAddress(given(text), 'cell'))).toEqual({
        ...{ field: `cell.${part}`, given: text, allowed: `text of 1 to ${limit} characters` },
      })
    }
  })

  it('has an entity that is a UUID, or none', () => {
    const entity = '0199A3C4-0000-7000-8000-0000000000C1'
    expect(resolveAddress({ module: 'm', field: 'f', entity }).entity).toBe(entity.toLowerCase())
    for (const absent of [null, undefined]) {
      expect(resolveAddress({ module: 'm', field: 'f', entity: absent, period: absent })).toEqual({
        ...{ module: 'm', entity: null, field: 'f', period: null },
      })
    }
    for (const given of ['', `x${entity}`, `${entity}0`, entity.replaceAll('-', ''), 7]) {
      expect(refused(() => resolveAddress({ module: 'm', field: 'f', entity: given as string }))).toEqual({
        ...{ field: 'address.entity', given, allowed: 'a UUID' },
      })
    }
  })

  it('is not in a text that cellKey() has not made', () => {
    for (const text of ['', '{}', 'null', '["m",null,"f"]', '["m",null,"f",null,null]', 'mnfp']) {
      expect(refused(() => parseCellKey(text))).toEqual({
        ...{ field: 'key', given: text, allowed: 'a key made by cellKey()' },
      })
    }
    expect(refused(() => parseCellKey('["",null,"f",null]')).field).toBe('key.module')
    expect(cellKey({ module: 'm', field: 'f' })).toBe('["m",null,"f",null]')
  })
})

describe('text and ids', () => {
  it('are refused by the name of their argument', () => {
    expect(toUuid('0199A3C4-0000-7000-8000-0000000000C1', 'id')).toBe('0199a3c4-0000-7000-8000-0000000000c1')
    expect(refused(() => toUuid(undefined, 'id'))).toEqual({
      field: 'id',
      given: undefined,
      allowed: 'a UUID',
    })
    expect(toText('', 'reason', 3, 0)).toBe('')
    expect(toText('abc', 'reason', 3)).toBe('abc')
    expect(refused(() => toText(7, 'reason', 3, 0))).toEqual({
      ...{ field: 'reason', given: 7, allowed: 'text of 0 to 3 characters' },
    })
  })

  it('can be kept by Postgres unless they hold NUL or half a character', () => {
    expect(['', 'a', '🧮'].map(isStorableText)).toEqual([true, true, true])
    expect(['\u0000', 'a\u0000b', '\ud83d', '\udc00a'].map(isStorableText)).toEqual([
      false,
      false,
      false,
      false,
    ])
  })
})

describe('a decimal', () => {
  it.each([
    ['99999999999999', '99999999999999'],
    ['-99999999999999.9999', '-99999999999999.9999'],
    ['0000000000000001', '1'],
    ['1.2340000000', '1.234'],
    ['10', '10'],
    ['-10.10', '-10.1'],
    [123456789012345n / 10n, '12345678901234'],
    [12345678901.2345, '12345678901.2345'],
  ])('%s is %s', (given, text) => {
    expect(toDecimalText(given)).toBe(text)
  })

  it.each(['100000000000000', '1.00001', 'x1', '1x', '1..2', '1 ', '-'])('is not %s', (given) => {
    expect(refused(() => toDecimalText(given))).toEqual({ field: 'value', given, allowed: decimal })
  })

  it('as a number has no more digits than a number keeps', () => {
    expect(toDecimalText(12345678901.2345)).toBe('12345678901.2345')
    expect(toDecimalText('123456789012.3456')).toBe('123456789012.3456')
    const given = 123456789012.3456
    expect(refused(() => toDecimalText(given, 'v'))).toEqual({
      ...{ field: 'v', given },
      allowed: `${decimal}, as a string: this many digits do not survive a JavaScript number`,
    })
  })
})

describe('a value', () => {
  it('of text has at most 10,000 characters', () => {
    const longest = 'x'.repeat(10_000)
    expect(toStoredValue({ text: longest })).toEqual({ number: null, text: longest })
    for (const given of [`${longest}x`, 7, undefined, '\u0000']) {
      expect(refused(() => toStoredValue({ text: given as string }, 'changes[1].value'))).toEqual({
        ...{ field: 'changes[1].value.text', given, allowed: 'text of at most 10,000 characters' },
      })
    }
  })

  it('is a decimal, text or null', () => {
    for (const given of [undefined, true, () => 1]) {
      expect(refused(() => toStoredValue(given as never))).toEqual({
        ...{ field: 'value', given, allowed: 'an exact decimal, { text } or null' },
      })
    }
    expect(refused(() => toStoredValue('later', 'v'))).toEqual({
      ...{ field: 'v', given: 'later', allowed: `${decimal}; for text pass { text: … }` },
    })
    expect(refused(() => toStoredValue(10n ** 14n))).toEqual({
      ...{ field: 'value', given: 10n ** 14n, allowed: decimal },
    })
    expect(toStoredValue(7n)).toEqual({ number: '7', text: null })
    expect(toStoredValue(7)).toEqual({ number: '7', text: null })
  })
})

describe('a moment', () => {
  const time = 'a Date, or a time with its offset, such as 2026-07-01T00:00:00Z'

  it.each([
    ['2026-07-01T00:00:00', time],
    ['2026-07-01', time],
    ['x2026-07-01T00:00:00Z', time],
    ['2026-07-01T00:00:00Zx', time],
    ['2026-07-01T00:00:00.Z', time],
    ['2026-07-01T00:00:00+0200', time],
    ['2026-06-31T00:00:00Z', time],
    ['2026-07-01T24:01:00Z', time],
  ])('is not at %s', (at, allowed) => {
    expect(refused(() => toMoment({ at }))).toEqual({ field: 'at', given: at, allowed })
  })

  it.each(['2026-07-01T00:00Z', '2026-07-01T00:00:59.123456789+14:00', '2026-07-31T23:59-12:00'])(
    'is at %s, digit by digit',
    (at) => {
      expect(toMoment({ at })).toEqual({ p_revision: null, p_at: at })
    },
  )

  it('is one of the two, and a revision that there can be', () => {
    const both = { revision: 1, at: '2026-07-01T00:00Z' } as never
    expect(refused(() => toMoment(both))).toEqual({
      ...{ field: 'moment', given: both, allowed: 'either { revision } or { at }' },
    })
    for (const revision of [-1, 0.5, 2 ** 53]) {
      expect(refused(() => toMoment({ revision }))).toEqual({
        ...{ field: 'revision', given: revision, allowed: 'a whole number, 0 or more' },
      })
    }
    expect(toMoment({ revision: 0 })).toEqual({ p_revision: 0, p_at: null })
    expect(toMoment({ at: new Date('2026-07-01T00:00:00Z') }).p_at).toBe('2026-07-01T00:00:00.000Z')
  })
})
