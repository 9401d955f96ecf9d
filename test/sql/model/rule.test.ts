/** The sentences of DESIGN §2.3, in their order. */
import { describe, expect, it } from 'vitest'
import { DELETE, results, Sheet } from './sheet.ts'

describe('a session groups changes into one step', () => {
  it('takes back all calls of a session at once', () => {
    const sheet = new Sheet()
    sheet.write('ana', { a: '1', b: '1' }, { session: 'paste' })
    sheet.write('ana', { c: '1' }, { session: 'paste' })
    expect(sheet.undo('ana')).toEqual({ a: 'reverted', b: 'reverted', c: 'reverted' })
    expect(sheet.depth('ana')).toEqual([0, 1])
  })

  it('takes an ungrouped write for a session of its own', () => {
    const sheet = new Sheet()
    sheet.write('ana', { a: '1' })
    sheet.write('ana', { b: '1' })
    expect(sheet.undo('ana')).toEqual({ b: 'reverted' })
    expect(sheet.undo('ana')).toEqual({ a: 'reverted' })
  })
})

describe('stacks', () => {
  it('are per user', () => {
    const sheet = new Sheet()
    sheet.write('ana', { a: '1' })
    sheet.write('ben', { b: '2' })
    expect(sheet.undo('ana')).toEqual({ a: 'reverted' })
    expect([sheet.value('a'), sheet.value('b')]).toEqual([null, '2'])
    expect(sheet.undo('cho')).toEqual({})
  })

  it('a new step of that user clears that user’s redo', () => {
    const sheet = new Sheet()
    sheet.write('ana', { a: '1' })
    sheet.undo('ana')
    sheet.write('ana', { b: '1' })
    expect(sheet.redo('ana')).toEqual({})
    expect(sheet.value('a')).toBe(null)
  })

  it('a new step of another user does not', () => {
    const sheet = new Sheet()
    sheet.write('ana', { a: '1' })
    sheet.undo('ana')
    sheet.write('ben', { b: '1' })
    expect(sheet.redo('ana')).toEqual({ a: 'reverted' })
    expect(sheet.value('a')).toBe('1')
  })

  it('calculations never enter one, and leave redo alone', () => {
    const sheet = new Sheet()
    sheet.write('ana', { a: '1' })
    sheet.undo('ana')
    sheet.write('ana', { sum: '10' }, { type: 'calculation' })
    expect(sheet.depth('ana')).toEqual([0, 1])
    expect(sheet.cell('sum')?.valueType).toBe('calculated')
  })

  it('other programs’ writes never enter one', () => {
    const sheet = new Sheet()
    sheet.write(null, { a: '1' })
    expect(sheet.budget.stacks).toEqual({})
    expect(sheet.budget.log).toMatchObject([{ user: null, step: null, type: 'manual' }])
  })

  it('failed writes are not steps', () => {
    const sheet = new Sheet()
    sheet.write('ana', { a: '1' })
    sheet.undo('ana')
    expect(results(sheet.write('ana', { a: '2' }, { base: 7 }))).toBe('refused: conflict')
    expect(results(sheet.write('ana', { a: '2' }, { base: 7, mode: 'partial' }))).toEqual(['conflict'])
    expect(sheet.depth('ana')).toEqual([0, 1])
  })
})

describe('the rule', () => {
  it('shows the newest change that is not undone; with none left, the value before the oldest', () => {
    const sheet = new Sheet({ a: '7' })
    sheet.write('ana', { a: '1' })
    sheet.write('ben', { a: '2' })
    sheet.write('cho', { a: '3' })
    sheet.undo('ben')
    expect(sheet.value('a')).toBe('3')
    sheet.undo('cho')
    expect(sheet.value('a')).toBe('1')
    sheet.undo('ana')
    expect(sheet.value('a')).toBe('7')
  })

  it('leaves rows for undo and redo in the log, which is only ever added to', () => {
    const sheet = new Sheet()
    sheet.write('ana', { a: '1' })
    const [change] = sheet.budget.log
    sheet.undo('ana')
    sheet.redo('ana')
    expect(sheet.budget.log.map(({ kind }) => kind)).toEqual(['change', 'undo', 'redo'])
    expect(sheet.budget.log[0]).toBe(change)
    expect(sheet.version('a')).toBe(3)
  })

  it('A=1, B=2, undo by A leaves 2; then undo by B gives empty, not 1; redo by A then gives 1', () => {
    const sheet = new Sheet()
    sheet.write('A', { a: '1' })
    sheet.write('B', { a: '2' })
    expect(sheet.undo('A')).toEqual({ a: 'superseded' })
    expect(sheet.value('a')).toBe('2')
    expect(sheet.undo('B')).toEqual({ a: 'reverted' })
    expect(sheet.value('a')).toBe(null)
    expect(sheet.redo('A')).toEqual({ a: 'reverted' })
    expect(sheet.value('a')).toBe('1')
  })

  it('A=1, undo by A, B=2, redo by A leaves 2, and A is told so', () => {
    const sheet = new Sheet()
    sheet.write('A', { a: '1' })
    sheet.undo('A')
    sheet.write('B', { a: '2' })
    expect(sheet.redo('A')).toEqual({ a: 'superseded' })
    expect(sheet.value('a')).toBe('2')
  })

  it('keeps a redone change in its place, under what came later', () => {
    const sheet = new Sheet()
    sheet.write('A', { a: '1' })
    sheet.undo('A')
    sheet.write('B', { a: '2' })
    sheet.redo('A')
    sheet.undo('B')
    expect(sheet.value('a')).toBe('1')
  })
})

