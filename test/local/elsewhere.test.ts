import { execFile } from 'node:child_process'
import { mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { expect, onTestFinished } from 'vitest'
import { startLocalStack } from '../../src/local/index.ts'
import { environmentOf } from '../support/environment.ts'
import { localOnly } from '../support/stack.ts'

const root = join(import.meta.dirname, '..', '..')

interface Report {
  readonly numPassedTests: number
  readonly numPendingTests: number
  readonly success: boolean
}

localOnly('it starts another stack').it(
  'suites of calls and of live sheets run against the Supabase that the environment names, in another process',
  async () => {
    await using stack = await startLocalStack()
    const directory = mkdtempSync(join(tmpdir(), 'cells-elsewhere-'))
    onTestFinished(() => rmSync(directory, { recursive: true, force: true }))
    const file = join(directory, 'report.json')
    const suites = ['core-road', 'stream'].map((name) => `test/contract/${name}.test.ts`)
    const vitest = join(root, 'node_modules', 'vitest', 'vitest.mjs')
    await promisify(execFile)(
      process.execPath,
      [vitest, 'run', '--project', 'cells', ...suites, '--reporter=json', `--outputFile=${file}`],
      { cwd: root, env: { ...process.env, ...environmentOf(stack) } },
    ).catch((error: unknown) => {
      throw new Error(readFileSync(file, 'utf8'), { cause: error })
    })

    const report = JSON.parse(readFileSync(file, 'utf8')) as Report
    expect(report).toMatchObject({ success: true, numPendingTests: 0 })
    expect(report.numPassedTests).toBeGreaterThan(20)
    // It was here, and nothing is left.
    const [row] = await stack.sql<{ written: number; left: number }[]>`
      SELECT (SELECT last_value::integer FROM efir_budget.cell_commit_ids) AS written,
        (SELECT count(*)::integer FROM efir_budget.organizations) AS left`
    expect(row?.written).toBeGreaterThan(20)
    expect(row?.left).toBe(0)
  },
  120_000,
)
