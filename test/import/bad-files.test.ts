import { strToU8, zipSync } from 'fflate'
import fc from 'fast-check'
import { beforeAll, describe, expect, it } from 'vitest'
import { isCellsError, type Budget } from '@efir/cells'
import { importCells, ImportError, type ImportOptions, type ImportReject } from '@efir/cells/import'
import { useStack } from '../support/stack.ts'
import { fileWith } from './support/place.ts'
import { contents, signedInImporter } from './support/tenant.ts'
import { workbook } from './support/workbook.ts'

const stack = await useStack()
const tenant = await signedInImporter(stack)
let budget: Budget
beforeAll(async () => {
  budget = (await tenant.newBudget()).budget
})

const utf16 = (text: string, isBig = false) => {
  const bytes = Buffer.from(text, 'utf16le')
  return isBig ? bytes.swap16() : bytes
}
const bytes = (...parts: readonly (string | readonly number[])[]) =>
  Buffer.concat(parts.map((part) => (typeof part === 'string' ? Buffer.from(part) : Buffer.from(part))))

/** Imports the bytes in pieces of a length into a new budget. */
async function imported(content: Uint8Array, options: ImportOptions, pieceLength = 5) {
  const rejects: ImportReject[] = []
  const { budget } = await tenant.newBudget()
  async function* pieces() {
    for (let at = 0; at < content.length; at += pieceLength) yield content.subarray(at, at + pieceLength)
  }
  const report = await importCells(budget, pieces(), {
    ...options,
    rejects: (reject) => void rejects.push(reject),
  })
  return { report, rejects, cells: await contents(budget) }
}

describe('text', () => {
  const text = 'module,field,value\nm,fé,5\n'

  it.each([
    ['UTF-8', bytes(text)],
    ['UTF-8 with its mark', bytes([0xef, 0xbb, 0xbf], text)],
    ['UTF-16 little-endian with its mark', bytes([0xff, 0xfe], [...utf16(text)])],
    ['UTF-16 big-endian with its mark', bytes([0xfe, 0xff], [...utf16(text, true)])],
  ])('in %s is read, however it is cut', async (_, content) => {
    for (const length of [1, 2, 7]) {
      expect((await imported(content, { format: 'csv' }, length)).cells).toEqual(['m//fé//number/5'])
    }
  })

  it('in another encoding is read where that is named, and refused with line and column where not', async () => {
    const latin = Buffer.from(text, 'latin1')
    expect((await imported(latin, { format: 'csv', encoding: 'windows-1252' })).cells).toEqual([
      'm//fé//number/5',
    ])
    const error = await imported(latin, { format: 'csv' }).catch((reason: unknown) => reason)
    const { cause = error } = error as Error
    expect(cause).toMatchObject({ name: 'SourceError', code: 'invalid', line: 2, column: 4 })
    expect((cause as Error).message).toBe('Line 2, column 4: The bytes are not UTF-8.')
  })

  it('that is UTF-16 and does not say so is refused with what to do', async () => {
    await expect(imported(utf16(text), { format: 'csv' })).rejects.toMatchObject({
      name: 'SourceError',
      hint: 'Name the encoding: { encoding: "utf-16le" } or "utf-16be".',
    })
    await expect(imported(bytes(text), { format: 'csv', encoding: 'klingon' })).rejects.toMatchObject({
      field: 'encoding',
    })
  })

  it('with NUL characters is rejected by the record', async () => {
    const { rejects, cells } = await imported(
      bytes('module,field,value\nm,a\u0000b,1\nm,c,2\u0000\nm,d,3\n'),
      {
        format: 'csv',
      },
    )
    expect(rejects).toMatchObject([
      { line: 2, column: 'field', status: 'invalid' },
      { line: 3, column: 'value', status: 'invalid' },
    ])
    expect(cells).toEqual(['m//d//number/3'])
  })

  it.each([
    ['', 'source'],
    ['\n\n', 'source'],
    ['a,b,c\n1,2,3', 'columns.module'],
    ['module,field,value,value\n', 'source'],
    ['module,"field"x,value\n', 'source'],
  ])('with a wrong header is refused before anything is written: %j', async (content, field) => {
    await expect(imported(bytes(content), { format: 'csv' })).rejects.toMatchObject({
      name: 'ValidationError',
      field,
    })
  })

  it('with a quote that is never closed ends the import with what had landed before', async () => {
    const content = `module,field,value\n${'m,a,1\n'.repeat(1)}m,b,2\nm,"c,3\n`
    const error = (await imported(bytes(content), { format: 'csv', batchSize: 1 }).catch(
      (reason: unknown) => reason,
    )) as ImportError
    expect(error).toBeInstanceOf(ImportError)
    expect(error.message).toContain('Line 4, column 3: A quote is never closed.')
    expect(error.report.counts.created).toBe(1)
  })
})

