import { createServer, type Server } from 'node:http'
import type { AddressInfo } from 'node:net'
import { build } from 'esbuild'
import type { Browser, BrowserContext, Page as Window } from 'playwright-core'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { createCells, type StreamKind } from '@efir/cells'
import { useStack } from '../support/stack.ts'
import { hasChromium, inChromium, launchChromium } from './support/chromium.ts'
import type { Page } from './support/page.ts'

declare const page: Page

const stack = await useStack()
let server: Server
let browser: Browser
let script: string

beforeAll(async () => {
  const { outputFiles } = await build({
    entryPoints: [`${import.meta.dirname}/support/page.ts`],
    alias: { '@efir/cells': `${import.meta.dirname}/../../src/index.ts` },
    bundle: true,
    format: 'iife',
    write: false,
  })
  script = outputFiles[0]?.text ?? ''
  server = createServer((request, response) => {
    const isScript = request.url === '/page.js'
    response.setHeader('content-type', isScript ? 'text/javascript' : 'text/html; charset=utf-8')
    response.end(isScript ? script : '<!doctype html><script src="/page.js"></script>')
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  if (hasChromium) browser = await launchChromium()
})

afterAll(async () => {
  if (hasChromium) await browser.close()
  await new Promise((resolve) => server.close(resolve))
})

/** A budget, a signed-in user, and a browser of his with nothing in it. */
async function world(stream: StreamKind = 'broadcast') {
  const organization = await stack.createOrganization()
  const user = await stack.createUser({ organization })
  const { id } = await stack.createBudget({ organization })
  const context = await browser.newContext()
  const budget = createCells(stack.signIn(user)).budget(id)
  const given = { url: stack.url, key: stack.anonKey, token: user.accessToken, budget: id, stream }
  const start = async (window: Window) => {
    await window.goto(`http://127.0.0.1:${(server.address() as AddressInfo).port}/`)
    return await window.evaluate((to) => page.open(to), given)
  }
  return { context, budget, start }
}

/** From now on, writes reach the database, and nothing that it says reaches the browser. */
async function loseReplies(context: BrowserContext) {
  const operations: string[] = []
  await context.route('**/rpc/**', async (route) => {
    const request = route.request()
    if (request.url().endsWith('/rpc/write_cells') && request.method() === 'POST') {
      operations.push((request.postDataJSON() as { p_operation_id: string }).p_operation_id)
      await route.fetch()
    }
    await route.abort()
  })
  return operations
}

describe.skipIf(!hasChromium)(inChromium('in Chromium'), () => {
  it('a page that is reloaded in the middle of a write sends it again as the same operation', async () => {
    // A broadcast of the write would be as good as its reply.
    const { context, budget, start } = await world('none')
    const window = await context.newPage()
    expect(await start(window)).toBe('persistent')
    const operations = await loseReplies(context)
    await window.evaluate(() => page.set('reload', '7'))
    await window.evaluate(() => page.lists('retrying'))
    await context.unrouteAll({ behavior: 'wait' })
    const again = new Promise<string>((resolve) => {
      window.on('request', (request) => {
        if (!request.url().endsWith('/rpc/write_cells') || request.method() !== 'POST') return
        resolve((request.postDataJSON() as { p_operation_id: string }).p_operation_id)
      })
    })
    await start(window)
    await window.evaluate(() => page.shows('reload', '7', false))
    expect(new Set([...operations, await again]).size).toBe(1)
    expect(await budget.read({ module: 'browser', field: 'reload' })).toMatchObject({
      value: '7',
      version: 1,
    })
    await context.close()
  })

  it('a window that is closed leaves its writes to the other, which does not touch them before', async () => {
    const { context, budget, start } = await world()
    const [first, second] = [await context.newPage(), await context.newPage()]
    await start(first)
    await first.route('**/rpc/**', (route) => route.abort())
    await first.evaluate(() => page.set('left', '1'))
    await first.evaluate(() => page.lists('retrying'))
    expect(await start(second)).toBe('persistent')
    await second.evaluate(() => page.set('own', '2'))
    await second.evaluate(() => page.shows('own', '2', false))
    expect(await budget.read({ module: 'browser', field: 'left' })).toMatchObject({ exists: false })
    await first.close()
    await second.evaluate(() => page.shows('left', '1', false))
    expect(await budget.read({ module: 'browser', field: 'left' })).toMatchObject({ value: '1', version: 1 })
    await context.close()
  })
})
