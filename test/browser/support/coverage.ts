import { mkdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { mergeScriptCovs, type ScriptCov } from '@bcoe/v8-coverage'
import { convert } from 'ast-v8-to-istanbul'
import type { Page } from 'playwright-core'
import { parse } from 'vite'

type SourceMap = NonNullable<Parameters<typeof convert>[0]['sourceMap']>

/** Where `npm run coverage` looks for what ran in a browser; without it, nothing is counted. */
const folder = process.env.BROWSER_COVERAGE

/** Counts what of one script ran, in as many windows as load it. */
export class BrowserCoverage {
  readonly #url: string
  #counted: ScriptCov[] = []

  /** @param url how the windows load the script */
  constructor(url: string) {
    this.#url = url
  }

  /** From now on, and for the page's whole life. */
  async count(page: Page): Promise<void> {
    if (folder !== undefined) await page.coverage.startJSCoverage({ resetOnNavigation: false })
  }

  /** Before the page is closed. */
  async take(page: Page): Promise<void> {
    if (folder === undefined) return
    const scripts = await page.coverage.stopJSCoverage()
    this.#counted.push(...scripts.filter(({ url }) => url === this.#url))
  }

  /** Tells of the sources of a script that lies at `path`, if only by its source map. */
  async write(path: string, code: string, sourceMap: string): Promise<void> {
    const coverage = mergeScriptCovs(this.#counted)
    if (folder === undefined || coverage === undefined) return
    const bySource = await convert({
      ast: parse('page.js', code).then(({ program }) => program),
      code,
      coverage: { ...coverage, url: `file://${path}` },
      sourceMap: JSON.parse(sourceMap) as SourceMap,
    })
    mkdirSync(folder, { recursive: true })
    writeFileSync(join(folder, `${String(process.pid)}.json`), JSON.stringify(bySource))
  }
}