describe('JSON lines', () => {
  it('keep every digit, and are rejected one by one', async () => {
    const lines = [
      '{"module":"m","field":"a","value":99999999999999.9999}',
      '{"module":"m","field":"b","value":1.5e3}',
      '{"module":"m","field":"c","value":-25e-4}',
      '{"module":"m","field":"d","value":{"text":"=1+1"}}',
      '{"module":"m","field":"e","value":null}',
      '{"module":"m","field":"f","value":1e400}',
      '{"module":"m","field":"g","value":1.00001}',
      '{"module":"m","field":"h","value":true}',
      '{"module":"m","field":"i","value":[1]}',
      '[1]',
      '7',
      '{"module":"m",',
      '{"module":"m","field":"a","value":1}',
      '{"__proto__":{"module":"m"},"field":"j","value":1}',
      `{"module":"${'x'.repeat(2_000_000)}"}`,
      '{"module":"m","field":"last","value":"7"}',
    ]
    const { rejects, cells, report } = await imported(bytes(lines.join('\r\n')), { format: 'ndjson' }, 65_536)
    expect(cells).toEqual([
      'm//a//number/99999999999999.9999',
      'm//b//number/1500',
      'm//c//number/-0.0025',
      'm//d//text/=1+1',
      'm//last//number/7',
    ])
    expect(report.counts).toMatchObject({ skipped: 1, duplicate: 1, invalid: 9 })
    expect(rejects.map(({ line, status }) => `${line} ${status}`)).toEqual([
      '6 invalid',
      '7 invalid',
      '8 invalid',
      '9 invalid',
      '10 invalid',
      '11 invalid',
      '12 invalid',
      '13 duplicate',
      '14 invalid',
      '15 invalid',
    ])
    expect(({} as Record<string, unknown>).module).toBeUndefined()
  })
})

