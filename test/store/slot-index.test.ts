import fc from 'fast-check'
import { expect, it } from 'vitest'
import { SlotIndex } from '../../src/store/slot-index.ts'

it('finds what was added and not deleted since, also where every hash is the same', () => {
  const step = fc.record({ key: fc.nat({ max: 40 }), isAdded: fc.boolean() })
  const hashes = fc.constantFrom(
    (key: number) => key,
    () => 0,
    (key: number) => Math.imul(key, 0x9e3779b1),
    (key: number) => (key % 3) << 6,
  )
  fc.assert(
    fc.property(fc.array(step, { maxLength: 300, size: 'max' }), hashes, (steps, hashOf) => {
      const index = new SlotIndex()
      const model = new Set<number>()
      for (const { key, isAdded } of steps) {
        if (isAdded === model.has(key)) continue
        if (isAdded) index.add(key, hashOf(key))
        else index.delete(key, hashOf(key))
        if (isAdded) model.add(key)
        else model.delete(key)
      }
      for (let key = 0; key <= 40; key += 1) {
        expect(index.find(hashOf(key), (slot) => slot === key)).toBe(model.has(key) ? key : -1)
      }
    }),
  )
})
