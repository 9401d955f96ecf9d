import fc from 'fast-check'
import { expect, it } from 'vitest'
import { CellTable } from '../../src/store/cell-table.ts'
import { address, idOf, stored } from './cells.ts'

const entities = [null, '11111111-1111-4111-8111-111111111111', '22222222-2222-4222-8222-222222222222']
const addresses = entities.flatMap((entity) => ['a', 'b', 'c'].map((field) => address('m', field, entity)))

it('gives released slots to the next addresses, and finds cells by address, id and entity all the same', () => {
  const step = fc.record({
    which: fc.nat({ max: addresses.length - 1 }),
    what: fc.constantFrom('put', 'bury', 'release', 'look'),
  })
  fc.assert(
    fc.property(fc.array(step, { maxLength: 100, size: 'max' }), (steps) => {
      const table = new CellTable()
      const model = new Map<number, 'row' | 'gone'>()
      let most = 0
      for (const { which, what } of steps) {
        const at = addresses[which]!
        if (what === 'release') {
          if (model.delete(which)) table.release(table.find(at))
        } else if (what === 'look') {
          const [known] = model.keys()
          if (known !== undefined) table.findById(idOf(addresses[known]!))
        } else {
          const slot = table.claim(at)
          if (what === 'put') table.put(slot, stored(at, { version: 1 }), 1)
          else table.bury(slot, 1, 1)
          model.set(which, what === 'put' ? 'row' : 'gone')
          most = Math.max(most, model.size)
          expect(slot).toBeLessThan(most)
        }
      }
      for (const [index, at] of addresses.entries()) {
        const slot = table.find(at)
        const state = model.get(index)
        expect(slot < 0 ? undefined : table.state(slot)).toBe(state)
        expect(table.findById(idOf(at))).toBe(state === 'row' ? slot : -1)
        if (state === 'row') expect(table.row(slot)).toEqual(stored(at, { version: 1 }))
      }
      expect(table.rows).toBe([...model.values()].filter((state) => state === 'row').length)
      for (const entity of entities) {
        const found: unknown[] = []
        const number = table.names.entity.numberOf(entity)
        table.forEach([number], (slot) => found.push(table.address(slot)))
        const wanted = addresses.filter((at, index) => at.entity === entity && model.has(index))
        expect(new Set(found)).toEqual(new Set(wanted))
      }
    }),
  )
})