describe('a workbook', () => {
  const header =
    '<row r="1"><c r="A1" t="s"><v>0</v></c><c r="B1" t="s"><v>1</v></c><c r="C1" t="inlineStr"><is><t>2025</t></is></c></row>'
  const shared =
    '<si><t>Line</t></si><si><r><t>No</t></r><r><t>te</t></r><rPh><t>x</t></rPh></si><si><t>fees</t></si>'
  const options: ImportOptions = {
    format: 'xlsx',
    columns: { module: { value: 'm' }, field: 'Line', periods: ['2025'] },
  }
  const row = (number: number, cell: string) =>
    `<row r="${number}"><c r="A${number}" t="inlineStr"><is><t>f${number}</t></is></c>${cell}</row>`

  it('is read as its cells show: numbers, texts, values of formulas, and no dates or errors', async () => {
    const styles =
      '<numFmts><numFmt numFmtId="164" formatCode="dd\\.mm\\.yyyy"/><numFmt numFmtId="165" formatCode="0.00 &quot;days&quot;"/></numFmts>' +
      '<cellXfs><xf numFmtId="0"/><xf numFmtId="14"/><xf numFmtId="164"/><xf numFmtId="165"/></cellXfs>'
    const rows = [
      header,
      '<row r="2"><c r="A2" t="s"><v>2</v></c><c r="C2"><v>0.30000000000000004</v></c></row>',
      row(3, '<c r="C3"><v>1E-3</v></c>'),
      row(4, '<c r="C4"><f>A1+1</f><v>12.5</v></c>'),
      row(5, '<c r="C5"><f>A1+1</f></c>'),
      row(6, '<c r="C6" t="e"><v>#DIV/0!</v></c>'),
      row(7, '<c r="C7" s="1"><v>45658</v></c>'),
      row(8, '<c r="C8" s="2"><v>45658.5</v></c>'),
      row(9, '<c r="C9" s="3"><v>7</v></c>'),
      row(10, '<c r="C10" t="b"><v>1</v></c>'),
      row(11, '<c r="C11" t="s"><v>99</v></c>'),
      row(12, '<c r="C12" t="str"><v>1.234</v></c>'),
      row(13, '<c r="C13"><v>1</v></c><c r="D13"><v>2</v></c>'),
      row(20, '<c r="C20"><v>8</v></c>'),
    ]
    const { cells, rejects } = await imported(workbook(rows.join(''), { shared, styles }), options, 1_000)
    expect(cells).toEqual([
      'm//f20/2025/number/8',
      'm//f3/2025/number/0.001',
      'm//f4/2025/number/12.5',
      'm//f9/2025/number/7',
      'm//fees/2025/number/0.3',
    ])
    expect(rejects.map(({ line, column }) => [line, column])).toEqual([
      [5, '2025'],
      [6, '2025'],
      [7, '2025'],
      [8, '2025'],
      [10, '2025'],
      [11, '2025'],
      [12, '2025'],
      [13, null],
    ])
    expect(rejects[2]?.record).toContain('2025-01-01')
    expect(rejects[3]?.record).toContain('2025-01-01T12:00:00.000Z')
  })

  it('counts days from 1904 where it says so', async () => {
    const rows = header + row(2, '<c r="C2" s="0"><v>44196</v></c>')
    const parts = {
      shared,
      styles: '<cellXfs><xf numFmtId="14"/></cellXfs>',
      properties: '<workbookPr date1904="1"/>',
    }
    const { rejects } = await imported(workbook(rows, parts), options, 1_000)
    expect(rejects[0]?.record).toContain('2025-01-01')
  })

  it('is read by the name of a sheet, and refused where there is none', async () => {
    const rows = header + row(2, '<c r="C2"><v>1</v></c>')
    expect(
      (await imported(workbook(rows, { shared }), { ...options, sheet: 'Plan' }, 1_000)).cells,
    ).toHaveLength(1)
    await expect(imported(workbook(rows, { shared }), { ...options, sheet: 'Other' })).rejects.toMatchObject({
      field: 'sheet',
      allowed: 'one of Plan',
    })
  })

  it.each([
    ['no archive', bytes('PK but no archive')],
    ['an archive of something else', zipSync({ 'readme.txt': strToU8('hello') })],
    ['cut off', workbook(header, { shared }).subarray(0, 500)],
    ['broken XML', workbook('<row><c></row>', { shared })],
    ['no sheet data', workbook('', { shared })],
    ['an entity that grows', workbook(`${header}<row><c t="str"><v>&lol;</v></c></row>`, { shared })],
    ['a bomb for a sheet', workbook(`${header}${' '.repeat(20_000_000)}`, { shared })],
    [
      'a bomb of shared texts',
      workbook(header, { shared: `${shared}<si><t>${'x'.repeat(40_000_000)}</t></si>` }),
    ],
  ])('is refused where it is %s', async (_, content) => {
    const error: unknown = await imported(content, options, 65_536).catch((reason: unknown) => reason)
    expect(isCellsError(error, 'invalid')).toBe(true)
  })

  it('is not believed where it lies about what it unpacks to', async () => {
    const honest = Buffer.from(
      workbook(`${header}${row(2, `<c r="C2" t="str"><v>${'1'.repeat(50_000)}</v></c>`)}`, { shared }),
    )
    const size = Buffer.from('xl/worksheets/sheet1.xml')
    const entry = honest.lastIndexOf(size)
    honest.writeUInt32LE(100, entry - 46 + 24)
    const error: unknown = await imported(honest, options, 65_536).catch((reason: unknown) => reason)
    expect(isCellsError(error, 'invalid')).toBe(true)
    expect((error as Error).message).toContain('The workbook cannot be read')
  })
})

