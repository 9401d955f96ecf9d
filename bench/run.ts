// Runs one suite of benches:  npm run bench -- SUITE [--small] [--json FILE]   See docs/benchmarks.md.
import { readdirSync } from 'node:fs'
import { join } from 'node:path'
import { parseOptions, usage, UsageError } from './options.ts'
import { table, writeReport } from './report.ts'
import type { RunSuite } from './suite.ts'

const suites = readdirSync(join(import.meta.dirname, 'suites'))
  .filter((name) => name.endsWith('.ts'))
  .map((name) => name.slice(0, -'.ts'.length))
  .sort()

try {
  const { suite, scale, fresh, json, only } = parseOptions(process.argv.slice(2), suites)
  const { run } = (await import(`./suites/${suite}.ts`)) as { run: RunSuite }
  const started = performance.now()
  const rows = await run({
    scale,
    fresh,
    wants: (name) => name.startsWith(only),
    progress: (message) =>
      console.error(`${((performance.now() - started) / 1000).toFixed(1).padStart(7)} s  ${message}`),
  })
  console.log(table(rows))
  if (json !== undefined) {
    writeReport(json, { suite, date: new Date().toISOString(), node: process.version, rows })
  }
} catch (error) {
  if (!(error instanceof UsageError)) throw error
  console.error(`${error.message}\n\n${usage(suites)}`)
  process.exitCode = 2
}
