import { mkdirSync, readFileSync } from 'node:fs'
import { createServer, type Server } from 'node:http'
import { createRequire } from 'node:module'
import type { AddressInfo } from 'node:net'
import { join } from 'node:path'
import { build } from 'esbuild'
import type { Browser, Page } from 'playwright-core'
import { launchChromium } from '../support/chromium.ts'
import { BrowserCoverage } from '../support/coverage.ts'
import type { Gallery, Given, Look } from './page.tsx'

declare const gallery: Gallery

/** Where pictures of the scenes are put; without it, none are taken. */
const pictures = process.env.GALLERY_PICTURES
const source = join(import.meta.dirname, '../../../src')
const requireHere = createRequire(import.meta.url)

const pageStyles = `
  * { box-sizing: border-box }
  html { font: 14px/1.5 'Liberation Sans', system-ui, sans-serif; background: light-dark(#fff, #16181c); color: light-dark(#1c2128, #e6e9ee) }
  body { margin: 0; padding: 16px }
  .bar { display: flex; align-items: center; gap: 12px; border-bottom: 1px solid light-dark(#dfe3e8, #373d46); padding: 6px 8px }
  .badges { display: flex; gap: 8px; flex-wrap: wrap; max-width: 500px }
  .panel { height: 620px; display: flex; margin-top: 12px }
  .sheet { display: flex; height: 560px } .sheet table { flex: 1; border-collapse: collapse; align-self: start }
  output { overflow-wrap: anywhere }
  td, th { border: 1px solid light-dark(#dfe3e8, #373d46); padding: 3px 8px; text-align: end; font-weight: 400 }
`

/** Where the script of the page would lie. */
const pathOfScript = join(import.meta.dirname, 'page.js')

/** A browser, and a server with the page. */
export async function openGallery() {
  const bundle = async (react: string) => {
    const { outputFiles } = await build({
      entryPoints: [join(import.meta.dirname, 'page.tsx')],
      alias: {
        '@efir/cells/react': join(source, 'react/index.ts'),
        '@efir/cells': join(source, 'index.ts'),
        ...(react === '18' && {
          'react-dom': join(import.meta.dirname, '../../react/react-18/node_modules/react-dom'),
          react: join(import.meta.dirname, '../../react/react-18/node_modules/react'),
        }),
      },
      define: { 'process.env.NODE_ENV': '"development"' },
      jsx: 'automatic',
      bundle: true,
      format: 'iife',
      write: false,
      outfile: pathOfScript,
      sourcemap: 'external',
    })
    const [sourceMap = '', script = ''] = outputFiles.map(({ text }) => text)
    return { script, sourceMap }
  }
  const scripts = { '19': await bundle('19'), '18': await bundle('18') }
  const styles = readFileSync(join(source, 'react/styles.css'), 'utf8')
  const server: Server = createServer(({ url = '/' }, response) => {
    const [, react = '19', file] = url.split('/')
    const [type, body] =
      file === 'page.js'
        ? ['text/javascript', scripts[react as '18' | '19'].script]
        : file === 'styles.css'
          ? ['text/css', styles]
          : [
              'text/html; charset=utf-8',
              `<!doctype html><html lang="en"><head><title>Gallery</title><link rel="icon" href="data:,"><link rel="stylesheet" href="styles.css"><style>${pageStyles}</style></head><body><main></main><script src="page.js"></script></body></html>`,
            ]
    response.setHeader('content-type', type)
    response.end(body)
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  const browser = await launchChromium()
  const { port } = server.address() as AddressInfo
  const coverage = new BrowserCoverage(`http://127.0.0.1:${port}/19/page.js`)
  return {
    /** A window with the gallery in it, and what its console complained about. */
    async visit(given: Given, react: '18' | '19' = '19', options: Parameters<Browser['newContext']>[0] = {}) {
      const context = await browser.newContext({ viewport: { width: 900, height: 720 }, ...options })
      const page = await context.newPage()
      const complaints: string[] = []
      page.on('console', (message) => {
        if (['error', 'warning'].includes(message.type())) complaints.push(message.text())
      })
      page.on('pageerror', (error) => complaints.push(String(error)))
      await coverage.count(page)
      await page.goto(`http://127.0.0.1:${port}/${react}/`)
      await page.evaluate((to) => gallery.open(to), given)
      const close = async () => {
        await coverage.take(page)
        await context.close()
      }
      return { page, complaints, close }
    },
    async close() {
      const { script, sourceMap } = scripts[19]
      await coverage.write(pathOfScript, script, sourceMap)
      await browser.close()
      await new Promise((resolve) => server.close(resolve))
    },
  }
}

/** Draws a scene anew. */
export async function show(page: Page, look: Look): Promise<void> {
  await page.evaluate((how) => gallery.show(how), look)
}

/** What has been chosen so far. */
export async function told(page: Page): Promise<readonly string[]> {
  return await page.evaluate(() => gallery.told)
}

/** What axe finds that is serious or critical, as sentences. */
export async function findings(page: Page): Promise<readonly string[]> {
  if (!(await page.evaluate(() => 'axe' in globalThis))) {
    await page.addScriptTag({ path: requireHere.resolve('axe-core/axe.min.js') })
  }
  // Colours are looked at as they stay, not as they come in.
  await page.evaluate(() =>
    Promise.all(
      document
        .getAnimations()
        .filter(({ effect }) => effect?.getComputedTiming().iterations !== Infinity)
        .map(({ finished }) => finished),
    ),
  )
  const { violations } = await page.evaluate(() =>
    (globalThis as unknown as { axe: typeof import('axe-core') }).axe.run(),
  )
  return violations
    .filter(({ impact }) => impact === 'serious' || impact === 'critical')
    .flatMap(({ id, nodes }) =>
      nodes.map(({ html, failureSummary }) => `${id}: ${html}\n${failureSummary ?? ''}`),
    )
}

/** A picture, where pictures are wanted. */
export async function picture(page: Page, name: string): Promise<void> {
  if (pictures === undefined) return
  mkdirSync(pictures, { recursive: true })
  await page.screenshot({ path: join(pictures, `${name}.png`) })
}