describe('any bytes at all', () => {
  const valid = {
    csv: bytes('module,field,value\nm,a,1\nm,"b",2\n'),
    ndjson: bytes('{"module":"m","field":"a","value":1}\n'),
    xlsx: Buffer.from(
      workbook(
        '<row><c t="str"><v>module</v></c><c t="str"><v>field</v></c><c t="str"><v>value</v></c></row><row><c t="str"><v>m</v></c><c t="str"><v>f</v></c><c><v>1</v></c></row>',
      ),
    ),
  }
  it.each(['csv', 'ndjson', 'xlsx'] as const)(
    'as %s give a report or an error of the library, and never anything else',
    async (format) => {
      const content = fc.oneof(
        fc.uint8Array({ maxLength: 200 }),
        fc
          .array(fc.tuple(fc.nat(valid[format].length - 1), fc.nat(255)), { minLength: 1, maxLength: 4 })
          .map((changes) => {
            const damaged = Buffer.from(valid[format])
            for (const [at, byte] of changes) damaged.writeUInt8(byte, at)
            return damaged
          }),
      )
      await fc.assert(
        fc.asyncProperty(content, async (some) => {
          const source = [some] as unknown as AsyncIterable<Uint8Array>
          const outcome: unknown = await importCells(budget, source, { format, dryRun: true }).catch(
            (error: unknown) => error,
          )
          expect(isCellsError(outcome) || (outcome as { dryRun?: boolean }).dryRun).toBe(true)
        }),
        { numRuns: 150 },
      )
    },
    60_000,
  )
})

describe('a source', () => {
  it.each([
    ['a file that is not there', '/nowhere/plan.csv', {}, 'source'],
    ['a file whose name does not tell', '/nowhere/plan', {}, 'format'],
    ['a place on the web', new URL('https://example.com/plan.csv'), {}, 'source'],
    ['nothing', undefined, {}, 'source'],
    ['objects that are said to be text', [{ module: 'm' }], { format: 'csv' }, 'source'],
    ['a stream that does not tell', new ReadableStream(), {}, 'format'],
    ['another format', [], { format: 'pdf' }, 'format'],
  ])('is refused where it is %s', async (_, source, options, field) => {
    await expect(importCells(budget, source as string, options as ImportOptions)).rejects.toMatchObject({
      name: 'ValidationError',
      field,
    })
  })

  it.each([
    [{ mode: 'merge' }, 'mode'],
    [{ mode: 'replace' }, 'deleteMissing'],
    [{ mode: 'replace', deleteMissing: true }, 'filter'],
    [{ deleteMissing: true }, 'mode'],
    [{ batchSize: 10_001 }, 'batchSize'],
    [{ connections: 0 }, 'connections'],
    [{ maxRejects: -1 }, 'maxRejects'],
    [{ session: 'x'.repeat(201) }, 'session'],
    [{ locale: 'no such' }, 'locale'],
    [{ format: 'csv', delimiter: '"' }, 'delimiter'],
    [{ rejects: '/nowhere/at/all.csv' }, 'rejects'],
    [{ checkpoint: '/dev' }, 'checkpoint'],
  ])('is not touched where an option is not acceptable: %o', async (options, field) => {
    const source = fileWith('plan.csv', 'module,field,value\nm,f,1\n')
    await expect(importCells(budget, source, options as ImportOptions)).rejects.toMatchObject({
      name: 'ValidationError',
      field,
    })
  })

  it('that keeps silent does not hold up an abort', async () => {
    const controller = new AbortController()
    const reason = new Error('enough')
    async function* silent() {
      yield { module: 'm', field: 'f', value: 1 }
      controller.abort(reason)
      await new Promise(() => undefined)
    }
    await expect(importCells(budget, silent(), { signal: controller.signal })).rejects.toBe(reason)
  })

  it('that fails ends the import with what it failed with', async () => {
    const cause = new Error('the disk is gone')
    async function* failing() {
      yield { module: 'm', field: 'f', value: 1 }
      throw cause
    }
    await expect(importCells(budget, failing(), {})).rejects.toMatchObject({ name: 'ImportError', cause })
  })

  it('of too many rejects ends the import', async () => {
    const source = Array.from({ length: 10 }, (_, index) => ({ module: 'm', field: `f${index}`, value: 'x' }))
    await expect(importCells(budget, source, { maxRejects: 3, batchSize: 2 })).rejects.toMatchObject({
      report: { records: 4, counts: { invalid: 4 } },
    })
  })
})
