import { parse } from 'csv-parse/sync'
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { CsvRecords } from '../../src/import/read/csv-records.ts'

/** All records of the text, given in pieces of these lengths, over and over. */
function read(text: string, lengths: readonly number[] = [text.length], delimiter = ',') {
  const reader = new CsvRecords(delimiter)
  const records = []
  for (let at = 0, next = 0; at < text.length; next++) {
    const length = Math.max(1, lengths[next % lengths.length] ?? 1)
    records.push(...reader.push(text.slice(at, at + length)))
    at += length
  }
  return [...records, ...reader.end()]
}

const quote = (field: string) => (/[",\r\n]/.test(field) ? `"${field.replaceAll('"', '""')}"` : field)
const field = fc.string({
  unit: fc.constantFrom('a', 'é', '🧮', '"', ',', '\n', '\r', ' ', ''),
  maxLength: 6,
})
const table = fc.array(fc.array(field, { minLength: 2, maxLength: 4 }), { minLength: 1, maxLength: 6 })
const lengths = fc.array(fc.integer({ min: 1, max: 7 }), { minLength: 1, maxLength: 5 })
const lineEnd = fc.constantFrom('\n', '\r\n')

describe('records of text with separators', () => {
  it('are what another reader makes of the text, and what was written, however it is cut', () => {
    fc.assert(
      fc.property(table, lengths, lineEnd, (rows, cuts, end) => {
        const text = rows.map((row) => row.map(quote).join(',')).join(end) + end
        const values = read(text, cuts).map(({ values }) => values)
        expect(values).toEqual(rows)
        expect(values).toEqual(
          parse(text, { relax_column_count: true, record_delimiter: end, skip_empty_lines: true }),
        )
      }),
    )
  })

  it('are the same in any pieces, whatever the text is', () => {
    const garbage = fc.string({ unit: fc.constantFrom('a', '"', ',', '\n', '\r', ' '), maxLength: 30 })
    const outcome = (text: string, cuts?: readonly number[]) => {
      try {
        return read(text, cuts)
      } catch (error) {
        return (error as Error).message.replace(/, column \d+/, '')
      }
    }
    fc.assert(
      fc.property(garbage, lengths, (text, cuts) => {
        expect(outcome(text, cuts)).toEqual(outcome(text))
      }),
    )
  })

  it('know the line in which they begin', () => {
    const text = 'a,b\n"1\n2",x\r\n\n"3\r\n4",y\rz,z'
    expect(read(text).map(({ line, values }) => [line, values[1]])).toEqual([
      [1, 'b'],
      [2, 'x'],
      [5, 'y'],
      [7, 'z'],
    ])
  })

  it.each([
    ['1,"x"y,3\n4,5,6', 'There is text behind the closing quote.', 2],
    ['1,x"y,3\n4,5,6', 'There is a quote inside a field that does not begin with one.', 2],
  ])('are marked where quotes are broken, and the next one is whole: %j', (text, reason, column) => {
    const [bad, good] = read(text)
    expect(bad).toMatchObject({ line: 1, problem: { reason, column } })
    expect(good).toEqual({ line: 2, values: ['4', '5', '6'], problem: undefined })
  })

  it('never come out of the inside of a quoted text that follows a broken quote', () => {
    const [bad, good] = read('1,"x"y,"\nrevenue,2025,1000000\n",3\n4,5')
    expect(bad).toMatchObject({ line: 1, values: ['1', 'xy', '\nrevenue,2025,1000000\n', '3'] })
    expect(good).toMatchObject({ line: 4, values: ['4', '5'] })
  })

  it('end with an error where a quote is never closed, with its line and column', () => {
    expect(() => read('a,b\n1,2\n3,"4\n5,6\n')).toThrow('Line 3, column 3: A quote is never closed.')
  })

  it.each([
    ['without quotes', 'x'.repeat(10_000_000)],
    ['in quotes', `"${'x\n'.repeat(5_000_000)}"`],
    ['of records', `"${'revenue,,fees,2025,1\n'.repeat(500_000)}"`],
  ])('are rejected where a field is of ten megabytes %s, and the next one is whole', (_, large) => {
    const records = read(`a,b\n1,${large}\n3,4\n`, [65_536])
    const lines = large.split('\n').length
    expect(records).toMatchObject([
      { line: 1, values: ['a', 'b'] },
      { line: 2, values: [], problem: { reason: 'The record is longer than 1,000,000 characters.' } },
      { line: 2 + lines, values: ['3', '4'] },
    ])
  })

  it('end with an error where a quote of ten megabytes is never closed', () => {
    expect(() => read(`a\n1,"${'x'.repeat(10_000_000)}`, [65_536])).toThrow(
      'Line 2: A quote is never closed.',
    )
  })
})
