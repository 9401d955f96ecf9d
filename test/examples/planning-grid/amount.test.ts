import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { formatAmount, fromUnits, readAmount, toUnits } from '../../../examples/planning-grid/page/amount.ts'

const decimals = fc
  .tuple(fc.boolean(), fc.bigInt({ min: 0n, max: 10n ** 18n - 1n }))
  .map(([isNegative, size]) => fromUnits(isNegative ? -size : size))

describe('an amount as people type it', () => {
  it.each([
    ['1,234.50', '1234.50'],
    ['(1,234)', '-1234'],
    ['\u22121\u202f234', '-1234'],
    ['$ 12', '12'],
    ['007', '7'],
    ['  ', null],
    ['12.', '12'],
  ])('%j is %j', (typed, meant) => expect(readAmount(typed)).toBe(meant))

  it.each(['1,00', 'abc', '1.23456', '1e3', '--1', '123456789012345', '=SUM(A1)', '1,2345'])(
    '%j is none',
    (typed) => expect(readAmount(typed)).toBeUndefined(),
  )

  it('is read again from what is shown, to the last digit', () => {
    fc.assert(fc.property(decimals, (value) => readAmount(formatAmount(value)) === value))
  })

  it('adds up exactly', () => {
    fc.assert(
      fc.property(decimals, decimals, (one, other) => {
        const sum = fromUnits(toUnits(one) + toUnits(other))
        return toUnits(sum) === toUnits(one) + toUnits(other)
      }),
    )
    expect(fromUnits(toUnits('99999999999999.9999') + toUnits('0.0001'))).toBe('100000000000000')
  })
})
