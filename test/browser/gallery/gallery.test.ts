import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import type { Page } from 'playwright-core'
import type { CellInput, Sheet } from '@efir/cells'
import { useStack } from '../../support/stack.ts'
import type { Gallery, Look } from './page.tsx'
import { hasChromium, inChromium } from '../support/chromium.ts'
import { findings, openGallery, picture, show, told } from './support.ts'
import { endless, furnish, gather, hostile } from './world.ts'

declare const gallery: Gallery

const stack = await useStack()
let world: Awaited<ReturnType<typeof furnish>>
let hall: Awaited<ReturnType<typeof openGallery>>
let sheets: Sheet[]
/** A value that is there already would be no change. */
let collisions = 0

beforeAll(async () => {
  if (!hasChromium) return
  ;[world, hall] = await Promise.all([furnish(stack), openGallery()])
  sheets = await gather(world.people)
}, 120_000)

afterAll(async () => {
  if (!hasChromium) return
  await Promise.all(sheets.map((sheet) => sheet.close({ pending: 'discard' })))
  await hall.close()
})

/** Shows a scene, and opens what it keeps closed, by keyboard. */
async function enter(page: Page, look: Look): Promise<void> {
  await show(page, look)
  const { scene } = look
  if (scene === 'comments' || scene === 'history') {
    await page.getByRole('button', { name: /^Open/ }).focus()
    await page.keyboard.press('Enter')
    await page.locator('.efir-cells-thread, .efir-cells-record').first().waitFor()
  }
  if (scene === 'bars') {
    await page.locator('.efir-cells-face').first().waitFor()
    await page.locator('.efir-cells-inbox').waitFor()
    await page.locator('.efir-cells-lock--editing').first().waitFor()
    await page.getByRole('button', { name: /^(Undo|Annuler)/, disabled: false }).waitFor()
  }
}

/** Has Bob be faster than the user, who writes `mine`, or delete the cell; waits for the dialog. */
async function collide(
  page: Page,
  look: Look,
  mine: CellInput,
  act: 'write' | 'delete' = 'write',
): Promise<string> {
  const theirs = String(46_000 + ++collisions)
  const cell = world.given.cells.disputed
  await show(page, look)
  await page.locator('.efir-cells-sync--live').waitFor()
  await page.locator('#disputed:not(:empty)').waitFor()
  await page.getByRole('button', { name: 'Where the focus was' }).focus()
  await page.route('**/rpc/write_cells', (route) => route.abort())
  await page.evaluate(([to, value]) => gallery.set(to, value), [cell, mine] as const)
  const read = await world.bob.budget.read(cell)
  if (act === 'write') await world.bob.budget.write(read, theirs)
  else await world.bob.budget.delete(read)
  await page.unroute('**/rpc/write_cells')
  await page.locator('dialog[open]').waitFor()
  return theirs
}

/** The accessible name of what has the focus, or its text. */
async function focused(page: Page): Promise<string> {
  return await page.evaluate(() => {
    const { activeElement, body } = document
    if (activeElement === body) return ''
    return activeElement?.getAttribute('aria-label') ?? activeElement?.textContent ?? ''
  })
}

/** Presses Tab until something of that name has the focus. */
async function tabTo(page: Page, name: string | RegExp, key = 'Tab'): Promise<void> {
  for (let press = 0; press < 60; press++) {
    const here = await focused(page)
    if (typeof name === 'string' ? here === name : name.test(here)) return
    await page.keyboard.press(key)
  }
  throw new Error(`Tab does not come to ${String(name)}`)
}

