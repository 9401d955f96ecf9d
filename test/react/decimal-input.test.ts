import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { parseDecimal, typedDecimal } from '../../src/react/parts/decimal-input.ts'

const locales = ['en', 'en-IN', 'fr', 'de', 'de-CH', 'es', 'pl', 'ar-EG', 'fa', 'hi', 'ja']
const decimals = fc
  .tuple(fc.boolean(), fc.bigInt({ min: 0n, max: 99_999_999_999_999n }), fc.nat(9999))
  .map(([isNegative, integer, fraction]) => {
    const digits = String(fraction).padStart(4, '0').replace(/0+$/, '')
    const text = digits === '' ? String(integer) : `${integer}.${digits}`
    return isNegative && text !== '0' ? `-${text}` : text
  })

describe('a decimal that somebody types', () => {
  it('is read back exactly as it is shown, with and without signs between thousands, in every language', () => {
    fc.assert(
      fc.property(decimals, fc.constantFrom(...locales), (decimal, locale) => {
        const shown = new Intl.NumberFormat(locale, { maximumFractionDigits: 4 }).format(
          decimal as `${number}`,
        )
        expect(parseDecimal(shown, locale)).toBe(decimal)
        expect(parseDecimal(typedDecimal(decimal, locale), locale)).toBe(decimal)
      }),
    )
  })

  it.each([
    ['1,5', 'en'],
    ['1.5', 'de'],
    ['1,2,3', 'fr'],
    ['1.2.3', 'en'],
    ['12,34x', 'en'],
    ['1e5', 'en'],
    ['', 'en'],
    ['-', 'en'],
    ['.', 'en'],
    ['--1', 'en'],
    ['0.00001', 'en'],
    ['100000000000000', 'en'],
    ['1,23,4', 'en'],
  ])('is not guessed: %s in %s is none', (typed, locale) => {
    expect(parseDecimal(typed, locale)).toBeNull()
  })

  it.each([
    ['1.5', 'fr', '1.5'],
    ['1,5', 'fr', '1.5'],
    ['1 234,5', 'fr', '1234.5'],
    [' -1,234.50 ', 'en', '-1234.5'],
    ['−3', 'en', '-3'],
    ['+3', 'en', '3'],
    ['.5', 'en', '0.5'],
    ['5.', 'en', '5'],
    ['١٢٫٥', 'ar-EG', '12.5'],
    ['12.5', 'ar-EG', '12.5'],
  ])('%s in %s is %s', (typed, locale, value) => {
    expect(parseDecimal(typed, locale)).toBe(value)
  })
})
