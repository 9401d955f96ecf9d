import { createServerClient } from '@supabase/ssr'
import type { Browser } from 'playwright-core'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { createCells, type Budget } from '@efir/cells'
import { giveSession, type Credentials } from '../../examples/planning-grid/sessions.ts'
import { hasChromium, inChromium, launchChromium } from '../browser/support/chromium.ts'
import { useStack } from '../support/stack.ts'
import { startNext } from './support/next-server.ts'

const stack = await useStack()
const at = (period: string) => ({ module: 'plan', field: 'growth', period })
const patience = 20_000

let next: Awaited<ReturnType<typeof startNext>>
let bob: Budget
let alice: Credentials
let cookies: { readonly name: string; readonly value: string }[] = []

beforeAll(async () => {
  const organization = await stack.createOrganization()
  const { id } = await stack.createBudget({ organization })
  bob = createCells(stack.signIn(await stack.createUser({ organization }))).budget(id)
  await bob.writeMany(['2026', '2027'].map((period) => ({ cell: at(period), value: '1.5', ifVersion: 0 })))
  alice = await giveSession(stack, { ...(await stack.createUser({ organization })), name: 'Alice' })
  const auth = createServerClient(stack.url, stack.anonKey, {
    cookies: {
      getAll: () => cookies,
      setAll: (set) => void (cookies = set.map(({ name, value }) => ({ name, value }))),
    },
  })
  await auth.auth.signInWithPassword(alice)
  next = await startNext({
    NEXT_PUBLIC_SUPABASE_URL: stack.url,
    NEXT_PUBLIC_SUPABASE_ANON_KEY: stack.anonKey,
    CELLS_BUDGET: id,
  })
  // Compiles the page, so that no test waits for it.
  await fetch(next.origin)
}, 120_000)

afterAll(() => next[Symbol.asyncDispose]())

async function htmlFor(cookie: string): Promise<string> {
  const response = await fetch(next.origin, { headers: { cookie } })
  expect(response.status, next.output()).toBe(200)
  return await response.text()
}

describe('the page that Next renders', () => {
  it('has the cells in it for whoever may see them, and for nobody else', async () => {
    const html = await htmlFor(cookies.map(({ name, value }) => `${name}=${value}`).join('; '))
    expect(html.match(/value="1.5"/g)).toHaveLength(2)
    const strange = await htmlFor('')
    expect(strange).toContain('Sign in')
    expect(strange).not.toContain('1.5')
  })
})

describe.skipIf(!hasChromium)(inChromium('the same page in the browser'), () => {
  let browser: Browser
  beforeAll(async () => void (browser = await launchChromium()))
  afterAll(() => browser.close())

  it('goes on from what the server read: with what changed meanwhile, and without reading it again', async () => {
    const context = await browser.newContext()
    await context.addCookies(cookies.map((cookie) => ({ ...cookie, url: next.origin })))
    const page = await context.newPage()
    page.setDefaultTimeout(patience)
    const complaints: string[] = []
    page.on('pageerror', (error) => complaints.push(String(error)))
    page.on('console', (message) => {
      if (message.type() === 'error') complaints.push(message.text())
    })
    const asked: string[] = []
    page.on('request', (request) => asked.push(new URL(request.url()).pathname.replace(/.*\/rpc\//, '')))
    const { promise: held, resolve: release } = Promise.withResolvers<null>()
    await page.route('**/_next/static/**/*.js*', async (route) => {
      await held
      await route.continue()
    })
    await page.goto(next.origin, { waitUntil: 'commit' })
    const amount = (period: string) => page.getByLabel(`growth ${period}`)
    // Rendered by the server, and not live yet.
    await amount('2026').waitFor()
    const shown = await page.evaluate(() => {
      const seen: string[] = []
      const look = () => {
        const now = document.querySelector('input')?.value ?? 'nothing'
        if (now !== seen.at(-1)) seen.push(now)
        requestAnimationFrame(look)
      }
      look()
      return Object.assign(window, { seen }).seen
    })
    expect(shown).toEqual(['1.5'])
    await bob.write(await bob.read(at('2026')), '2.5')
    release(null)
    await page.waitForFunction(() => document.querySelector('input')?.value === '2.5')
    await page.getByText('Live').first().waitFor()
    expect(await page.evaluate(() => (window as unknown as { seen: string[] }).seen)).toEqual(['1.5', '2.5'])
    expect(asked).toContain('changes_since')
    expect(asked).not.toContain('list_cells')

    await bob.write(await bob.read(at('2027')), '3.5')
    await page.waitForFunction(() => document.querySelectorAll('input')[1]?.value === '3.5')
    await amount('2027').fill('4.5')
    await amount('2027').blur()
    await expect.poll(async () => (await bob.read(at('2027'))).value, { timeout: patience }).toBe('4.5')
    expect(complaints).toEqual([])
    await page.unrouteAll({ behavior: 'ignoreErrors' })
    await context.close()
  })

  it('lets somebody in who knows his password', async () => {
    const page = await browser.newPage()
    page.setDefaultTimeout(patience)
    await page.goto(next.origin)
    await page.getByLabel('Email').fill(alice.email)
    await page.getByLabel('Password').fill('wrong')
    await page.getByRole('button', { name: 'Sign in' }).click()
    await page.getByRole('alert').filter({ hasText: 'Nobody is known' }).waitFor()
    await page.getByLabel('Email').fill(alice.email)
    await page.getByLabel('Password').fill(alice.password)
    await page.getByRole('button', { name: 'Sign in' }).click()
    await page.getByLabel('growth 2026').waitFor()
    await page.close()
  })
})
