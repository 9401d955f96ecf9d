import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import type { Page } from 'playwright-core'
import type { Sheet } from '@efir/cells'
import { useStack } from '../../support/stack.ts'
import type { Gallery, Look } from './page.tsx'
import { findings, isHere, openGallery, picture, show, told } from './support.ts'
import { furnish, gather } from './world.ts'

declare const gallery: Gallery

const stack = await useStack()
let world: Awaited<ReturnType<typeof furnish>>
let hall: Awaited<ReturnType<typeof openGallery>>
let sheets: Sheet[]

beforeAll(async () => {
  if (!isHere) return
  ;[world, hall] = await Promise.all([furnish(stack), openGallery()])
  sheets = await gather(world.people)
}, 120_000)

afterAll(async () => {
  if (!isHere) return
  await Promise.all(sheets.map((sheet) => sheet.close({ pending: 'discard' })))
  await hall.close()
})

/** Opens what a scene keeps closed. */
const opened: Record<string, (page: Page) => Promise<void>> = {
  comments: async (page) => {
    await page.getByRole('button', { name: /Open comments/ }).click()
    await page.locator('.efir-cells-thread').first().waitFor()
  },
  history: async (page) => {
    await page.getByRole('button', { name: /Open history/ }).click()
    await page.locator('.efir-cells-record').first().waitFor()
  },
  bars: async (page) => {
    await page.locator('.efir-cells-face').first().waitFor()
    await page.locator('.efir-cells-count').waitFor()
    await page.locator('.efir-cells-lock--editing').first().waitFor()
  },
}

const title = isHere ? 'in Chromium' : 'in Chromium (not run: there is none at CHROMIUM or /usr/bin/chromium)'
describe.skipIf(!isHere)(title, () => {
  const looks: readonly Omit<Look, 'scene'>[] = [
    { language: 'en', direction: 'ltr', theme: 'light' },
    { language: 'fr', direction: 'ltr', theme: 'dark' },
    { language: 'en', direction: 'rtl', theme: 'dark' },
    { language: 'en', direction: 'rtl', theme: 'light' },
  ]
  for (const look of looks) {
    const name = Object.values(look).join('-')
    it(`axe finds nothing serious in any scene: ${name}`, { timeout: 120_000 }, async () => {
      const { page, complaints, close } = await hall.visit(world.given)
      for (const scene of ['bars', 'comments', 'history'] as const) {
        await show(page, { scene, ...look })
        await opened[scene]?.(page)
        await picture(page, `${scene}-${name}`)
        expect(await findings(page)).toEqual([])
      }
      await show(page, { scene: 'bars', ...look })
      await opened['bars']?.(page)
      for (const button of [
        '.efir-cells-face--more',
        '.efir-cells-sync-button',
        '.efir-cells-inbox > button',
      ]) {
        await page.locator(button).click()
        await page.locator(':popover-open').waitFor()
        await picture(page, `popover${button.replaceAll(/[^a-z]+/g, '-')}-${name}`)
        expect(await findings(page)).toEqual([])
        await page.keyboard.press('Escape')
      }
      expect(complaints).toEqual([])
      await close()
    })
  }
})
void told
