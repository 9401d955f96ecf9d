import { describe, expect, it } from 'vitest'
import { ValidationError } from '@efir/cells'
import { toStoredValue } from '../../src/model/value.ts'

describe('toStoredValue', () => {
  it('tells decimals, text and empty apart', () => {
    expect(toStoredValue('45000.00')).toEqual({ number: '45000', text: null })
    expect(toStoredValue({ text: '45000.00' })).toEqual({ number: null, text: '45000.00' })
    expect(toStoredValue({ text: '' })).toEqual({ number: null, text: '' })
    expect(toStoredValue(null)).toEqual({ number: null, text: null })
  })

  it('tells a caller with text how to write it', () => {
    expect(() => toStoredValue('hello')).toThrow('for text pass { text: … }')
  })

  it.each([
    undefined,
    true,
    {},
    [],
    { text: 7 },
    { text: 'nul\0' },
    { text: 'x'.repeat(10_001) },
    Symbol('s'),
  ])('refuses %o', (given) => expect(() => toStoredValue(given as never)).toThrow(ValidationError))
})
