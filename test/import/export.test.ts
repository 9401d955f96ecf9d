import { createReadStream, createWriteStream, existsSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { Readable, Writable } from 'node:stream'
import { beforeAll, describe, expect, it } from 'vitest'
import type { Budget, CellInput } from '@efir/cells'
import { exportCells, importCells, type ExportFormat } from '@efir/cells/import'
import { useStack } from '../support/stack.ts'
import { ownFolder } from './support/place.ts'
import { contents, signedInImporter } from './support/tenant.ts'

const stack = await useStack()
const tenant = await signedInImporter(stack)
const entity = '0199a3c4-0000-7000-8000-000000000001'

const values: readonly CellInput[] = [
  '99999999999999.9999',
  '-99999999999999.9999',
  '-0.0001',
  '1.234',
  '0',
  { text: '' },
  { text: ' à revoir, "vite"\r\n🧮 ' },
  { text: '1234' },
  { text: '=1+1' },
  { text: "'=quoted" },
  { text: "'plain" },
  { text: '+41 22' },
  { text: '-' },
  { text: '@here' },
  { text: '\tTab' },
  { text: '_x0041_ \u0001\u000b\r' },
  { text: 'null' },
]

let budget: Budget
let before: readonly string[]
beforeAll(async () => {
  budget = (await tenant.newBudget()).budget
  await budget.writeMany(
    values.map((value, index) => ({
      cell: {
        module: index % 2 === 0 ? 'm' : '=module',
        entity: index % 3 === 0 ? null : entity,
        field: `f ${index}`,
        period: index % 4 === 0 ? null : '2025',
      },
      value,
      ifVersion: 0,
    })),
  )
  const emptied = await budget.write({ module: 'm', field: 'empty' }, 1, { ifVersion: 0 })
  await budget.write(emptied, null)
  before = (await contents(budget)).filter((line) => !line.endsWith('/empty/'))
})

describe.each<ExportFormat>(['csv', 'ndjson', 'xlsx'])('an export as %s', (format) => {
  it('is imported into another budget as exactly the same cells', async () => {
    const path = join(ownFolder(), `budget.${format}`)
    const report = await exportCells(budget, path)
    expect(report).toMatchObject({ cells: values.length + 1, bytes: readFileSync(path).length, revision: 3 })
    const { budget: copy } = await tenant.newBudget()
    const { counts } = await importCells(copy, path)
    expect(counts).toMatchObject({ created: values.length, unchanged: 1, invalid: 0, skipped: 0 })
    expect(await contents(copy)).toEqual(before)
  })

  it('changes nothing where it came from, and is the same bytes again', async () => {
    const [first, second] = [join(ownFolder(), `one.${format}`), join(ownFolder(), `two.${format}`)]
    await exportCells(budget, first)
    const { counts } = await importCells(budget, first)
    expect(counts).toMatchObject({ created: 0, updated: 0, unchanged: values.length + 1 })
    await exportCells(budget, second)
    expect(readFileSync(second).equals(readFileSync(first))).toBe(true)
  })

  it('goes to a stream of Node, of the platform, or to a function, and comes from one', async () => {
    const expected = join(ownFolder(), `file.${format}`)
    await exportCells(budget, expected)
    const path = join(ownFolder(), 'stream')
    const node = createWriteStream(path)
    await exportCells(budget, node, { format })
    await new Promise((resolve) => node.end(resolve))
    const platform: Uint8Array[] = []
    await exportCells(
      budget,
      new WritableStream({ write: (piece: Uint8Array) => void platform.push(piece) }),
      { format },
    )
    const pieces: Uint8Array[] = []
    await exportCells(budget, (piece) => void pieces.push(piece), { format })
    for (const bytes of [readFileSync(path), Buffer.concat(platform), Buffer.concat(pieces)]) {
      expect(bytes.equals(readFileSync(expected))).toBe(true)
    }
    for (const source of [createReadStream(path), Readable.toWeb(createReadStream(path)) as ReadableStream]) {
      expect((await importCells(budget, source, { format })).counts).toMatchObject({
        unchanged: values.length + 1,
      })
    }
  })
})

describe('an export', () => {
  it('guards the texts of a CSV from being run as formulas', async () => {
    const path = join(ownFolder(), 'budget.csv')
    await exportCells(budget, path)
    const fields = readFileSync(path, 'utf8').split(/[,\n]"?/)
    expect(fields.filter((field) => /^[=+@\t]/.test(field))).toEqual([])
    expect(fields).toContain("'=1+1\r")
    expect(fields).toContain("''=quoted\r")
  })

  it('as of a revision shows what there was then', async () => {
    const { budget } = await tenant.newBudget()
    const cell = { module: 'm', field: 'f' }
    await importCells(budget, [{ ...cell, value: '1' }])
    await importCells(budget, [{ ...cell, value: '2' }])
    const text: string[] = []
    const report = await exportCells(budget, (piece) => void text.push(Buffer.from(piece).toString()), {
      format: 'ndjson',
      asOf: { revision: 1 },
    })
    expect(report).toMatchObject({ cells: 1, revision: 1 })
    expect(JSON.parse(text.join(''))).toEqual({
      ...cell,
      entity: null,
      period: null,
      kind: 'number',
      value: 1,
    })
  })

  it('of changes has a row for each, the newest first', async () => {
    const { budget } = await tenant.newBudget()
    const cell = { module: 'm', field: 'f' }
    await importCells(budget, [{ ...cell, value: '1' }], { session: '=label' })
    await importCells(budget, [{ ...cell, value: '2' }])
    const text: string[] = []
    await exportCells(budget, (piece) => void text.push(Buffer.from(piece).toString()), {
      format: 'ndjson',
      shape: 'changes',
    })
    const rows = text
      .join('')
      .trim()
      .split('\n')
      .map((line) => JSON.parse(line) as object)
    expect(rows).toMatchObject([
      { revision: 2, action: 'update', before: 1, after: 2, versionAfter: 2, changeType: 'import' },
      { revision: 1, action: 'insert', before: null, after: 1, sessionLabel: '=label', by: tenant.user.id },
    ])
  })

  it('as a wide table has a column a period, and is imported by its periods', async () => {
    const { budget } = await tenant.newBudget()
    await importCells(budget, [
      { module: 'm', field: 'a', period: '2025', value: '1.234' },
      { module: 'm', field: 'a', period: '2026', value: '2' },
      { module: 'm', field: 'b', period: '2026', value: { text: 'x' } },
    ])
    const path = join(ownFolder(), 'wide.csv')
    await exportCells(budget, path, { shape: 'wide' })
    expect(readFileSync(path, 'utf8').split('\r\n').sort()).toEqual([
      '',
      'm,,a,number,1.234,2',
      'm,,b,text,,x',
      'module,entity,field,kind,2025,2026',
    ])
    const { counts } = await importCells(budget, path, {
      columns: { module: 'module', field: 'field', kind: 'kind', periods: /20\d\d/ },
      locale: 'exact',
    })
    expect(counts).toMatchObject({ unchanged: 3, skipped: 1 })
  })

  it('leaves the file that was there when it does not come to its end', async () => {
    const path = join(ownFolder(), 'budget.csv')
    writeFileSync(path, 'before')
    const reason = new Error('enough')
    await expect(exportCells(budget, path, { signal: AbortSignal.abort(reason) })).rejects.toBe(reason)
    const nobody = exportCells(budget, path, { asOf: { revision: 1_000_000 } })
    await expect(nobody).rejects.toMatchObject({ code: 'invalid' })
    expect(readFileSync(path, 'utf8')).toBe('before')
    expect(existsSync(`${path}.partial`)).toBe(false)
  })

  it('fails with what its stream fails with', async () => {
    const failing = new Writable({ write: (_piece, _encoding, done) => done(new Error('disk full')) })
    failing.on('error', () => undefined)
    await expect(exportCells(budget, failing, { format: 'csv' })).rejects.toThrow('disk full')
  })

  it.each([
    [{ format: 'pdf' as 'csv' }, 'format'],
    [{ format: undefined }, 'format'],
    [{ format: 'csv', shape: 'round' as 'long' }, 'shape'],
    [{ format: 'csv', shape: 'changes', asOf: { revision: 1 } }, 'asOf'],
  ] as const)('refuses %o and names the %s', async (options, field) => {
    await expect(exportCells(budget, () => undefined, options)).rejects.toMatchObject({
      code: 'invalid',
      field,
    })
  })
})
