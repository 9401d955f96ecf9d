import { readFile } from 'node:fs/promises'
import { createRequire } from 'node:module'
import { join, resolve } from 'node:path'
import { v5 as uuidFrom } from 'uuid'
import { importCells, type ImportColumns, type ImportProgress, type ImportReport } from '../import/index.ts'
import type { Budget } from '../index.ts'
import { countOf } from './cell-words.ts'
import { CommandError } from './exit-codes.ts'
import type { ProgressBar } from './progress-bar.ts'

type Seeding = {
  readonly cwd: string
  readonly signal: AbortSignal
  readonly bar: ProgressBar
}

/** Puts something into a budget: again changes nothing. */
export async function seed(
  budget: Budget,
  what: string,
  { cwd, signal, bar }: Seeding,
): Promise<ImportReport | undefined> {
  const onProgress = ({ records, bytes, totalBytes }: ImportProgress): void => {
    bar.update(bytes, `seeding: ${countOf(records, 'record')}`, totalBytes)
  }
  if (what === 'none') return undefined
  if (what !== 'federal-budget') return await importCells(budget, resolve(cwd, what), { signal, onProgress })
  return await importCells(budget, await readReceipts(cwd), {
    columns: receiptColumns,
    locale: 'en-US',
    session: 'US federal receipts',
    signal,
    onProgress,
  })
}

/** Account codes alone repeat; all of these together do not. */
const codes = [
  'Source Category Code',
  'Source subcategory',
  'Agency code',
  'Bureau code',
  'Account code',
  'Treasury Agency code',
  'On- or off-budget',
]
/** Any constant will do, as long as it never changes: entity ids are derived from it. */
const namespace = '6f1c6d5e-4a0b-5d7e-9a53-5b6f0c1f2a77'

const receiptColumns: ImportColumns = {
  module: { value: 'receipts' },
  entity: (row) => uuidFrom(JSON.stringify(codes.map((column) => row[column])), namespace),
  field: { value: 'amount' },
  periods: /\d{4}|TQ/,
}

/** The data set as it lies in the package `vega-datasets` of whoever runs the command. */
async function readReceipts(cwd: string): Promise<readonly unknown[]> {
  try {
    const entry = createRequire(join(cwd, 'package.json')).resolve('vega-datasets')
    return JSON.parse(await readFile(join(entry, '../../data/budget.json'), 'utf8')) as readonly unknown[]
  } catch (cause) {
    throw new CommandError('usage', 'The data is not installed. Run: npm install --save-dev vega-datasets', {
      cause,
    })
  }
}
