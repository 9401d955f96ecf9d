// npm run coverage [-- vitest's own arguments]: how much of src the tests run, in Node and in the browser.
import { spawnSync } from 'node:child_process'
import { existsSync, readdirSync, readFileSync, rmSync } from 'node:fs'
import { join, resolve } from 'node:path'
import { createCoverageMap, type CoverageMapData, type FileCoverage } from '@vitest/istanbul-lib-coverage'
import { createAsync, createContext } from '@vitest/istanbul-lib-report'

/** Per cent, of the whole. */
const least = { lines: 95, branches: 95 } as const

const folder = resolve('coverage')
const browser = join(folder, 'browser')
rmSync(folder, { recursive: true, force: true })
const { status } = spawnSync('vitest', ['run', '--coverage', ...process.argv.slice(2)], {
  stdio: 'inherit',
  env: { ...process.env, BROWSER_COVERAGE: browser },
})

const read = (path: string) => JSON.parse(readFileSync(path, 'utf8')) as CoverageMapData
const coverage = createCoverageMap(read(join(folder, 'coverage-final.json')))
const covered = (file: FileCoverage) => file.toSummary().branches.covered
for (const name of existsSync(browser) ? readdirSync(browser) : []) {
  const there = createCoverageMap(read(join(browser, name)))
  for (const path of there.files()) {
    if (!coverage.files().includes(path)) continue
    // The same lines, cut into branches by another compiler, are no sum: the one that saw more of a file stands for it.
    const inBrowser = there.fileCoverageFor(path)
    if (covered(inBrowser) > covered(coverage.fileCoverageFor(path))) {
      coverage.filter((other) => other !== path)
      coverage.addFileCoverage(inBrowser)
    }
  }
}

const context = createContext({ dir: folder, coverageMap: coverage })
for (const report of ['text', 'json-summary'] as const) (await createAsync(report)).execute(context)
const summary = coverage.getCoverageSummary()
const short = (['lines', 'branches'] as const).filter((kind) => Number(summary[kind].pct) < least[kind])
for (const kind of short) console.error(`${kind}: ${String(summary[kind].pct)} % of ${String(least[kind])} %`)
process.exitCode = short.length > 0 ? 1 : (status ?? 1)
