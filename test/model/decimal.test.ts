import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { ValidationError } from '@efir/cells'
import { toDecimalText } from '../../src/model/decimal.ts'

describe('toDecimalText', () => {
  it.each([
    ['45000.00', '45000'],
    ['1.50000', '1.5'],
    ['007', '7'],
    ['-0', '0'],
    ['-0.0000', '0'],
    ['0.0001', '0.0001'],
    ['-0.0001', '-0.0001'],
    ['99999999999999.9999', '99999999999999.9999'],
    [12, '12'],
    [-0, '0'],
    [0.1, '0.1'],
    [10n ** 13n, '10000000000000'],
  ])('makes %s canonical', (given, text) => {
    expect(toDecimalText(given)).toBe(text)
  })

  it.each([
    ...['', ' ', '1 000', '1,000', '1e3', '.5', '5.', '+5', '--5', '0x10', 'NaN', 'Infinity', '١٢', '1\n'],
    ...['1.00001', '100000000000000', '1.50009'],
    ...[Number.NaN, Number.POSITIVE_INFINITY, 1e21, 1e-7, 0.1 + 0.2, 99999999999999.98],
  ])('refuses %j rather than rounding or guessing', (given) => {
    expect(() => toDecimalText(given, 'changes[3].value')).toThrow(ValidationError)
    expect(() => toDecimalText(given, 'changes[3].value')).toThrow(/^changes\[3\]\.value is /)
  })

  it('keeps every decimal that NUMERIC(18,4) holds, digit by digit', () => {
    const units = fc.bigInt({ min: -(10n ** 18n) + 1n, max: 10n ** 18n - 1n })
    fc.assert(
      fc.property(units, fc.nat(3), (tenThousandths, padding) => {
        const digits = (tenThousandths < 0n ? -tenThousandths : tenThousandths).toString().padStart(5, '0')
        const sign = tenThousandths < 0n ? '-' : ''
        const given = `${sign}${'0'.repeat(padding)}${digits.slice(0, -4)}.${digits.slice(-4)}${'0'.repeat(padding)}`
        const text = toDecimalText(given)
        const [integer = '', fraction = ''] = text.replace('-', '').split('.')
        const back = BigInt(integer + fraction.padEnd(4, '0')) * (text.startsWith('-') ? -1n : 1n)
        expect(back).toBe(tenThousandths)
        expect(toDecimalText(text)).toBe(text)
        expect(text).not.toMatch(/\.\d*0$|^-0$/)
      }),
    )
  })

  it('takes a number only while its digits are what the caller typed', () => {
    fc.assert(
      fc.property(fc.double({ noNaN: true, noDefaultInfinity: true }), (number) => {
        let text: string
        try {
          text = toDecimalText(number)
        } catch (error) {
          expect(error).toBeInstanceOf(ValidationError)
          return
        }
        expect(Number(text)).toBe(number === 0 ? 0 : number)
      }),
    )
  })
})
