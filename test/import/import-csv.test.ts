import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { Readable } from 'node:stream'
import { describe, expect, it } from 'vitest'
import { importCells, type ImportDifference, type ImportReject } from '@efir/cells/import'
import { useStack } from '../support/stack.ts'
import { fileWith, ownFolder } from './support/place.ts'
import { contents, signedInImporter } from './support/tenant.ts'

const stack = await useStack()
const tenant = await signedInImporter(stack)
const entity = '0199a3c4-0000-7000-8000-000000000001'

const long = [
  'School;Line;Year;Amount',
  `${entity};fees;2025;1’234.50`,
  `${entity};fees;2026;-7`,
  `;heads;2025;12`,
].join('\n')
const longColumns = {
  module: { value: 'revenue' },
  entity: 'School',
  field: 'Line',
  period: 'Year',
  value: 'Amount',
}

describe('a table with a cell a line', () => {
  it('is imported as one step, and undone as one', async () => {
    const { budget } = await tenant.newBudget()
    const path = fileWith('plan.csv', long)
    const report = await importCells(budget, path, { columns: longColumns, locale: 'de-CH', batchSize: 2 })
    expect(report.counts).toMatchObject({ created: 3, updated: 0, unchanged: 0, invalid: 0 })
    expect(report).toMatchObject({ records: 3, resumed: false, dryRun: false, revision: 2 })
    expect(await contents(budget)).toEqual([
      'revenue//heads/2025/number/12',
      `revenue/${entity}/fees/2025/number/1234.5`,
      `revenue/${entity}/fees/2026/number/-7`,
    ])
    const undone = await stack
      .signIn(tenant.user)
      .schema('efir_budget')
      .rpc('undo', { p_budget_version_id: budget.id })
    expect(undone.data).toMatchObject({ sessionId: report.sessionId, label: 'Import plan.csv' })
    expect((await contents(budget)).every((cell) => cell.endsWith('/empty/'))).toBe(true)
  })

  it('changes nothing the second time', async () => {
    const { budget } = await tenant.newBudget()
    const once = () =>
      importCells(budget, Readable.from([Buffer.from(long)]), {
        format: 'csv',
        columns: longColumns,
        locale: 'de-CH',
      })
    await once()
    const again = await once()
    expect(again.counts).toMatchObject({ created: 0, updated: 0, unchanged: 3 })
    expect(again).toMatchObject({ sessionId: null, revision: 1 })
  })

  it('rejects what is not acceptable, with line, column and reason, and imports the rest', async () => {
    const { budget } = await tenant.newBudget()
    const rejects: ImportReject[] = []
    const report = await importCells(
      budget,
      fileWith(
        'plan.csv',
        [
          'School,Line,Year,Amount',
          'no uuid,fees,2025,1',
          ',fees,2025,"1,234"',
          ',fees,2026,NaN',
          ',fees,2026,1e400',
          ',"two',
          'lines",2026,3',
          ',,2026,4',
          ',fees,2027,5,6',
          ',fees,2028,7',
          ',fees,2028,8',
          ',fees,2029,',
          ',fees,2030,=1+1',
        ].join('\r\n'),
      ),
      { columns: longColumns, rejects: (reject) => void rejects.push(reject) },
    )
    expect(report.counts).toMatchObject({ created: 2, invalid: 7, duplicate: 1, skipped: 1 })
    expect(rejects.map(({ line, column, status }) => [line, column, status])).toEqual([
      [2, 'entity', 'invalid'],
      [3, 'Amount', 'invalid'],
      [4, 'Amount', 'invalid'],
      [5, 'Amount', 'invalid'],
      [8, 'field', 'invalid'],
      [9, null, 'invalid'],
      [11, null, 'duplicate'].map((part) => part ?? 'Amount'),
      [13, 'Amount', 'invalid'],
    ])
    expect(rejects[6]?.reason).toBe('The cell is named in line 10 already.')
    expect(await contents(budget)).toEqual([
      'revenue//fees/2028/number/7',
      'revenue//two\r\nlines/2026/number/3',
    ])
  })
})

describe('a table with a column a period', () => {
  it.each([
    { how: 'by name', periods: ['2025', '2026'] },
    { how: 'by a pattern', periods: /\d{4}/ },
  ])('is imported with its periods $how', async ({ periods }) => {
    const { budget } = await tenant.newBudget()
    const text = 'Line\t2025\t2026\tNote\nfees\t1,5\t\tx\nrent\t2\t3\ty\n'
    const report = await importCells(budget, fileWith('wide.tsv', text), {
      columns: { module: { value: 'm' }, field: (record) => `x_${String(record.Line)}`, periods },
      locale: 'fr',
    })
    expect(report.counts).toMatchObject({ created: 3, skipped: 1 })
    expect(await contents(budget)).toEqual([
      'm//x_fees/2025/number/1.5',
      'm//x_rent/2025/number/2',
      'm//x_rent/2026/number/3',
    ])
  })
})

