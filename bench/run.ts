// Runs one suite of benches:  npm run bench -- SUITE [--small] [--json FILE]   See docs/benchmarks.md.
import { readdirSync } from 'node:fs'
import { join } from 'node:path'
import { parseOptions, usage, UsageError } from './options.ts'
import { earlierRows, table, withRow, writeReport, type Row } from './report.ts'
import type { RunSuite } from './suite.ts'

const suites = readdirSync(join(import.meta.dirname, 'suites'))
  .filter((name) => name.endsWith('.ts'))
  .map((name) => name.slice(0, -'.ts'.length))
  .sort()

try {
  const { suite, scale, fresh, json, add, only } = parseOptions(process.argv.slice(2), suites)
  const { run } = (await import(`./suites/${suite}.ts`)) as { run: RunSuite }
  const started = performance.now()
  // As they come, so that a run that is stopped leaves what it measured.
  const rows: Row[] = []
  let written = json !== undefined && add ? earlierRows(json, suite) : []
  const measured = run({
    scale,
    fresh,
    wants: (name) => name.startsWith(only),
    progress: (message) =>
      console.error(`${((performance.now() - started) / 1000).toFixed(1).padStart(7)} s  ${message}`),
  })
  for await (const row of Symbol.asyncIterator in measured ? measured : await measured) {
    rows.push(row)
    console.error(table([row]))
    if (json !== undefined) {
      written = withRow(written, row)
      writeReport(json, { suite, date: new Date().toISOString(), node: process.version, rows: written })
    }
  }
  console.log(table(rows))
} catch (error) {
  if (!(error instanceof UsageError)) throw error
  console.error(`${error.message}\n\n${usage(suites)}`)
  process.exitCode = 2
}
