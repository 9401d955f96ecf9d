import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { numeralReader } from '../../src/import/map/numeral.ts'

const decimal = (text: string, locale?: string) => {
  const reading = numeralReader(locale)(text)
  return 'decimal' in reading ? reading.decimal : undefined
}

describe('a number with no language named', () => {
  it.each([
    ['1234', '1234'],
    ['-7', '-7'],
    ['+7', '7'],
    ['−7', '-7'],
    [' 12 ', '12'],
    ['1.5', '1.5'],
    ['1,5', '1.5'],
    ['0.125', '0.125'],
    ['0,125', '0.125'],
    ['1234.567', '1234.567'],
    ['1.234.567', '1234567'],
    ['1,234,567', '1234567'],
    ['1.234,56', '1234.56'],
    ['1,234.56', '1234.56'],
    ["1'234.5", '1234.5'],
    ['1’234’567', '1234567'],
    ['1 234,567', '1234.567'],
    ['1\u202f234,5', '1234.5'],
  ])('is read where it can mean one thing only: %s', (text, expected) => {
    expect(decimal(text)).toBe(expected)
  })

  it.each(['1.234', '-1,234', '12.345', '999,999'])(
    'is refused where it can be read in two ways: %s',
    (text) => {
      expect(numeralReader(undefined)(text)).toEqual({
        reason: 'It can be read in two ways, thousands or a fraction. Name the locale.',
      })
    },
  )

  it.each([
    '',
    '.',
    '1.',
    '1,2,3',
    '1.2.3',
    '1 23',
    '1e400',
    'NaN',
    'Infinity',
    '0x10',
    '=1+1',
    '1.234.56',
    '(5)',
    '5%',
    'CHF 5',
    '--1',
    '1-',
    '١٢',
  ])('is refused where it is none: %s', (text) => {
    expect(decimal(text)).toBeUndefined()
  })
})

describe('a number in a language', () => {
  it.each([
    ['de-CH', "1'234.50", '1234.50'],
    ['de-CH', '1’234', '1234'],
    ['de-DE', '1.234', '1234'],
    ['de-DE', '1.234,5', '1234.5'],
    ['en-US', '1,234', '1234'],
    ['en-US', '1.234', '1.234'],
    ['fr-FR', '1 234,5', '1234.5'],
    ['fr-FR', '1\u00a0234,5', '1234.5'],
    ['en-IN', '12,34,567.5', '1234567.5'],
    ['ar-EG', '١٬٢٣٤٫٥', '1234.5'],
    ['fa', '\u200e−۱۲', '-12'],
    ['exact', '-1.2340', '-1.2340'],
  ])('is read as it is written there: %s %s', (locale, text, expected) => {
    expect(decimal(text, locale)).toBe(expected)
  })

  it.each([
    ['de-DE', '1.23'],
    ['de-DE', '1234.567'],
    ['en-US', '1,23'],
    ['en-US', '1,234,56'],
    ['en-IN', '123,45,678'],
    ['exact', '1,5'],
    ['exact', '1.'],
    ['exact', '+1'],
    ['exact', ' 1'],
  ])('is refused where it is not written so there: %s %s', (locale, text) => {
    expect(decimal(text, locale)).toBeUndefined()
  })

  it('comes back as it was, in every notation that there is', () => {
    const locales = [
      'de-CH',
      'de-DE',
      'en-US',
      'en-IN',
      'fr-FR',
      'sv-SE',
      'pl',
      'ar-EG',
      'fa',
      'hi-IN-u-nu-deva',
      'es',
    ]
    const cents = fc.integer({ min: -999_999_999_99, max: 999_999_999_99 })
    fc.assert(
      fc.property(fc.constantFrom(...locales), cents, (locale, cents) => {
        const sign = cents < 0 ? '-' : ''
        const digits = String(Math.abs(cents)).padStart(3, '0')
        const exact = `${sign}${digits.slice(0, -2)}.${digits.slice(-2)}`
        const shown = new Intl.NumberFormat(locale, { minimumFractionDigits: 2 }).format(exact as `${number}`)
        expect(decimal(shown, locale)).toBe(exact)
      }),
    )
  })

  it.each(['nowhere-land-xyz-', 'xx-XX', ''])('is refused where nobody knows the language: %j', (locale) => {
    expect(() => numeralReader(locale)).toThrow('locale is')
  })
})
