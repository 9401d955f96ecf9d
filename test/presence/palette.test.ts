import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { colorsOf } from '../../src/presence/palette.ts'

/** As WCAG 2 has it. */
function contrastWithWhite(color: string): number {
  const [red = 0, green = 0, blue = 0] = [1, 3, 5].map((at) => {
    const part = parseInt(color.slice(at, at + 2), 16) / 255
    return part <= 0.04045 ? part / 12.92 : ((part + 0.055) / 1.055) ** 2.4
  })
  return 1.05 / (0.2126 * red + 0.7152 * green + 0.0722 * blue + 0.05)
}

const users = (most: number) => fc.uniqueArray(fc.uuid(), { minLength: 1, maxLength: most })

describe('the colours of users', () => {
  it('carry white text', () => {
    fc.assert(
      fc.property(users(40), (present) => {
        for (const color of colorsOf(present).values()) expect(contrastWithWhite(color)).toBeGreaterThan(4.5)
      }),
    )
  })

  it('are different for up to twelve users, in whatever order they came', () => {
    fc.assert(
      fc.property(users(12), (present) => {
        const colors = colorsOf(present)
        expect(new Set(colors.values()).size).toBe(present.length)
        expect([...colorsOf(present.toReversed())]).toEqual([...colors])
      }),
    )
  })

  it('are there for every one of more users, all of them in use', () => {
    const many = Array.from({ length: 200 }, (_, index) => `user ${index}`)
    const colors = colorsOf(many)
    expect(colors.size).toBe(200)
    expect(new Set(colors.values()).size).toBe(12)
  })

  it('stay a user’s own as long as nobody else’s id asks for the same', () => {
    fc.assert(
      fc.property(fc.uuid(), fc.uuid(), (one, other) => {
        const [alone, others] = [one, other].map((user) => colorsOf([user]).get(user))
        fc.pre(alone !== others)
        expect(colorsOf([one, other]).get(one)).toBe(alone)
      }),
    )
  })
})
