import { strToU8, zipSync, type Zippable } from 'fflate'
import { pathToFileURL } from 'node:url'
import { describe, expect, it } from 'vitest'
import { SourceError } from '@efir/cells/import'
import { statementsOf } from '../../src/import/map/columns.ts'
import { recordText } from '../../src/import/map/record-text.ts'
import { Digits, readValue } from '../../src/import/map/value.ts'
import { CsvRecords } from '../../src/import/read/csv-records.ts'
import { textOf } from '../../src/import/read/decode.ts'
import { readNdjson } from '../../src/import/read/ndjson.ts'
import { readRecords } from '../../src/import/read/read.ts'
import { longestRecord } from '../../src/import/read/record.ts'
import { openable, type ImportSource, type SourceFormat } from '../../src/import/read/source.ts'
import { openArchive } from '../../src/import/read/xlsx-archive.ts'
import { fileWith } from './support/place.ts'
import { workbook } from './support/workbook.ts'

async function* inPieces<T>(...pieces: T[]): AsyncGenerator<T, void, undefined> {
  for (const piece of pieces) yield await Promise.resolve(piece)
}

describe('text that comes as text already', () => {
  it('loses the byte order mark at its beginning, and nothing else', async () => {
    const read = async (...pieces: string[]) =>
      (await Array.fromAsync(textOf(inPieces(...pieces), undefined))).join('')
    expect(await read('\ufeffa', '\ufeffb')).toBe('a\ufeffb')
    expect(await read('', '\ufeffa')).toBe('a')
    expect(await read('a\n', 'b')).toBe('a\nb')
  })
})

describe('JSON lines', () => {
  const read = async (...pieces: string[]) =>
    (await Array.fromAsync(readNdjson(inPieces(...pieces)).chunks)).flat()
  const long = `"${'x'.repeat(longestRecord)}`

  it('that are longer than any record are rejected once, and reading goes on behind them', async () => {
    const records = await read('{"a": 1}\n', long, 'still the same', 'end"\n{"a": 2}\n', '{"a": 3}')
    expect(records.map(({ line, problem }) => [line, problem?.reason])).toEqual([
      [1, undefined],
      [2, 'The record is longer than 1,000,000 characters.'],
      [3, undefined],
      [4, undefined],
    ])
  })

  it('may end in the middle of such a line', async () => {
    expect(await read(long, 'and so on')).toMatchObject([{ line: 1, problem: {} }])
  })
})

describe('a table whose record is longer than any', () => {
  const read = (...pieces: string[]) => {
    const reader = new CsvRecords(',')
    return [...pieces.flatMap((piece) => reader.push(piece)), ...reader.end()]
  }
  const long = 'x'.repeat(longestRecord + 1)
  const told = (records: readonly { readonly line: number; readonly problem?: object | undefined }[]) =>
    records.map(({ line, problem }) => [line, problem !== undefined])

  it.each([
    ['a line end that comes in two pieces', [long, 'more\r', '\na,b\n']],
    ['carriage returns alone', [`${long}\ra,b\r`]],
    ['line feeds', [`${long}\na,b\n`]],
  ])('is passed over up to its end: %s', (_, pieces) => {
    expect(told(read(...pieces))).toEqual([
      [1, true],
      [2, false],
    ])
  })

  it('has line ends in its quotes that are none of its own', () => {
    const quoted = `"${'x'.repeat(longestRecord)}`
    expect(told(read(quoted, '\nstill inside\r\n', 'end",b\n', 'a,b'))).toEqual([
      [1, true],
      [4, false],
    ])
  })

  it('may be one of many short fields in quotes', () => {
    const fields = '"a",'.repeat(longestRecord / 4 + 1)
    expect(told(read(fields, 'end\na,b'))).toEqual([
      [1, true],
      [2, false],
    ])
  })

  it('ends the reading where its quote is never closed', () => {
    expect(() => read(`"${'x'.repeat(longestRecord)}`, 'still inside')).toThrow(
      new SourceError('A quote is never closed.', { line: 1 }),
    )
  })
})