describe('a write that keeps the shown value', () => {
  it('is no change: no row, no version, no step, and leaves redo alone', () => {
    const sheet = new Sheet()
    sheet.write('ana', { a: '1', b: '1' })
    sheet.write('ana', { b: '2' })
    sheet.undo('ana')
    const { log } = sheet.budget
    expect(results(sheet.write('ana', { a: '1' }))).toEqual(['unchanged'])
    expect(sheet.budget.log).toBe(log)
    expect(sheet.version('a')).toBe(1)
    expect(sheet.depth('ana')).toEqual([1, 1])
  })

  it('by hand, after another user, is a change: it confirms the number and survives the other’s undo', () => {
    const sheet = new Sheet()
    sheet.write('ana', { a: '1' })
    expect(results(sheet.write('ben', { a: '1' }))).toEqual(['written'])
    expect(sheet.version('a')).toBe(2)
    expect(sheet.undo('ana')).toEqual({ a: 'superseded' })
    expect(sheet.value('a')).toBe('1')
  })
})

it('redo on an empty stack does nothing', () => {
  const sheet = new Sheet()
  sheet.write('ana', { a: '1' })
  const { budget } = sheet
  expect(sheet.redo('ana')).toEqual({})
  expect(sheet.budget.log).toBe(budget.log)
  expect(sheet.budget.revision).toBe(1)
})

describe('the outcome per cell', () => {
  function five() {
    const sheet = new Sheet()
    const cells = ['free', 'later', 'locked', 'denied', 'deleted']
    sheet.write('ana', Object.fromEntries(cells.map((cell) => [cell, '1'])))
    sheet.write('ben', { later: '2' })
    sheet.writeItems('ben', [{ cell: 'deleted', put: 'gone', base: null }])
    sheet.lock('locked')
    sheet.deny('ana', 'denied')
    return sheet
  }
  const outcomes = {
    free: 'reverted',
    later: 'superseded',
    locked: 'locked',
    denied: 'forbidden',
    deleted: 'missing',
  }

  it('is reverted, superseded, locked, forbidden or missing', () => {
    const sheet = five()
    expect(sheet.undo('ana')).toEqual(outcomes)
    const values = Object.keys(outcomes).map((cell) => sheet.value(cell))
    expect(values).toEqual([null, '2', '1', '1', undefined])
  })

  it('is told by a preview without acting', () => {
    const sheet = five()
    const { world } = sheet
    expect(sheet.preview('ana', 'undo')).toEqual(outcomes)
    expect(sheet.preview('ana', 'redo')).toEqual({})
    expect(sheet.world).toBe(world)
  })
})

describe('the worked examples of docs/reference/undo.md', () => {
  const told = (outcomes: Record<string, string>) => outcomes.a

  it('two writers take back and bring back', () => {
    const sheet = new Sheet()
    sheet.write('A', { a: '1' })
    sheet.write('B', { a: '2' })
    const rows = (['A undo', 'B undo', 'A redo', 'A undo', 'B redo', 'A redo'] as const).map((row) => {
      const [user, kind] = row.split(' ') as ['A' | 'B', 'undo' | 'redo']
      return [row, told(sheet[kind](user)), sheet.value('a')]
    })
    expect(rows).toEqual([
      ['A undo', 'superseded', '2'],
      ['B undo', 'reverted', null],
      ['A redo', 'reverted', '1'],
      ['A undo', 'reverted', null],
      ['B redo', 'reverted', '2'],
      ['A redo', 'superseded', '2'],
    ])
  })

  it('a number is confirmed, and its cell deleted', () => {
    const sheet = new Sheet()
    sheet.write('A', { a: '1' })
    expect(results(sheet.write('B', { a: '1' }))).toEqual(['written'])
    expect([told(sheet.undo('A')), sheet.value('a')]).toEqual(['superseded', '1'])
    sheet.write('C', { a: DELETE })
    expect([told(sheet.undo('B')), sheet.value('a')]).toEqual(['missing', undefined])
    expect([told(sheet.undo('C')), sheet.value('a')]).toEqual(['reverted', null])
  })
})
