import { createRequire } from 'node:module'
import { readFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { beforeAll, expect, it } from 'vitest'
import { exportCells, importCells, type RecordView, type WideColumns } from '@efir/cells/import'
import { entityOf, readReceipts, toCells, type ReceiptsRow } from '../../examples/federal-budget/receipts.ts'
import { useStack } from '../support/stack.ts'
import { fileWith, ownFolder } from './support/place.ts'
import { contents, signedInImporter } from './support/tenant.ts'

const stack = await useStack()
const tenant = await signedInImporter(stack)

const columns: WideColumns = {
  module: { value: 'receipts' },
  entity: (record: RecordView) => entityOf(record as ReceiptsRow),
  field: { value: 'amount' },
  periods: /\d{4}|TQ/,
}

let rows: readonly ReceiptsRow[]
let expected: readonly string[]
beforeAll(async () => {
  rows = await readReceipts()
  expected = toCells(rows)
    .map(
      ({ address, value }) =>
        `receipts/${address.entity}/amount/${address.period}/number/${value.replace(/^-0$/, '0')}`,
    )
    .sort()
})

/** As published, with the ids of the entities: as text, 57 and "57" are one. */
function asCsv(): string {
  const table = rows.map((row) => ({ Entity: entityOf(row), ...row }))
  const field = (value: unknown) => `"${String(value).replaceAll('"', '""')}"`
  const lines = [Object.keys(table[0] ?? {}), ...table.map((row) => Object.values(row))]
  return lines.map((line) => line.map(field).join(',')).join('\r\n')
}

it('the budget of vega-datasets gives the same cells from its JSON, from a CSV and from an XLSX made of it', async () => {
  const fromJson = (await tenant.newBudget()).budget
  const json = join(
    dirname(createRequire(import.meta.url).resolve('vega-datasets')),
    '..',
    'data',
    'budget.json',
  )
  const published = JSON.parse(readFileSync(json, 'utf8')) as readonly object[]
  const report = await importCells(fromJson, published, { columns, locale: 'en-US' })
  expect(report.counts).toMatchObject({ created: expected.length, invalid: 0, duplicate: 0 })
  expect((await contents(fromJson)).join('\n')).toBe(expected.join('\n'))

  const fromCsv = (await tenant.newBudget()).budget
  const csv = fileWith('budget.csv', asCsv())
  await importCells(fromCsv, csv, { columns: { ...columns, entity: 'Entity' }, locale: 'en-US' })
  expect((await contents(fromCsv)).join('\n')).toBe(expected.join('\n'))

  const fromXlsx = (await tenant.newBudget()).budget
  const xlsx = join(ownFolder(), 'budget.xlsx')
  await exportCells(fromJson, xlsx, { shape: 'wide' })
  await importCells(fromXlsx, xlsx, {
    columns: { module: 'module', entity: 'entity', field: 'field', kind: 'kind', periods: /\d{4}|TQ/ },
  })
  expect((await contents(fromXlsx)).join('\n')).toBe(expected.join('\n'))
}, 120_000)
