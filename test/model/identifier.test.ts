import fc from 'fast-check'
import { afterEach, describe, expect, it, vi } from 'vitest'
import { newUuid, partUuid } from '../../src/model/identifier.ts'

afterEach(() => vi.useRealTimers())

describe('a new UUID', () => {
  it('has the time in its leading 48 bits, then the version and the variant, and chance in the rest', () => {
    fc.assert(
      fc.property(fc.integer({ min: 0, max: 2 ** 48 - 1 }), (now) => {
        vi.useFakeTimers({ now, toFake: ['Date'] })
        const [one, other] = [newUuid(), newUuid()]
        expect(Number.parseInt(one.replace('-', '').slice(0, 12), 16)).toBe(now)
        expect(one[14]).toBe('7')
        expect(one.slice(0, 13)).toBe(other.slice(0, 13))
        expect(one.slice(14)).not.toBe(other.slice(14))
      }),
    )
  })

  it('keeps every bit of chance that version and variant leave', () => {
    const seen = { or: 0n, and: (1n << 128n) - 1n }
    for (let count = 0; count < 200; count++) {
      const bits = BigInt(`0x${newUuid().replaceAll('-', '')}`)
      seen.or |= bits
      seen.and &= bits
    }
    // 12 bits beside the version, and 62 beside the variant, are each 0 at times and 1 at times.
    const chance = 0x0fff_3fff_ffff_ffff_ffffn
    expect(seen.or & chance).toBe(chance)
    expect(seen.and & chance).toBe(0n)
    expect((seen.and >> 62n) & 3n).toBe(2n)
    expect((seen.or >> 62n) & 3n).toBe(2n)
  })
})

describe('the UUID of a part', () => {
  const whole = '0199a3c4-1234-7000-8000-0000000000c1'

  it('is the whole one but for its leading bits and its version', () => {
    const part = partUuid(whole, 0, 1)
    expect(part).toBe('0199a3c5-1234-8000-8000-0000000000c1')
    expect(partUuid(whole, 1, 1)).toBe('0199e3c5-1234-8000-8000-0000000000c1')
    expect(partUuid('00000001-0000-7000-8000-000000000000', 0, 1)).toMatch(/^00000000-/)
    expect(partUuid('ffffffff-0000-7000-8000-000000000000', 0, 1)).toMatch(/^fffffffe-/)
  })

  it('is another one for every part of every size that a batch can have', () => {
    const part = fc.record({ start: fc.nat(9_999), length: fc.integer({ min: 1, max: 10_000 }) })
    fc.assert(
      fc.property(
        fc.uniqueArray(part, { selector: ({ start, length }) => `${start} ${length}` }),
        (parts) => {
          const made = parts.map(({ start, length }) => partUuid(whole, start, length))
          expect(new Set(made).size).toBe(parts.length)
          for (const uuid of made) expect(uuid).toMatch(/^[0-9a-f]{8}-1234-8000-8000-0000000000c1$/)
        },
      ),
    )
  })
})