describe('a record, as it is shown to whoever has to mend it', () => {
  it('is one line of what it holds', () => {
    const values = [null, undefined, new Digits('1.50'), 'a "b"', { text: 'c,d' }, 7, 8n, true, { other: 1 }]
    expect(recordText({ line: 1, values })).toBe(',,1.50,"a ""b""","c,d",7,8,true,…')
    expect(recordText({ line: 1, values: { a: { text: 'b' }, c: null } })).toBe('{"a":"b","c":""}')
  })

  it('is cut where it is long', () => {
    expect(recordText({ line: 1, values: ['x'.repeat(3_000)] })).toBe(`${'x'.repeat(2_000)}…`)
  })
})

describe('a value', () => {
  const numeral = (text: string) => (text === '1' ? { decimal: '1' } : { reason: 'It is not a number.' })

  it.each([
    [' ', 'number', {}],
    [{ text: '' }, 'number', {}],
    [{ text: '' }, 'text', { input: { text: '' } }],
    [new Digits('1.50'), 'text', { input: { text: '1.50' } }],
    [undefined, 'text', {}],
    [true, 'text', { reason: 'It is not text.' }],
    [7n, 'number', { input: '7' }],
    [true, 'number', { reason: 'It is not a number.' }],
    [new Digits('.'), 'number', { reason: 'It does not fit a cell.' }],
    [new Digits('1e99'), 'number', { reason: 'It does not fit a cell.' }],
    [new Digits('12e-1'), 'number', { input: '1.2' }],
    ['anything', 'empty', { input: null }],
  ] as const)('is read as it is stated (%#)', (raw, kind, reading) => {
    expect(readValue(raw, kind, numeral as never)).toEqual(reading)
  })
})

describe('columns', () => {
  const header = Array.from({ length: 25 }, (_, index) => `column ${index}`)

  it.each([
    [{ periods: /\d{4}-\d\d/ }, 'columns.periods', 'a pattern for columns of the source: "column 0", '],
    [{ periods: ['2025'] }, 'columns.periods', 'columns of the source: "column 0", '],
    [{ period: 'month' }, 'columns.period', 'one of the columns of the source: "column 0", '],
  ])('%o that the table does not have are refused, with those that it has', (more, field, allowed) => {
    const columns = { module: { value: 'm' }, field: { value: 'f' }, value: 'column 1', ...more }
    expect(() => statementsOf(columns as never, header)).toThrow(
      expect.objectContaining({
        field,
        allowed: expect.stringMatching(new RegExp(`^${allowed}.* and 5 more$`)) as string,
      }) as Error,
    )
  })
})