describe('a mode', () => {
  const rows = (...values: readonly string[]) =>
    values.map((value, index) => ({ module: 'm', field: `f${index}`, value }))
  const begin = async () => {
    const { budget, others } = await tenant.newBudget()
    await importCells(budget, rows('1', '2'))
    return { budget, others }
  }

  it('insert leaves existing cells alone and reports them', async () => {
    const { budget } = await begin()
    const report = await importCells(budget, rows('9', '9', '9'), { mode: 'insert' })
    expect(report.counts).toMatchObject({ created: 1, exists: 2 })
    expect(await contents(budget)).toEqual(['m//f0//number/1', 'm//f1//number/2', 'm//f2//number/9'])
  })

  it('update makes no cells and reports those that are not there, deleted ones too', async () => {
    const { budget } = await begin()
    await budget.delete(await budget.read({ module: 'm', field: 'f1' }))
    const report = await importCells(budget, rows('9', '9', '9'), { mode: 'update' })
    expect(report.counts).toMatchObject({ updated: 1, missing: 2 })
    expect(await contents(budget)).toEqual(['m//f0//number/9'])
  })

  it('replace deletes what the source does not name, in the same step', async () => {
    const { budget } = await begin()
    await importCells(budget, [{ module: 'other', field: 'f', value: '5' }])
    const report = await importCells(budget, rows('7'), {
      mode: 'replace',
      deleteMissing: true,
      filter: { module: 'm' },
    })
    expect(report.counts).toMatchObject({ updated: 1, deleted: 1 })
    expect(report.sessionIds).toHaveLength(1)
    expect(await contents(budget)).toEqual(['m//f0//number/7', 'other//f//number/5'])
  })

  it('replace deletes nothing where a record does not say what it names', async () => {
    const { budget } = await begin()
    const source = [...rows('7'), { field: 'no module', value: '1' }]
    const ended = importCells(budget, source, { mode: 'replace', deleteMissing: true, filter: {} })
    await expect(ended).rejects.toMatchObject({
      name: 'ImportError',
      code: 'invalid',
      report: { counts: { updated: 1 } },
    })
    expect(await contents(budget)).toEqual(['m//f0//number/7', 'm//f1//number/2'])
  })

  it.each(['insert', 'update', 'upsert', 'replace'] as const)(
    '%s counts in a dry run what it then does',
    async (mode) => {
      const { budget } = await begin()
      await importCells(budget, [{ module: 'm', field: 'left', value: '1' }])
      const differences: ImportDifference[] = []
      const options = mode === 'replace' ? ({ mode, deleteMissing: true, filter: {} } as const) : { mode }
      const before = await contents(budget)
      const dry = await importCells(budget, rows('1', '9', '9'), {
        ...options,
        dryRun: true,
        onDifference: (difference) => void differences.push(difference),
      })
      expect(await contents(budget)).toEqual(before)
      const real = await importCells(budget, rows('1', '9', '9'), options)
      expect(dry.counts).toEqual(real.counts)
      expect(dry).toMatchObject({ dryRun: true, sessionId: null })
      const changed = differences.find(({ cell, status }) => cell.field === 'f1' && status === 'updated')
      if (mode !== 'insert') expect(changed).toMatchObject({ before: { value: '2' }, after: '9', line: 2 })
    },
  )
})

describe('a file of rejects', () => {
  it('is a table that runs nothing in a spreadsheet', async () => {
    const { budget } = await tenant.newBudget()
    const rejects = join(ownFolder(), 'rejects.csv')
    const source = fileWith('plan.csv', 'Line,Amount\n"=cmd|""/c calc""!A1",x\n+SUM(A1),"@x\n"\n')
    await importCells(budget, source, {
      columns: { module: { value: 'm' }, field: 'Line', value: 'Amount' },
      rejects,
    })
    expect(readFileSync(rejects, 'utf8')).toMatchInlineSnapshot(`
      "line,column,status,reason,module,entity,field,period,record
      2,Amount,invalid,It is not a number that can be read for certain.,m,,"'=cmd|""/c calc""!A1",,"""=cmd|""""/c calc""""!A1"",x"
      3,Amount,invalid,It is not a number that can be read for certain.,m,,'+SUM(A1),,"'+SUM(A1),""@x
      """
      "
    `)
  })
})
