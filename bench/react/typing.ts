import { createServer, type Server } from 'node:http'
import type { AddressInfo } from 'node:net'
import { join } from 'node:path'
import { build } from 'esbuild'
import type { Browser, Page } from 'playwright-core'
import { createCells } from '../../src/index.ts'
import type { SupabaseCoordinates, Tenants } from '../../src/local/index.ts'
import { launchChromium } from '../../test/browser/support/chromium.ts'
import { percentile } from '../measure.ts'
import { latencyRow, rounded, type Row } from '../report.ts'
import type { SuiteContext } from '../suite.ts'
import { addressOf, type BenchPage, type Given } from './page.ts'
import { costOfKeys, type KeyCost } from './trace.ts'

declare const bench: BenchPage

const root = join(import.meta.dirname, '../..')
const columns = 100
/** As a quick typist types. */
const keyMilliseconds = 80

/** Both subjects' grids of 10,000 cells in Chromium: what another's change renders, and what a key costs. */
export async function* measureTyping(
  coordinates: SupabaseCoordinates,
  tenants: Tenants,
  { scale, wants, progress }: SuiteContext,
): AsyncGenerator<Row> {
  const rows = Math.max(2, Math.round(100 * Math.min(1, scale)))
  const organization = await tenants.createOrganization()
  const [alice, bob] = [
    await tenants.createUser({ organization }),
    await tenants.createUser({ organization }),
  ]
  const { id } = await tenants.createBudget({ organization })
  const budget = createCells(tenants.signIn(bob)).budget(id)
  for (let row = 0; row < rows; row++) {
    const changes = Array.from({ length: columns }, (_, column) => ({
      cell: addressOf({ row, column }),
      value: '1',
      ifVersion: 0,
    }))
    await budget.writeMany(changes, { session: 'Fill' })
  }
  const given: Given = {
    rows,
    columns,
    url: coordinates.url,
    key: coordinates.anonKey,
    token: alice.accessToken,
    budget: id,
  }
  const { server, browser } = await openBrowser()
  try {
    const address = `http://127.0.0.1:${(server.address() as AddressInfo).port}`
    const pages = {
      ours: await open(browser, `${address}/ours`, given),
      tinybase: await open(browser, `${address}/tinybase`, given),
    }
    progress(`${rows * columns} cells are shown`)
    if (wants('foreign.change.renders')) {
      const rounds = Math.max(3, Math.round(30 * scale))
      const ours: number[] = []
      const theirs: number[] = []
      for (let round = 0; round < rounds; round++) {
        const place = { row: round % rows, column: (round * 7) % columns }
        const value = String(round + 2)
        ours.push(
          await rendersOf(pages.ours, place, value, async () => {
            const cell = await budget.read(addressOf(place))
            await budget.write(cell, value)
          }),
        )
        theirs.push(
          await rendersOf(pages.tinybase, place, value, () =>
            pages.tinybase.evaluate(([{ row, column }, text]) => bench.change?.(row, column, text), [
              place,
              value,
            ] as const),
          ),
        )
      }
      yield rendersRow(ours, theirs, rows * columns)
    }
    if (wants('typing.scripting')) {
      const keys = Math.max(10, Math.round(200 * scale))
      const samples = { ours: [] as KeyCost[], tinybase: [] as KeyCost[] }
      for (const round of ['warm up', 'one', 'two', 'three']) {
        for (const subject of ['ours', 'tinybase'] as const) {
          const measured = await typed(browser, pages[subject], keys)
          if (round !== 'warm up') samples[subject].push(...measured)
        }
        progress(`typed: ${round}`)
      }
      const all = (subject: keyof typeof samples, part: keyof KeyCost) =>
        samples[subject].map((cost) => cost[part])
      const [ours, theirs] = [all('ours', 'scripting'), all('tinybase', 'scripting')]
      yield latencyRow('typing.scripting', ours, theirs, {
        cells: rows * columns,
        keys: ours.length,
        ratioP95: rounded(percentile(ours, 0.95) / percentile(theirs, 0.95)),
        max: rounded(Math.max(...ours)),
        elapsedP95: rounded(percentile(all('ours', 'elapsed'), 0.95)),
        baselineElapsedP95: rounded(percentile(all('tinybase', 'elapsed'), 0.95)),
        layout: rounded(percentile(all('ours', 'layout'), 0.5)),
        baselineLayout: rounded(percentile(all('tinybase', 'layout'), 0.5)),
      })
    }
  } finally {
    await browser.close()
    server.close()
  }
}