describe.skipIf(!hasChromium)(inChromium('the components in Chromium'), { timeout: 120_000 }, () => {
  const looks = [
    { language: 'en', direction: 'ltr', theme: 'light' },
    { language: 'fr', direction: 'ltr', theme: 'dark' },
    { language: 'en', direction: 'rtl', theme: 'dark' },
    { language: 'fr', direction: 'rtl', theme: 'light' },
  ] as const
  for (const look of looks) {
    const name = Object.values(look).join('-')
    it(`axe finds nothing serious in any scene: ${name}`, async () => {
      const { page, complaints, close } = await hall.visit(world.given)
      for (const scene of ['comments', 'history', 'bars'] as const) {
        await enter(page, { scene, ...look })
        await picture(page, `${scene}-${name}`)
        expect(await findings(page)).toEqual([])
      }
      for (const button of [
        '.efir-cells-face--more',
        '.efir-cells-sync-button',
        '.efir-cells-inbox > button',
      ]) {
        await page.locator(button).click()
        await page.locator('.efir-cells-popover:popover-open').waitFor()
        await picture(page, `popover${button.replaceAll(/[^a-z]+/g, '-')}-${name}`)
        expect(await findings(page)).toEqual([])
        await page.keyboard.press('Escape')
      }
      expect(complaints).toEqual([])
      await collide(page, { scene: 'conflict', ...look }, '47500.5')
      await picture(page, `conflict-${name}`)
      expect(await findings(page)).toEqual([])
      await page.keyboard.press('Escape')
      await close()
    })
  }

  it('a conflict is settled by keyboard: keep mine, and the focus goes back to where it was', async () => {
    const { page, close } = await hall.visit(world.given)
    await collide(page, { scene: 'conflict' }, '47500.5')
    // What is being typed when the dialog comes chooses nothing.
    await page.keyboard.type(' 12')
    await page.keyboard.press('Enter')
    expect(await page.locator('dialog[open]').count()).toBe(1)
    await tabTo(page, 'Keep mine')
    await page.keyboard.press('Enter')
    await page.locator('dialog[open]').waitFor({ state: 'detached' })
    expect(await focused(page)).toBe('Where the focus was')
    await expect.poll(() => world.mine.read(world.given.cells.disputed)).toMatchObject({ value: '47500.5' })
    expect(await told(page)).toEqual(['settled "mine"'])
    await close()
  })

  it('a conflict is settled in French with a third value, every digit of which is kept', async () => {
    const { page, close } = await hall.visit(world.given)
    await collide(page, { scene: 'conflict', language: 'fr' }, '12345678901234.5678')
    expect(await page.locator('.efir-cells-choice--mine').innerText()).toMatch(/12\s345\s678\s901\s234,5678/u)
    await tabTo(page, 'Autre valeur…')
    await page.keyboard.press('Enter')
    expect(await page.getByLabel('Autre valeur', { exact: true }).inputValue()).toBe('12345678901234,5678')
    await page.keyboard.type('quarante')
    await page.keyboard.press('Enter')
    expect(await page.getByRole('alert').allInnerTexts()).toContainEqual(expect.stringContaining('nombre'))
    await page.keyboard.press('Control+A')
    await page.keyboard.type('99 999 999 999 999,1234')
    await page.keyboard.press('Enter')
    await page.locator('dialog[open]').waitFor({ state: 'detached' })
    await expect
      .poll(() => world.mine.read(world.given.cells.disputed))
      .toMatchObject({ value: '99999999999999.1234' })
    await close()
  })

  it('a conflict about a text is settled with another text, and one with a deletion says so', async () => {
    const { page, close } = await hall.visit(world.given)
    await collide(page, { scene: 'conflict' }, { text: 'to be agreed' })
    await tabTo(page, 'Another value…')
    await page.keyboard.press('Enter')
    const editor = page.getByLabel('Another value', { exact: true })
    expect([await editor.inputValue(), await editor.getAttribute('inputmode')]).toEqual([
      'to be agreed',
      'text',
    ])
    await page.keyboard.type('agreed')
    await page.keyboard.press('Enter')
    await page.locator('dialog[open]').waitFor({ state: 'detached' })
    await expect
      .poll(() => world.mine.read(world.given.cells.disputed))
      .toMatchObject({ kind: 'text', value: 'agreed' })

    const theirs = await collide(page, { scene: 'conflict' }, null)
    await tabTo(page, 'Another value…')
    await page.keyboard.press('Enter')
    expect(await editor.inputValue()).toBe('')
    await page.keyboard.press('Escape')
    await tabTo(page, 'Take theirs')
    await page.keyboard.press('Enter')
    await page.locator('dialog[open]').waitFor({ state: 'detached' })
    expect(await page.locator('#disputed').innerText()).toBe(theirs)

    await collide(page, { scene: 'conflict' }, '5', 'delete')
    expect(await page.locator('dialog[open]').innerText()).toMatch(/Somebody changed[^]*deleted/u)
    expect(await findings(page)).toEqual([])
    await tabTo(page, 'Keep mine')
    await page.keyboard.press('Enter')
    await page.locator('dialog[open]').waitFor({ state: 'detached' })
    await expect.poll(() => world.mine.read(world.given.cells.disputed)).toMatchObject({ value: '5' })
    await close()
  })

  it('where nothing has happened yet, each says so; what one does there is undone and redone', async () => {
    const { page, close } = await hall.visit(world.newcomer)
    await show(page, { scene: 'comments' })
    await page.getByRole('button', { name: /^Open/ }).click()
    await page.getByText('No comments yet.').waitFor()
    await show(page, { scene: 'history' })
    await page.getByRole('button', { name: /^Open/ }).click()
    await page.getByText('Nothing has been changed here yet.').waitFor()
    await show(page, { scene: 'bars' })
    await page.locator('.efir-cells-sync--live').waitFor()
    const button = (name: string) => page.getByRole('button', { name, exact: true })
    expect(await button('Nothing to undo').getAttribute('aria-disabled')).toBe('true')
    await button('Nothing to undo').click({ force: true })
    await button('Nothing to redo').click({ force: true })
    expect(await findings(page)).toEqual([])
    await page.evaluate(([to, value]) => gallery.set(to, value), [world.given.cells.disputed, '7'] as const)
    await button('Undo edit').click()
    await page.getByRole('status').getByText('Undone: the last step.').waitFor({ state: 'attached' })
    await button('Redo edit').click()
    await page.getByRole('status').getByText('Redone: the last step.').waitFor({ state: 'attached' })
    const { budget } = world.newcomer
    expect(await world.bob.cells.budget(budget).read(world.given.cells.disputed)).toMatchObject({
      value: '7',
    })
    await close()
  })

  it('Escape puts a conflict off; it stays listed, and theirs is taken there', async () => {
    const { page, close } = await hall.visit(world.given)
    const theirs = await collide(page, { scene: 'conflict' }, '1')
    await page.keyboard.press('Escape')
    await page.locator('dialog[open]').waitFor({ state: 'detached' })
    expect(await focused(page)).toBe('Where the focus was')
    await tabTo(page, /1 change not saved/)
    await page.keyboard.press('Enter')
    await page.locator('.efir-cells-popover:popover-open').waitFor()
    await tabTo(page, 'Take theirs')
    await page.keyboard.press('Enter')
    await page.locator('.efir-cells-refused').waitFor({ state: 'detached' })
    await page.keyboard.press('Escape')
    expect(await focused(page)).toMatch(/^Live/)
    expect(await page.locator('#disputed').innerText()).toBe(theirs)
    await close()
  })

  it('comments are written, mentioned in, answered, edited, deleted and resolved by keyboard alone', async () => {
    const { page, complaints, close } = await hall.visit(world.given)
    await enter(page, { scene: 'comments' })
    expect(await focused(page)).toBe('New comment')
    await page.keyboard.type('Is this final, @zo')
    expect(await page.getByRole('option').allInnerTexts()).toEqual(['Zoë Dubois'])
    await page.keyboard.press('Enter')
    await page.keyboard.type('and @')
    await page.keyboard.press('ArrowDown')
    const active = await page.locator('textarea').first().getAttribute('aria-activedescendant')
    expect(await page.locator(`[id="${active ?? ''}"]`).getAttribute('aria-selected')).toBe('true')
    await page.keyboard.press('Escape')
    await page.keyboard.press('Backspace')
    await page.keyboard.type('you?')
    await page.keyboard.press('Control+Enter')
    const thread = page.locator('.efir-cells-thread').filter({ hasText: 'Is this final' })
    await thread.waitFor()
    await expect.poll(() => page.locator('textarea').first().inputValue()).toBe('')
    const { items } = await world.zoe.budget.comments.inbox().first()
    expect(items[0]?.comment.text).toBe('Is this final, @Zoë Dubois and you?')

    await tabTo(page, 'Edit')
    await page.keyboard.press('Enter')
    await page.keyboard.press('Control+A')
    await page.keyboard.type('Are these final?')
    await page.keyboard.press('Control+Enter')
    const edited = page.locator('.efir-cells-thread').filter({ hasText: 'Are these final?' })
    await edited.getByText('(edited)').waitFor()
    await expect.poll(() => focused(page)).toBe('Edit')

    await tabTo(page, 'Reply')
    await page.keyboard.press('Enter')
    await page.keyboard.type('Yes.')
    await tabTo(page, 'Reply')
    await page.keyboard.press('Enter')
    await edited.getByText('Yes.').waitFor()
    await edited.locator('.efir-cells-composer').waitFor({ state: 'detached' })
    await expect.poll(() => focused(page)).toBe('Reply')

    await tabTo(page, 'Delete', 'Shift+Tab')
    await page.keyboard.press('Enter')
    expect(await focused(page)).toBe('Cancel')
    await page.keyboard.press('Shift+Tab')
    await page.keyboard.press('Enter')
    await edited.getByText('Deleted by its author.').waitFor()

    await tabTo(page, 'Resolve')
    await page.keyboard.press('Enter')
    await edited.waitFor({ state: 'detached' })
    await tabTo(page, /^Show 2 resolved threads/)
    await page.keyboard.press('Enter')
    await page
      .getByRole('article')
      .filter({ hasText: 'Are these final?' })
      .getByText(/Resolved by/)
      .waitFor()
    await tabTo(page, 'Reopen')
    await page.keyboard.press('Enter')
    await edited.getByText(/Reopened by/).waitFor()

    await page.getByLabel('New comment').focus()
    await page.keyboard.press('Escape')
    await page.locator('.efir-cells-panel').waitFor({ state: 'detached' })
    expect(await focused(page)).toBe('Open comments')
    expect(complaints).toEqual([])
    await close()
  })

  it('what others wrote is text: it runs nothing, loads nothing that is no picture, and stays in its place', async () => {
    const { page, close } = await hall.visit(world.given)
    const asked: string[] = []
    page.on('request', (request) => asked.push(request.url()))
    await enter(page, { scene: 'comments' })
    await page.getByText(hostile).waitFor()
    for (const button of await page.getByRole('button', { name: 'Show all of it' }).all())
      await button.click()
    expect(await page.getByText(endless).count()).toBe(1)
    const widths = await page
      .locator('.efir-cells-panel, .efir-cells-panel-body, .efir-cells-comment')
      .evaluateAll((boxes) => boxes.map((box) => box.scrollWidth - box.clientWidth))
    expect(Math.max(...widths)).toBeLessThanOrEqual(0)
    const sources = await page
      .locator('img')
      .evaluateAll((images) => images.map((image) => (image as HTMLImageElement).src))
    expect(sources.every((source) => source.startsWith('data:image/'))).toBe(true)
    await enter(page, { scene: 'bars' })
    await page.locator('.efir-cells-face--more').click()
    expect(await page.evaluate(() => document.documentElement.scrollWidth <= innerWidth)).toBe(true)
    expect(await page.evaluate(() => 'isBroken' in globalThis)).toBe(false)
    const foreign = asked.filter((url) => !/^(http:\/\/(127\.0\.0\.1|localhost):\d+\/|data:)/.test(url))
    expect(foreign).toEqual([])
    await close()
  })

  it('toolbars are one stop for Tab, with arrows inside; what undo did is announced', async () => {
    const { page, close } = await hall.visit(world.given)
    await world.mine.write(await world.mine.read(world.given.cells.leased), '1600')
    await enter(page, { scene: 'bars' })
    await page.mouse.click(600, 500)
    await tabTo(page, /^Undo/)
    await page.keyboard.press('ArrowRight')
    expect(await focused(page)).toMatch(/redo/i)
    await page.keyboard.press('End')
    expect(await focused(page)).toMatch(/redo/i)
    await page.keyboard.press('Home')
    expect(await focused(page)).toMatch(/^Undo/)
    await page.locator('.efir-cells-tooltip:popover-open').waitFor()
    await page.keyboard.press('Enter')
    await page.getByRole('status').filter({ hasText: 'Undone: ' }).waitFor()
    expect(await focused(page)).toMatch(/undo/i)
    expect(await world.mine.read(world.given.cells.leased)).toMatchObject({ value: '1500.5' })
    await page.keyboard.press('Tab')
    expect(await focused(page)).not.toMatch(/redo/i)
    await page.keyboard.press('End')
    expect(await focused(page)).toBe('2 more people')
    await page.keyboard.press('Enter')
    await page.locator('.efir-cells-popover:popover-open').waitFor()
    await tabTo(page, /^Bob Martin/)
    await page.keyboard.press('Enter')
    expect(await told(page)).toEqual([`go ${world.bob.userId} teaching_posts`])
    await page.locator('.efir-cells-popover:popover-open').waitFor({ state: 'detached' })
    expect(await focused(page)).toBe('2 more people')
    await close()
  })

  it('arrows follow the direction of the text', async () => {
    const { page, close } = await hall.visit(world.given)
    await enter(page, { scene: 'bars', direction: 'rtl' })
    await page.getByRole('button', { name: /^Undo/ }).focus()
    await page.keyboard.press('ArrowLeft')
    expect(await focused(page)).toMatch(/redo/i)
    await close()
  })

  it('a mention is opened by keyboard, and counts as read', async () => {
    const { page, close } = await hall.visit(world.given)
    await world.bob.budget.comments.add(world.given.cells.leased, 'Look, @Me', { mentions: [world.given.me] })
    await enter(page, { scene: 'bars' })
    await page.locator('.efir-cells-count').waitFor()
    await tabTo(page, /^Mentions, \d+ unread$/)
    await page.keyboard.press('Enter')
    await tabTo(page, /Look, @Me/)
    await page.keyboard.press('Enter')
    await expect.poll(() => told(page)).toEqual(['open bonus'])
    await expect
      .poll(async () => (await world.mine.comments.inbox().first()).items[0]?.readAt ?? null)
      .not.toBeNull()
    await close()
  })

  it('a value of the past is restored by keyboard, and Escape gives the focus back', async () => {
    const { page, close } = await hall.visit(world.given)
    await enter(page, { scene: 'history' })
    await tabTo(page, /^Restore 500,000/)
    await page.keyboard.press('Enter')
    await page.getByRole('status').filter({ hasText: 'Restored: 500,000' }).waitFor()
    await expect.poll(() => world.mine.read(world.given.cells.changed)).toMatchObject({ value: '500000' })
    const before = await page.locator('.efir-cells-record').count()
    await tabTo(page, 'Show more')
    await page.keyboard.press('Enter')
    await expect.poll(() => page.locator('.efir-cells-record').count()).toBeGreaterThan(before)
    await page.keyboard.press('Escape')
    await page.locator('.efir-cells-panel').waitFor({ state: 'detached' })
    expect(await focused(page)).toBe('Open history')
    await close()
  })

  it('a write to a locked cell is listed with the reason of the lock, and discarded there', async () => {
    const { page, close } = await hall.visit(world.given)
    await show(page, { scene: 'conflict' })
    await page.locator('.efir-cells-sync--live').waitFor()
    await page.evaluate((cell) => gallery.set(cell, '13'), world.given.cells.locked)
    await page.getByRole('status').filter({ hasText: '1 change not saved' }).waitFor({ state: 'attached' })
    await page.locator('.efir-cells-sync-button').click()
    await page.getByText('Locked: Approved by the board on 12 November').waitFor()
    expect(await findings(page)).toEqual([])
    await page.getByRole('button', { name: 'Discard' }).click()
    await page.getByText('Everything is saved.').waitFor()
    await close()
  })

  it('nothing moves for those who asked for that', async () => {
    const { page, close } = await hall.visit(world.given, '19', { reducedMotion: 'reduce' })
    await enter(page, { scene: 'bars' })
    await page.locator('.efir-cells-inbox > button').click()
    await page.locator('.efir-cells-popover:popover-open').waitFor()
    expect(await page.evaluate(() => document.getAnimations().length)).toBe(0)
    await close()
  })

  it('in forced colours nothing is lost that only a colour told', async () => {
    const { page, close } = await hall.visit(world.given, '19', { forcedColors: 'active' })
    await enter(page, { scene: 'bars' })
    await picture(page, 'bars-forced')
    const border = (selector: string) =>
      page
        .locator(selector)
        .first()
        .evaluate((element) => getComputedStyle(element).borderTopStyle)
    expect(await border('.efir-cells-lock')).toBe('solid')
    expect(await border('.efir-cells-avatar')).toBe('solid')
    await close()
  })

  it('React 18 draws the same, and complains of nothing', async () => {
    const { page, complaints, close } = await hall.visit(world.given, '18')
    for (const scene of ['comments', 'history', 'bars'] as const) await enter(page, { scene })
    await page.locator('.efir-cells-inbox > button').click()
    await page.locator('.efir-cells-popover:popover-open').waitFor()
    await page.keyboard.press('Escape')
    await collide(page, { scene: 'conflict' }, '3')
    await tabTo(page, 'Take theirs')
    await page.keyboard.press('Enter')
    await page.locator('dialog[open]').waitFor({ state: 'detached' })
    expect(await focused(page)).toBe('Where the focus was')
    expect(complaints.filter((line) => !line.includes('net::ERR_FAILED'))).toEqual([])
    await close()
  })
})
