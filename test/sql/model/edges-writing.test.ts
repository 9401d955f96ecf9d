/** The numbered rows of the table in docs/reference/undo.md, from writing on. */
import { describe, expect, it } from 'vitest'
import { DELETE, results, Sheet } from './sheet.ts'

describe('writing', () => {
  it('19: forbidden, locked, conflict, unchanged are asked in this order', () => {
    const sheet = new Sheet()
    sheet.write('ana', { a: '1' })
    expect(results(sheet.write('ana', { a: '1' }, { base: 9 }))).toBe('refused: conflict')
    sheet.lock('a')
    expect(results(sheet.write('ana', { a: '1' }, { base: 9 }))).toBe('refused: locked')
    sheet.deny('ana', 'a')
    expect(results(sheet.write('ana', { a: '1' }))).toBe('refused: forbidden')
  })

  it('20: who last wrote is the author of the change shown, not who undid or locked', () => {
    const sheet = new Sheet()
    sheet.write('ana', { a: '1' })
    sheet.write('ben', { a: '2' })
    sheet.undo('ben')
    sheet.lock('a')
    sheet.unlock('a')
    expect(results(sheet.write('ana', { a: '1' }))).toEqual(['unchanged'])
    expect(results(sheet.write('ben', { a: '1' }))).toEqual(['written'])
  })

  it('21: what nobody can undo needs no confirming: programs, calculations, values from before the log', () => {
    const sheet = new Sheet({ seed: '1' })
    sheet.write(null, { program: '1' })
    sheet.write('ben', { sum: '1' }, { type: 'calculation' })
    const again = sheet.write('ana', { seed: '1', program: '1', sum: '1' })
    expect(results(again)).toEqual(['unchanged', 'unchanged', 'unchanged'])
  })

  it('22: only a person’s manual write confirms; a spread, an import, a program and a delete do not', () => {
    const sheet = new Sheet()
    sheet.write('ana', { a: '1', b: DELETE, c: '1' })
    sheet.write('ana', { c: DELETE })
    for (const type of ['spread', 'import', 'calculation'] as const)
      expect(results(sheet.write('ben', { a: '1' }, { type }))).toEqual(['unchanged'])
    expect(results(sheet.write(null, { a: '1' }))).toEqual(['unchanged'])
    expect(results(sheet.write('ben', { c: DELETE }))).toEqual(['unchanged'])
  })

  it('23: to empty what another user emptied confirms it', () => {
    const sheet = new Sheet()
    sheet.write('cho', { a: '1' })
    sheet.write('ana', { a: null })
    expect(results(sheet.write('ben', { a: null }))).toEqual(['written'])
    sheet.undo('ana')
    expect(sheet.value('a')).toBe(null)
  })

  it('24: an empty value where no cell is shows the same: no cell is made or brought back, none confirmed', () => {
    const sheet = new Sheet()
    expect(sheet.write('ana', { a: null })).toMatchObject({
      results: [{ outcome: 'unchanged', current: null }],
    })
    expect(results(sheet.write('ana', { a: null }, { base: 1 }))).toBe('refused: conflict')
    sheet.write('ana', { a: '1' })
    sheet.write('ana', { a: DELETE })
    expect(results(sheet.write('ben', { a: null }))).toEqual(['unchanged'])
    expect(sheet.value('a')).toBe(undefined)
    expect(sheet.depth('ben')).toEqual([0, 0])
  })

  it('25: a delete of what is not there is unchanged, on a version it is a conflict', () => {
    const sheet = new Sheet()
    expect(sheet.write('ana', { a: DELETE })).toMatchObject({
      results: [{ outcome: 'unchanged', current: null }],
    })
    expect(results(sheet.write('ana', { a: DELETE }, { base: 0 }))).toEqual(['unchanged'])
    expect(results(sheet.write('ana', { a: DELETE }, { base: 1 }))).toBe('refused: conflict')
  })

  it('26: a deleted cell counts as none for a base, and its version goes on', () => {
    const sheet = new Sheet()
    sheet.write('ana', { a: '1' })
    sheet.write('ana', { a: DELETE })
    expect(results(sheet.write('ana', { a: '2' }, { base: 2 }))).toBe('refused: conflict')
    expect(sheet.write('ana', { a: '2' }, { base: 0 })).toMatchObject({ results: [{ version: 3 }] })
  })

  it('27: the text 1 is not the number 1', () => {
    const sheet = new Sheet()
    sheet.write('ana', { a: '1' })
    expect(results(sheet.write('ana', { a: { text: '1' } }))).toEqual(['written'])
    sheet.undo('ana')
    expect(sheet.value('a')).toBe('1')
  })

  it('28: a cell twice in one call is invalid after the first', () => {
    const sheet = new Sheet()
    const twice = [sheet.item('a', '1'), sheet.item('a', '2')]
    expect(results(sheet.writeItems('ana', twice))).toBe('refused: invalid')
    expect(results(sheet.writeItems('ana', twice, { mode: 'partial' }))).toEqual(['written', 'invalid'])
    expect(sheet.value('a')).toBe('1')
  })

  it('an atomic batch lands whole or not at all, a partial one lands its good items as one step', () => {
    const sheet = new Sheet()
    sheet.write('ben', { a: '1' })
    const items = [sheet.item('a', '2', 9), sheet.item('b', '2')]
    expect(results(sheet.writeItems('ana', items))).toBe('refused: conflict')
    expect(sheet.value('b')).toBe(undefined)
    expect(results(sheet.writeItems('ana', items, { mode: 'partial' }))).toEqual(['conflict', 'written'])
    expect(sheet.undo('ana')).toEqual({ b: 'reverted' })
  })
})