describe('a workbook', () => {
  const archive = async (source: ImportSource) =>
    await openArchive(await openable(source, 'xlsx'), undefined, () => undefined)
  const refused = async (work: Promise<unknown>) =>
    await work.then(
      () => expect.unreachable(),
      (error: unknown) => error as Error,
    )

  it('may be named by a URL', async () => {
    const path = fileWith('plan.xlsx', workbook(''))
    const opened = await archive(pathToFileURL(path))
    expect(opened.has('xl/workbook.xml')).toBe(true)
    expect(await refused(Array.fromAsync(opened.text('xl/none.xml')))).toMatchObject({
      message: 'The workbook has no part xl/none.xml.',
    })
    opened.close()
  })

  it('that is encrypted is told as such', async () => {
    const bytes = workbook('')
    // In the directory, each part has a flag that says so.
    const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength)
    for (let at = 0; at + 10 < bytes.length; at++) {
      if (view.getUint32(at, true) === 0x02014b50)
        view.setUint16(at + 8, view.getUint16(at + 8, true) | 1, true)
    }
    const opened = await archive(inPieces(bytes))
    expect(await refused(Array.fromAsync(opened.text('xl/workbook.xml')))).toMatchObject({
      name: 'SourceError',
      message: 'The workbook is encrypted.',
    })
  })

  it('has no end of parts', async () => {
    const many: Zippable = {}
    for (let index = 0; index <= 10_000; index++) many[`part${index}`] = [strToU8(''), { level: 0 }]
    expect(await refused(archive(inPieces(zipSync(many))))).toMatchObject({
      message: 'The workbook has more than 10000 parts.',
    })
  })

  it('comes in bytes, and of a stream at most so many', async () => {
    expect(await refused(archive(inPieces('PK')))).toMatchObject({ code: 'invalid', field: 'source' })
    const piece = new Uint8Array(17 * 1024 * 1024)
    expect(await refused(archive(inPieces(piece, piece, piece, piece)))).toMatchObject({
      message: 'A workbook of more than 64 MB cannot be read from a stream.',
      hint: 'Save it to a file, and pass its name.',
    })
  })

  const records = async (sheetData: string, options = {}) => {
    const read = await readRecords(
      await openable(inPieces(workbook(sheetData)), 'xlsx'),
      options,
      undefined,
      () => undefined,
    )
    return { header: read.header, records: (await Array.fromAsync(read.chunks)).flat() }
  }
  const text = (value: string) => `<c t="inlineStr"><is><t>${value}</t></is></c>`

  it('shows what each cell is, and nothing where there is nothing', async () => {
    const { header, records: rows } = await records(
      `<row r="1">${text('a')}<c r="C1"><v>2026</v></c></row>` +
        `<row r="2"><c t="b"><v>1</v></c><c t="b"><v>0</v></c>${text('x')}<c><v/></c></row>`,
    )
    expect(header).toEqual(['a', '', '2026'])
    expect(rows.map(({ values }) => values)).toEqual([['TRUE', 'FALSE', 'x']])
  })

  it('with a column whose name is an error cannot be read', async () => {
    expect(await refused(records('<row r="1"><c t="e"><v>#REF!</v></c></row>'))).toMatchObject({
      name: 'SourceError',
      line: 1,
      column: 1,
    })
  })

  it('may have no header of its own', async () => {
    const { records: rows } = await records(`<row r="1">${text('x')}</row>`, { header: ['a'] })
    expect(rows).toMatchObject([{ line: 1, values: ['x'] }])
  })
})

describe('a source', () => {
  it.each<[string, unknown, SourceFormat | undefined, string]>([
    ['a file whose name does not tell', '/tmp/plan', undefined, 'format'],
    ['a URL whose name does not tell', new URL('file:///tmp/plan'), undefined, 'format'],
    ['a URL of another kind', new URL('https://project.example/plan.csv'), undefined, 'source'],
    ['a file that is not there', '/tmp/there-is-no-such-plan.csv', undefined, 'source'],
    ['a stream that does not tell', new ReadableStream(), undefined, 'format'],
    ['a number', 7, 'csv', 'source'],
    ['a format that there is not', '/tmp/plan.csv', 'ods' as SourceFormat, 'format'],
  ])('%s is refused', async (_, source, format, field) => {
    await expect(openable(source as ImportSource, format)).rejects.toMatchObject({ code: 'invalid', field })
  })

  it('that is a device has no size', async () => {
    expect(await openable('/dev/null', 'csv')).toMatchObject({ size: undefined, format: 'csv' })
  })

  it('that nobody reads to its end is let go of, also when its signal ends it', async () => {
    let returned = 0
    const endless = {
      [Symbol.asyncIterator]: () => ({
        next: () => Promise.resolve({ done: false as const, value: 'a\n' }),
        return: () => {
          returned++
          return Promise.resolve({ done: true as const, value: undefined })
        },
      }),
    }
    const controller = new AbortController()
    const reading = (await openable(endless, 'csv')).open(controller.signal)
    await reading.next()
    await reading.return()
    const aborted = (await openable(endless, 'csv')).open(controller.signal)
    await aborted.next()
    controller.abort(new Error('no longer'))
    await expect(
      Promise.resolve().then(async () => {
        for (;;) await aborted.next()
      }),
    ).rejects.toThrow('no longer')
    expect(returned).toBe(2)
  })
})
