import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import {
  dragPairs,
  dragTarget,
  fillPairs,
  placeTable,
} from '../../../examples/planning-grid/page/range/fill.ts'
import { blockOf, extend, single, type Block } from '../../../examples/planning-grid/page/range/range.ts'
import { formatTable, parseTable } from '../../../examples/planning-grid/page/range/tab-separated.ts'

const size = { rows: 10, columns: 6 }
const block = (top: number, left: number, bottom: number, right: number): Block => ({
  top,
  left,
  bottom,
  right,
})
const cells = (placed: readonly { at: { row: number; column: number }; value: unknown }[]) =>
  placed.map(({ at, value }) => `${at.row}:${at.column}=${String(value)}`)

describe('a selection', () => {
  it('grows and shrinks with Shift and an arrow around where it was begun', () => {
    let range = single({ row: 2, column: 2 })
    for (const key of ['ArrowDown', 'ArrowDown', 'ArrowRight', 'ArrowUp'])
      range = extend(range, key, false, size)!
    expect(blockOf(range)).toEqual(block(2, 2, 3, 3))
    for (const key of ['ArrowUp', 'ArrowUp']) range = extend(range, key, false, size)!
    expect(blockOf(range)).toEqual(block(1, 2, 2, 3))
  })

  it('goes to the edge with Ctrl, and never beyond it', () => {
    const range = extend(single({ row: 2, column: 2 }), 'ArrowDown', true, size)!
    expect(blockOf(range)).toEqual(block(2, 2, 9, 2))
    expect(extend(range, 'ArrowDown', false, size)).toEqual(range)
    expect(extend(range, 'Enter', false, size)).toBeUndefined()
  })
})

describe('a pasted table', () => {
  it('begins at the corner of the selection, and ends at the edge of the grid', () => {
    expect(
      cells(
        placeTable(
          [
            ['a', 'b'],
            ['c', 'd'],
          ],
          block(9, 4, 9, 4),
          size,
        ),
      ),
    ).toEqual(['9:4=a', '9:5=b'])
  })

  it('is repeated where the selection is a multiple of it, one value above all', () => {
    expect(cells(placeTable([['a', 'b']], block(0, 0, 1, 3), size))).toEqual([
      '0:0=a',
      '0:1=b',
      '0:2=a',
      '0:3=b',
      '1:0=a',
      '1:1=b',
      '1:2=a',
      '1:3=b',
    ])
    expect(placeTable([['x']], block(0, 0, 4, 4), size)).toHaveLength(25)
    expect(placeTable([['a', 'b']], block(0, 0, 1, 2), size)).toHaveLength(2)
  })

  it('may have rows of unequal length', () => {
    expect(cells(placeTable([['a'], ['b', 'c']], block(0, 0, 0, 0), size))).toEqual([
      '0:0=a',
      '1:0=b',
      '1:1=c',
    ])
    expect(placeTable([], block(0, 0, 0, 0), size)).toEqual([])
  })
})

describe('filling', () => {
  const pairs = (
    list: readonly { from: { row: number; column: number }; to: { row: number; column: number } }[],
  ) => list.map(({ from, to }) => `${from.row}:${from.column}>${to.row}:${to.column}`)

  it('copies the first row down and the first column to the right', () => {
    expect(pairs(fillPairs(block(1, 1, 3, 1), 'down'))).toEqual(['1:1>2:1', '1:1>3:1'])
    expect(pairs(fillPairs(block(1, 1, 1, 3), 'right'))).toEqual(['1:1>1:2', '1:1>1:3'])
  })

  it('takes the row above, or the column before, where the selection has only one', () => {
    expect(pairs(fillPairs(block(2, 1, 2, 2), 'down'))).toEqual(['1:1>2:1', '1:2>2:2'])
    expect(pairs(fillPairs(block(0, 1, 0, 2), 'down'))).toEqual([])
    expect(pairs(fillPairs(block(1, 0, 2, 0), 'right'))).toEqual([])
  })

  it('by the handle repeats the block on the side that it is dragged to, backwards too', () => {
    const source = block(2, 2, 3, 2)
    expect(dragTarget(source, { row: 6, column: 3 })).toEqual(block(2, 2, 6, 2))
    expect(pairs(dragPairs(source, block(2, 2, 6, 2)))).toEqual(['2:2>4:2', '3:2>5:2', '2:2>6:2'])
    expect(pairs(dragPairs(source, dragTarget(source, { row: 0, column: 2 })))).toEqual([
      '2:2>0:2',
      '3:2>1:2',
    ])
    expect(dragTarget(source, { row: 3, column: 5 })).toEqual(block(2, 2, 3, 5))
    expect(dragTarget(source, { row: 2, column: 2 })).toEqual(source)
  })
})

describe('the text of a clipboard', () => {
  it('is what spreadsheets write', () => {
    expect(parseTable('1\t2\r\n3\t"a ""quoted""\tvalue"\r\n')).toEqual([
      ['1', '2'],
      ['3', 'a "quoted"\tvalue'],
    ])
    expect(parseTable('')).toEqual([])
    expect(parseTable('\t')).toEqual([['', '']])
  })

  it('comes back as it went', () => {
    const tables = fc
      .integer({ min: 1, max: 4 })
      .chain((width) =>
        fc.array(fc.array(fc.string(), { minLength: width, maxLength: width }), {
          minLength: 1,
          maxLength: 4,
        }),
      )
      // One empty cell and no cell are the same text.
      .filter(
        (table) => formatTable(table) !== '' && !(table.at(-1)!.length === 1 && table.at(-1)![0] === ''),
      )
    fc.assert(
      fc.property(tables, (table) => {
        expect(parseTable(formatTable(table))).toEqual(table)
      }),
    )
  })
})
