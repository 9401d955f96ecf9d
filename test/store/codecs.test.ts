import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { numberText, readNumber } from '../../src/store/exact-number.ts'
import { momentText, readMoment } from '../../src/store/moment.ts'
import { readUuid, uuidText } from '../../src/store/uuid-words.ts'

function throughNumber(text: string): string | false {
  const halves = { high: 0, low: 0 }
  if (!readNumber(text, halves)) return false
  // As a column of 32-bit integers holds them.
  const [high, low] = new Int32Array([halves.high, halves.low])
  return numberText(high!, low!)
}

function throughMoment(text: string): string | false {
  const moment = { microseconds: 0, offsetAt: 0 }
  return readMoment(text, moment) && momentText(moment.microseconds, text.slice(moment.offsetAt))
}

function throughUuid(text: string): string | false {
  const words = new Uint32Array(4)
  return readUuid(text, words) && uuidText(words, 0)
}

describe('exact numbers', () => {
  const canonical = fc
    .bigInt({ min: -999_999_999_999_999_999n, max: 999_999_999_999_999_999n })
    .map((scaled) => {
      const size = scaled < 0n ? -scaled : scaled
      const fraction = String(size % 10_000n)
        .padStart(4, '0')
        .replace(/0+$/, '')
      return `${scaled < 0n ? '-' : ''}${size / 10_000n}${fraction && '.'}${fraction}`
    })

  it('come out as the very text that came in', () => {
    fc.assert(fc.property(canonical, (text) => throughNumber(text) === text))
  })

  it.each(['0', '-0.0001', '99999999999999.9999', '-99999999999999.9999', '45000', '0.5', '-1'])(
    'keep %s',
    (text) => expect(throughNumber(text)).toBe(text),
  )

  it.each([
    '',
    '-',
    '.',
    '1.',
    '.5',
    '-0',
    '00',
    '01',
    '1.50',
    '1e5',
    '1.00001',
    '100000000000000',
    '+1',
    ' 1',
    '١',
  ])('leave %j to be kept as text', (text) => expect(throughNumber(text)).toBe(false))

  it('never change a text, whatever it is', () => {
    const text = fc.stringMatching(/^-?[0-9.]{0,20}$/)
    fc.assert(fc.property(text, (given) => [given, false].includes(throughNumber(given))))
  })
})

describe('times', () => {
  const date = fc.date({ min: new Date('1700-01-01'), max: new Date('2250-12-31'), noInvalidDate: true })
  const fraction = fc.nat({ max: 999_999 }).map((micros) => {
    const digits = String(micros).padStart(6, '0').replace(/0+$/, '')
    return digits && `.${digits}`
  })
  const offset = fc.constantFrom('+00:00', 'Z', '-03:30', '+05:45:30')

  it('come out as the very text that came in, to the microsecond', () => {
    fc.assert(
      fc.property(date, fraction, offset, (day, part, zone) => {
        const text = day.toISOString().slice(0, 19) + part + zone
        return throughMoment(text) === text
      }),
    )
  })

  it.each([
    '2025-02-29T00:00:00Z',
    '2025-04-31T00:00:00Z',
    '2025-13-01T00:00:00Z',
    '2025-01-01T24:00:00Z',
    '2025-01-01T00:00:60Z',
    '2025-01-01T00:00:00.Z',
    '2025-01-01T00:00:00.10Z',
    '0099-01-01T00:00:00Z',
    '9999-12-31T00:00:00Z',
    '2025-01-01 00:00:00Z',
    '2025-01-01T00:00',
    'infinity',
    '',
  ])('leave %j to be kept as text', (text) => expect(throughMoment(text)).toBe(false))

  it('knows leap days', () => {
    for (const text of ['2024-02-29T12:00:00Z', '2000-02-29T12:00:00Z'])
      expect(throughMoment(text)).toBe(text)
    expect(throughMoment('1900-02-29T12:00:00Z')).toBe(false)
  })
})

describe('ids', () => {
  it('come out as the very text that came in', () => {
    fc.assert(fc.property(fc.uuid(), (text) => throughUuid(text) === text))
  })

  it.each([
    '',
    'id-1',
    'AAAAAAAA-0000-4000-8000-000000000001',
    'aaaaaaaa_0000-4000-8000-000000000001',
    'aaaaaaaa-0000-4000-8000-00000000000g',
    'aaaaaaaa-0000-4000-8000-00000000000š',
  ])('leave %j to be kept as text', (text) => expect(throughUuid(text)).toBe(false))
})