async function openBrowser(): Promise<{ readonly server: Server; readonly browser: Browser }> {
  const scripts = new Map<string, string>()
  for (const subject of ['ours', 'tinybase']) {
    const { outputFiles } = await build({
      entryPoints: [join(import.meta.dirname, `${subject}.tsx`)],
      alias: {
        '@efir/cells': join(root, 'src/index.ts'),
        '@efir/cells/react': join(root, 'src/react/index.ts'),
      },
      bundle: true,
      minify: true,
      format: 'iife',
      jsx: 'automatic',
      define: { 'process.env.NODE_ENV': '"production"' },
      write: false,
    })
    scripts.set(`/${subject}.js`, outputFiles[0]?.text ?? '')
  }
  const server = createServer((request, response) => {
    const path = request.url ?? ''
    const script = scripts.get(path)
    response.setHeader('content-type', script === undefined ? 'text/html; charset=utf-8' : 'text/javascript')
    response.end(script ?? `<!doctype html><main></main><script src="${path}.js"></script>`)
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  return { server, browser: await launchChromium() }
}

async function open(browser: Browser, address: string, given: Given): Promise<Page> {
  const page = await (await browser.newContext()).newPage()
  await page.goto(address)
  await page.evaluate((to) => bench.start(to), given)
  await page.waitForFunction(
    ([rows, columns]) => document.getElementById(`c${rows - 1}-${columns - 1}`)?.textContent === '1',
    [given.rows, given.columns] as const,
  )
  return page
}

/** How many cells are rendered between somebody else's change and some time after it is shown. */
async function rendersOf(
  page: Page,
  { row, column }: { readonly row: number; readonly column: number },
  value: string,
  change: () => Promise<unknown>,
): Promise<number> {
  await page.evaluate(() => bench.renders())
  await change()
  await page.waitForFunction(([id, text]) => document.getElementById(id)?.textContent === text, [
    `c${row}-${column}`,
    value,
  ] as const)
  await page.waitForTimeout(100)
  return await page.evaluate(() => bench.renders())
}

/** What each key costs that is typed into one cell. */
async function typed(browser: Browser, page: Page, keys: number): Promise<KeyCost[]> {
  await page.bringToFront()
  await page.click('#c1-1')
  const input = page.locator('#c1-1 input')
  await input.focus()
  await browser.startTracing(page, { categories: ['devtools.timeline', 'v8', 'disabled-by-default-v8.gc'] })
  for (let key = 0; key < keys; key++) {
    // Ten digits, and away with them again.
    await page.keyboard.press(key % 20 < 10 ? String(key % 10) : 'Backspace', { delay: 20 })
    await page.waitForTimeout(keyMilliseconds - 20)
  }
  await page.waitForTimeout(keyMilliseconds)
  const trace = await browser.stopTracing()
  await input.press('Enter')
  return costOfKeys(trace)
}

function rendersRow(ours: readonly number[], theirs: readonly number[], cells: number): Row {
  const [p50, baseline] = [percentile(ours, 0.5), percentile(theirs, 0.5)]
  return {
    name: 'foreign.change.renders',
    unit: 'renders',
    p50,
    p95: percentile(ours, 0.95),
    baseline,
    ratio: rounded(p50 / baseline),
    max: Math.max(...ours),
    cells,
    changes: ours.length,
  }
}
