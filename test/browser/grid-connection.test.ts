import { describe, expect, it } from 'vitest'
import { useStack } from '../support/stack.ts'
import { seriousFindings } from './support/accessibility.ts'
import { hasChromium, inChromium } from './support/chromium.ts'
import type { GridPage } from './support/grid-page.ts'
import { usePeople } from './support/grid-people.ts'
import type { GridWorld } from './support/grid-world.ts'

const stack = await useStack()
let world: GridWorld
let alice: GridPage
let carol: GridPage

usePeople(stack, { names: ['Alice', 'Carol'], rows: 40 }, (company) => {
  world = company.world
  ;({ Alice: alice, Carol: carol } = company.pages)
})

describe.skipIf(!hasChromium)(
  inChromium('the planning grid where network and session end'),
  { timeout: 60_000, retry: 1 },
  () => {
    it('keeps what is written offline, and brings it when the network is back', async () => {
      await carol.context.setOffline(true)
      await carol.state('Offline')
      await carol.type([18, '2018'], '1')
      await carol.type([19, '2018'], '2')
      expect(await seriousFindings(carol.page)).toEqual([])
      await alice.type([20, '2018'], '3')
      expect(await carol.value(20, '2018')).not.toBe('3')
      await carol.context.setOffline(false)
      await carol.state('Live')
      await Promise.all([
        alice.shows([18, '2018'], '1'),
        alice.shows([19, '2018'], '2'),
        carol.shows([20, '2018'], '3'),
      ])
    })

    it('sends after a reload what had not been answered', async () => {
      let isCutOff = true
      carol.onWrite = (route) => (isCutOff ? route.abort() : route.continue())
      await carol.type([21, '2018'], '77')
      await carol.cell(21, '2018').locator('.is-pending').waitFor()
      await carol.reload()
      await carol.ready()
      await carol.cell(21, '2018').locator('.is-pending').waitFor()
      isCutOff = false
      await carol.shows([21, '2018'], '77')
      await alice.shows([21, '2018'], '77')
    })

    it('goes on by itself when its token has run out, and can be renewed again', async () => {
      const { id, email, name, refresh_token } = world.person('Carol')
      const seconds = 5
      const claims = { sub: id, email, user_metadata: { name } }
      let isCutOff = false
      const endOfNext = () => Math.ceil(Date.now() / 1_000) + seconds
      let end = endOfNext()
      const page = await world.open('Carol', {
        session: { access_token: await stack.signToken(claims, { expiresIn: seconds }) },
        prepare: async (context) => {
          await context.route('**/auth/v1/token*', async (route) => {
            if (isCutOff) {
              await route.abort()
              return
            }
            end = endOfNext()
            await route.fulfill({
              headers: { 'access-control-allow-origin': '*' },
              json: {
                access_token: await stack.signToken(claims, { expiresIn: seconds }),
                refresh_token,
                token_type: 'bearer',
                expires_in: seconds,
                expires_at: end,
                user: { id, email, aud: 'authenticated', user_metadata: { name } },
              },
            })
          })
        },
      })
      await page.ready()
      isCutOff = true
      await page.page.waitForTimeout(Math.max(0, end * 1_000 - Date.now()) + 500)
      await page.type([22, '2018'], '88')
      await alice.type([23, '2018'], '89')
      isCutOff = false
      await page.shows([23, '2018'], '89')
      await alice.shows([22, '2018'], '88')
      await page.state('Live')
      await page.close()
    })

    it('asks to sign in where the session cannot be renewed, and loses nothing', async () => {
      await carol.select([24, '2018'])
      await carol.beginWriting('90')
      await carol.page.evaluate(() => {
        for (const key of Object.keys(sessionStorage).filter((name) => name.endsWith('auth-token'))) {
          const session = JSON.parse(sessionStorage.getItem(key) ?? '') as object
          const ended = { ...session, expires_at: 1, refresh_token: 'ended' }
          sessionStorage.setItem(key, JSON.stringify(ended))
        }
      })
      await carol.press('Enter')
      await carol.page.getByRole('heading', { name: 'Your session has ended' }).waitFor()
      expect(await seriousFindings(carol.page)).toEqual([])
      await carol.page.getByLabel('Password').fill('wrong')
      await carol.button('Sign in').click()
      await carol.page.getByRole('alert').filter({ hasText: /./ }).waitFor()
      await carol.page.getByLabel('Password').fill(world.person('Carol').password)
      await carol.button('Sign in').click()
      await alice.shows([24, '2018'], '90')
      await carol.state('Live')
    })

    it('can be read in the dark', async () => {
      await carol.button('Use the dark theme').click()
      await carol.select([21, '2018'])
      expect(await seriousFindings(carol.page)).toEqual([])
    })

    it('shows nothing to somebody of another organisation', async () => {
      const mallory = await world.open('Mallory')
      await mallory.page.getByRole('heading', { name: 'There is nothing here for you' }).waitFor()
      expect(await mallory.page.locator('.cell-value').count()).toBe(0)
      expect(await seriousFindings(mallory.page)).toEqual([])
      await mallory.close()
    })
  },
)
