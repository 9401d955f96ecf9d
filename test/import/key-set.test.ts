import fc from 'fast-check'
import { expect, it } from 'vitest'
import { KeySet } from '../../src/import/map/key-set.ts'

it('a set of keys is what a Map of them to their first line is', () => {
  fc.assert(
    fc.property(fc.array(fc.string({ maxLength: 2 }), { maxLength: 300 }), (keys) => {
      const set = new KeySet()
      const map = new Map<string, number>()
      for (const [index, key] of keys.entries()) {
        expect(set.add(key, index + 1)).toBe(map.get(key))
        if (!map.has(key)) map.set(key, index + 1)
      }
      for (const key of ['', 'a', 'zz', ...keys]) expect(set.has(key)).toBe(map.has(key))
    }),
  )
})

it('a set of two hundred thousand keys grows, and forgets none', () => {
  const set = new KeySet()
  for (let key = 1; key <= 200_000; key++) expect(set.add(`key ${key}`, key)).toBeUndefined()
  for (let key = 1; key <= 200_000; key += 7) expect(set.add(`key ${key}`, 1)).toBe(key)
  expect(set.has('key 0')).toBe(false)
})