describe('restoring', () => {
  it('29: shows what was shown at the revision, as one step that undo takes back', () => {
    const sheet = new Sheet()
    sheet.write('ana', { a: '1', b: '1' })
    sheet.write('ben', { a: '2', c: '2' })
    sheet.write('ben', { b: DELETE })
    expect(results(sheet.restore('cho', ['a', 'b', 'c'], 1))).toEqual(['written', 'written', 'written'])
    expect(['a', 'b', 'c'].map((cell) => sheet.value(cell))).toEqual(['1', '1', undefined])
    sheet.undo('cho')
    expect(['a', 'b', 'c'].map((cell) => sheet.value(cell))).toEqual(['2', undefined, '2'])
  })

  it('30: means what was shown then, undos until then included and none since', () => {
    const sheet = new Sheet()
    sheet.write('ana', { a: '1' })
    sheet.write('ben', { a: '2' })
    sheet.undo('ben')
    sheet.redo('ben')
    sheet.undo('ana')
    sheet.restore('cho', ['a'], 3)
    expect(sheet.value('a')).toBe('1')
    sheet.restore('cho', ['a'], 2)
    expect(sheet.value('a')).toBe('2')
  })

  it('31: passes over cells that are right already, locked or not, and confirms nothing', () => {
    const sheet = new Sheet()
    sheet.write('ana', { a: '1', b: '1' })
    sheet.write('ben', { b: '2' })
    sheet.lock('a')
    expect(results(sheet.restore('cho', ['a', 'b'], 1))).toEqual(['unchanged', 'written'])
    sheet.lock('b')
    expect(results(sheet.restore('cho', ['a', 'b'], 2))).toBe('refused: locked')
    expect(results(sheet.restore('cho', ['a', 'b'], 2, 'partial'))).toEqual(['unchanged', 'locked'])
  })

  it('32: refuses a revision that is not there', () => {
    const sheet = new Sheet()
    expect(results(sheet.restore('ana', ['a'], 1))).toBe('refused: invalid')
  })
})

describe('operations and revisions', () => {
  it('33: a repeat of a write, an undo, a redo is answered and changes nothing', () => {
    const sheet = new Sheet()
    sheet.write('ana', { a: '1' })
    sheet.write('ana', { a: '2' }, { operation: 'w' })
    sheet.undo('ana', 'u')
    const { world } = sheet
    expect(sheet.write('ana', { a: '2' }, { operation: 'w' })).toMatchObject({ revision: 2 })
    expect(sheet.undo('ana', 'u')).toEqual({ a: 'reverted' })
    expect(sheet.world).toBe(world)
    sheet.redo('ana', 'r')
    sheet.undo('ana')
    expect(sheet.redo('ana', 'r')).toEqual({ a: 'reverted' })
    expect(sheet.value('a')).toBe('1')
  })

  it('33: also when there was nothing to undo', () => {
    const sheet = new Sheet()
    expect(sheet.undo('ana', 'u')).toEqual({})
    sheet.write('ana', { a: '1' })
    expect(sheet.undo('ana', 'u')).toEqual({})
    expect(sheet.value('a')).toBe('1')
  })

  it('34: a refused call is not remembered, another payload is refused', () => {
    const sheet = new Sheet()
    sheet.write('ana', { a: '1' })
    sheet.lock('a')
    expect(results(sheet.write('ana', { a: '2' }, { operation: 'w' }))).toBe('refused: locked')
    sheet.unlock('a')
    expect(results(sheet.write('ana', { a: '2' }, { operation: 'w' }))).toEqual(['written'])
    expect(results(sheet.write('ana', { a: '3' }, { operation: 'w' }))).toBe('refused: invalid')
  })

  it('35: a call that leaves a row takes one revision, any other none', () => {
    const sheet = new Sheet()
    sheet.write('ana', { a: '1', b: '1' })
    sheet.write('ana', { a: '1' })
    expect(sheet.budget.revision).toBe(1)
    sheet.write('ben', { a: '2', b: '2' })
    sheet.undo('ana')
    expect(sheet.budget.revision).toBe(3)
    sheet.undo('ana')
    expect(sheet.budget.revision).toBe(3)
  })
})
