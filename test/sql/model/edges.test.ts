/** The numbered rows of the table in docs/reference/undo.md. */
import { describe, expect, it } from 'vitest'
import { DELETE, results, Sheet } from './sheet.ts'

describe('what a cell shows', () => {
  it('1: an undone creation leaves an empty cell', () => {
    const sheet = new Sheet()
    sheet.write('ana', { a: '1' })
    sheet.undo('ana')
    expect(sheet.cell('a')).toEqual({ value: null, valueType: 'input', version: 2, locked: false })
  })

  it('2: an undone deletion brings the same row back with what is left under it', () => {
    const sheet = new Sheet()
    sheet.write('ana', { a: '1' })
    sheet.write('ben', { a: DELETE })
    expect(sheet.value('a')).toBe(undefined)
    sheet.undo('ben')
    expect(sheet.cell('a')).toMatchObject({ value: '1', version: 3 })
    sheet.redo('ben')
    expect(sheet.undo('ana')).toEqual({ a: 'missing' })
    expect(sheet.undo('ben')).toEqual({ a: 'reverted' })
    expect(sheet.value('a')).toBe(null)
  })

  it('3: undoing the write that brought a deleted cell back deletes it again', () => {
    const sheet = new Sheet()
    sheet.write('ana', { a: '1' })
    sheet.write('ben', { a: DELETE })
    sheet.write('ana', { a: '2' }, { base: 0 })
    expect(sheet.version('a')).toBe(3)
    expect(sheet.undo('ana')).toEqual({ a: 'reverted' })
    expect(sheet.value('a')).toBe(undefined)
  })

  it('4: a cell from before the log goes back to what it held then', () => {
    const sheet = new Sheet({ a: '7' })
    sheet.write('ana', { a: '1' })
    sheet.undo('ana')
    expect(sheet.value('a')).toBe('7')
  })

  it('5: the value type is that of the change shown, input when none is left', () => {
    const sheet = new Sheet()
    const types = () => sheet.cell('a')?.valueType
    sheet.write('ana', { a: '1' }, { type: 'calculation' })
    sheet.write('ana', { a: '2' }, { type: 'import' })
    expect(types()).toBe('imported')
    sheet.undo('ana')
    expect(types()).toBe('calculated')
    sheet.write('ana', { b: '1' }, { type: 'import' })
    sheet.undo('ana')
    expect(sheet.cell('b')?.valueType).toBe('input')
  })

  it('6: several changes of a step to one cell are turned as one', () => {
    const sheet = new Sheet()
    sheet.write('ana', { a: '1' }, { session: 'plan' })
    sheet.write('ana', { a: '2' }, { session: 'plan' })
    sheet.undo('ana')
    expect(sheet.value('a')).toBe(null)
    sheet.redo('ana')
    expect(sheet.value('a')).toBe('2')
    expect(sheet.budget.log.filter(({ kind }) => kind !== 'change')).toHaveLength(2)
  })
})

describe('outcomes', () => {
  it('7: a buried change gets its row; value and version stay', () => {
    const sheet = new Sheet()
    sheet.write('ana', { a: '1' })
    sheet.write('ben', { a: '2' })
    sheet.undo('ana')
    expect(sheet.cell('a')).toMatchObject({ value: '2', version: 2 })
    const row = { kind: 'undo', before: { value: '2' }, after: { value: '2' }, version: 2, revision: 3 }
    expect(sheet.budget.log.at(-1)).toMatchObject(row)
  })

  it('8: withdrawing a confirmation is reverted, and moves the version, though the value stays', () => {
    const sheet = new Sheet()
    sheet.write('ana', { a: '1' })
    sheet.write('ben', { a: '1' })
    expect(sheet.undo('ben')).toEqual({ a: 'reverted' })
    expect(sheet.cell('a')).toMatchObject({ value: '1', version: 3 })
    sheet.undo('ana')
    expect(sheet.value('a')).toBe(null)
  })

  it('9: a calculation on top supersedes, and is never undone, even when it names the session', () => {
    const sheet = new Sheet()
    sheet.write('ana', { a: '1' }, { session: 'plan' })
    sheet.write('ana', { a: '5' }, { session: 'plan', type: 'calculation' })
    expect(sheet.undo('ana')).toEqual({ a: 'superseded' })
    expect(sheet.value('a')).toBe('5')
  })

  it('10: a locked cell keeps value and change, the others turn, and the step goes over', () => {
    const sheet = new Sheet()
    sheet.write('ana', { a: '1', b: '1' })
    sheet.lock('b')
    expect(sheet.undo('ana')).toEqual({ a: 'reverted', b: 'locked' })
    expect([sheet.value('b'), sheet.version('b')]).toEqual(['1', 2])
    expect(sheet.depth('ana')).toEqual([0, 1])
  })

  it('11: redo and undo again reach a cell that was locked the first time', () => {
    const sheet = new Sheet()
    sheet.write('ana', { a: '1', b: '1' })
    sheet.lock('b')
    sheet.undo('ana')
    sheet.unlock('b')
    expect(sheet.redo('ana')).toEqual({ a: 'reverted' })
    expect(sheet.undo('ana')).toEqual({ a: 'reverted', b: 'reverted' })
    sheet.lock('a')
    expect(sheet.redo('ana')).toEqual({ a: 'locked', b: 'reverted' })
    sheet.unlock('a')
    expect(sheet.undo('ana')).toEqual({ b: 'reverted' })
    expect(sheet.redo('ana')).toEqual({ a: 'reverted', b: 'reverted' })
  })

  it('12: a step that cannot move at all goes over all the same, without row or revision', () => {
    const sheet = new Sheet()
    sheet.write('ana', { a: '1' })
    sheet.write('ana', { b: '1' })
    sheet.lock('b')
    const { log, revision } = sheet.budget
    expect(sheet.undo('ana')).toEqual({ b: 'locked' })
    expect([sheet.budget.log, sheet.budget.revision]).toEqual([log, revision])
    expect(sheet.undo('ana')).toEqual({ a: 'reverted' })
    expect(sheet.redo('ana')).toEqual({ a: 'reverted' })
    expect(sheet.redo('ana')).toEqual({})
    expect(sheet.depth('ana')).toEqual([2, 0])
  })

  it('13: forbidden comes before locked', () => {
    const sheet = new Sheet()
    sheet.write('ana', { a: '1' })
    sheet.lock('a')
    sheet.deny('ana', 'a')
    expect(sheet.undo('ana')).toEqual({ a: 'forbidden' })
  })
})

describe('steps', () => {
  it('14: a session that goes on comes to the top and clears redo', () => {
    const sheet = new Sheet()
    sheet.write('ana', { a: '1' }, { session: 'plan' })
    sheet.write('ana', { b: '1' })
    sheet.write('ana', { x: '1' })
    sheet.undo('ana')
    sheet.write('ana', { c: '1' }, { session: 'plan' })
    expect(sheet.depth('ana')).toEqual([2, 0])
    expect(sheet.undo('ana')).toEqual({ a: 'reverted', c: 'reverted' })
    expect(sheet.undo('ana')).toEqual({ b: 'reverted' })
  })

  it('15: a session that was undone goes on as a new step', () => {
    const sheet = new Sheet()
    sheet.write('ana', { a: '1', b: '1' }, { session: 'plan' })
    sheet.undo('ana')
    sheet.write('ana', { a: '2' }, { session: 'plan' })
    sheet.write('ana', { c: '2' }, { session: 'plan' })
    expect(sheet.undo('ana')).toEqual({ a: 'reverted', c: 'reverted' })
    expect(sheet.redo('ana')).toEqual({ a: 'reverted', c: 'reverted' })
    expect([sheet.value('a'), sheet.value('b')]).toEqual(['2', null])
  })

  it('16: a change that joins a step after a redo that a lock cut short is not undone', () => {
    const sheet = new Sheet()
    sheet.write('ana', { a: '1', b: '1' }, { session: 'plan' })
    sheet.undo('ana')
    sheet.lock('b')
    sheet.redo('ana')
    sheet.unlock('b')
    sheet.write('ana', { b: '9' }, { session: 'plan' })
    expect(sheet.value('b')).toBe('9')
    expect(sheet.undo('ana')).toEqual({ a: 'reverted', b: 'reverted' })
    sheet.redo('ana')
    expect(sheet.value('b')).toBe('9')
  })

  it('17: another user’s session is refused', () => {
    const sheet = new Sheet()
    sheet.write('ana', { a: '1' }, { session: 'plan' })
    expect(results(sheet.write('ben', { b: '1' }, { session: 'plan' }))).toBe('refused: invalid')
  })

  it('18: a lock moves the version and is no step, and undo does not unlock', () => {
    const sheet = new Sheet()
    sheet.write('ana', { a: '1' })
    sheet.undo('ana')
    sheet.lock('a', 'nothing')
    sheet.lock('a')
    expect(sheet.cell('a')).toMatchObject({ version: 3, locked: true })
    expect(sheet.budget.revision).toBe(3)
    expect(sheet.depth('boss')).toEqual([0, 0])
    expect(sheet.depth('ana')).toEqual([0, 1])
    expect(sheet.cell('nothing')).toBe(null)
  })
})
