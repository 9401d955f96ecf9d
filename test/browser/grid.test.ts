import { describe, expect, it } from 'vitest'
import { useStack } from '../support/stack.ts'
import { seriousFindings } from './support/accessibility.ts'
import { hasChromium, inChromium } from './support/chromium.ts'
import { patience, type GridPage } from './support/grid-page.ts'
import { usePeople } from './support/grid-people.ts'
import type { GridWorld } from './support/grid-world.ts'

const stack = await useStack()
let world: GridWorld
let alice: GridPage
let bob: GridPage
let carol: GridPage

usePeople(stack, { names: ['Alice', 'Bob', 'Carol'], rows: 40 }, (company) => {
  world = company.world
  ;({ Alice: alice, Bob: bob, Carol: carol } = company.pages)
})

/** Bob writes to the cell while Alice's write to it is on its way. */
async function collide(row: number, mine: string, theirs: string): Promise<void> {
  const { promise: held, resolve: release } = Promise.withResolvers<null>()
  alice.onWrite = async (route) => {
    await held
    await route.continue()
  }
  await Promise.all([alice.page.waitForRequest('**/rpc/write_cells'), alice.type([row, '2015'], mine)])
  const budget = world.budgetOf('Bob')
  await budget.write(await budget.read(world.address(row, '2015')), theirs)
  release(null)
}

describe.skipIf(!hasChromium)(
  inChromium('the planning grid of three people'),
  { timeout: 60_000, retry: 1 },
  () => {
    it('keeps the token out of the address bar, and shows nothing that axe finds serious', async () => {
      expect(alice.page.url()).not.toContain('token')
      expect(await seriousFindings(alice.page)).toEqual([])
    })

    it('leads to every control by Tab, and by arrows inside what is one stop', async () => {
      await alice.select([0, '2016'])
      expect(await alice.unreached()).toEqual([])
    })

    it('shows what one of them types to the others, and in the total', async () => {
      const before = await bob.page.locator('.cell.is-total').first().textContent()
      expect(before).toMatch(/^\d/)
      await alice.type([1, '2016'], '1,234.5')
      await Promise.all([bob, carol].map((one) => one.shows([1, '2016'], '1,234.5')))
      // The others may hear of it before she has her answer.
      await alice.saved()
      expect(await alice.cell(1, '2016').locator('.spoken').textContent()).toBe('')
      await alice.type([1, '2016'], 'about ten')
      await alice.notice.filter({ hasText: '“about ten” is no amount' }).waitFor()
      expect(await alice.value(1, '2016')).toBe('1,234.5')
    })

    it('asks what to do about a conflict, and does it: mine, theirs, or another value', async () => {
      const dialog = alice.page.getByRole('dialog')
      await collide(2, '111', '222')
      await dialog.waitFor()
      expect(await dialog.textContent()).toMatch(/111.*222/s)
      expect(await dialog.textContent()).toContain('Bob')
      expect(await seriousFindings(alice.page)).toEqual([])
      expect(await alice.unreached()).toEqual([])
      await alice.button('Keep mine').click()
      await Promise.all([alice, bob].map((one) => one.shows([2, '2015'], '111')))

      await collide(2, '333', '444')
      await alice.button('Take theirs').click()
      await Promise.all([alice, bob].map((one) => one.shows([2, '2015'], '444')))

      await collide(2, '555', '666')
      await alice.button(/Another value/).click()
      await alice.page.getByLabel('Another value').fill('777')
      await alice.button('Save this value').click()
      await Promise.all([alice, bob].map((one) => one.shows([2, '2015'], '777')))
      await dialog.waitFor({ state: 'hidden' })
    })

    it('asks, too, about what somebody else wrote while the editor was open', async () => {
      const total = alice.page.locator(
        '.ag-floating-bottom [col-id="2015"], [row-index="b-0"] [col-id="2015"]',
      )
      const budget = world.budgetOf('Bob')
      const writeAs = async (row: number, value: string) => {
        const before = await total.textContent()
        const written = await budget.write(await budget.read(world.address(row, '2015')), value)
        // Her sheet has heard of it, too.
        await expect.poll(() => total.textContent(), { timeout: patience }).not.toBe(before)
        return written
      }
      const dialog = alice.page.getByRole('dialog')
      await alice.select([5, '2015'])
      await alice.beginWriting('12')
      await writeAs(5, '21')
      await alice.press('Enter')
      await dialog.waitFor()
      expect(await dialog.textContent()).toMatch(/12.*21/s)
      await alice.button('Take theirs').click()
      await Promise.all([alice, carol].map((one) => one.shows([5, '2015'], '21')))
      await dialog.waitFor({ state: 'hidden' })

      // Who changed nothing has nothing to say against theirs.
      await alice.select([5, '2015'])
      await alice.press('F2')
      await alice.page.locator('.ag-cell-inline-editing input:focus').waitFor()
      const theirs = await writeAs(5, '22')
      await alice.press('Enter')
      await Promise.all([alice, carol].map((one) => one.shows([5, '2015'], '22')))
      await alice.saved()
      expect(await dialog.count()).toBe(0)
      expect(await budget.read(world.address(5, '2015'))).toEqual(theirs)
    })

    it('undoes what the user did, and leaves what somebody else did after it', async () => {
      await alice.type([3, '2015'], '10')
      await bob.shows([3, '2015'], '10')
      await bob.type([3, '2015'], '20')
      await alice.shows([3, '2015'], '20')
      await alice.select([3, '2016'])
      await alice.press('Control+z')
      await alice.page.getByText(/1 cell stayed: somebody wrote there later/).waitFor()
      expect(await alice.value(3, '2015')).toBe('20')
      const original = await alice.value(4, '2015')
      await alice.type([4, '2015'], '5')
      await bob.shows([4, '2015'], '5')
      await alice.button(/^Undo/).click()
      await Promise.all([alice, bob].map((one) => one.shows([4, '2015'], original)))
      await alice.button(/^Redo/).click()
      await Promise.all([alice, bob].map((one) => one.shows([4, '2015'], '5')))
    })

    it('pastes two hundred cells as one step, and takes all of them back with one', async () => {
      const before = await bob.value(12, '2016')
      const table = Array.from({ length: 40 }, (_, row) =>
        [1, 2, 3, 4, 5].map((column) => row * 10 + column).join('\t'),
      )
      await bob.select([0, '2016'])
      await bob.paste(table.join('\n'))
      await alice.shows([12, '2016'], '121')
      expect(await bob.page.locator('.status-bar').textContent()).toContain('Count 200')
      await bob.button('Undo Paste (200 cells)').click()
      await alice.shows([12, '2016'], before)
      const changed = await Array.fromAsync(
        world.budgetOf('Bob').list({ period: ['2016', '2017', '2018', '2019', '2020'] }),
      )
      expect(changed.filter(({ value }) => value === '121')).toEqual([])
      await bob.select([0, '2016'])
      await bob.paste('1\t2\nthree\t4')
      await bob.notice
        .filter({ hasText: 'Row 2, column 1: “three” is no amount. Nothing was pasted.' })
        .waitFor()
    })

    it('copies, clears and fills by the keyboard alone', async () => {
      await alice.select([6, '2016'])
      await alice.write('7')
      await alice.shows([6, '2016'], '7')
      await alice.focuses(7, '2016')
      await alice.press('ArrowUp', 'Shift+ArrowDown', 'Shift+ArrowDown', 'Control+d')
      await bob.shows([8, '2016'], '7')
      await alice.press('Shift+ArrowRight', 'Control+r')
      await bob.shows([8, '2017'], '7')
      await alice.press('Control+c')
      expect(await alice.page.evaluate(() => navigator.clipboard.readText())).toBe('7\t7\n7\t7\n7\t7')
      await alice.press('Delete')
      await bob.shows([8, '2017'], '')
      await alice.press('ArrowRight', 'ArrowRight', 'Control+v')
      await bob.shows([8, '2019'], '7')
    })

    it('fills by dragging the handle of the selection', async () => {
      await bob.select([10, '2016'])
      await bob.write('31')
      await bob.shows([10, '2016'], '31')
      await bob.focuses(11, '2016')
      await bob.press('ArrowUp')
      await bob.page.locator('.range-handle').hover()
      await bob.page.mouse.down()
      await bob.cell(11, '2016').hover()
      await bob.cell(13, '2016').hover()
      await bob.page.locator('.range-target').waitFor()
      await bob.page.mouse.up()
      await alice.shows([13, '2016'], '31')
    })

    it('shows a lock with its reason, and refuses a write to it', async () => {
      await bob.select([14, '2016'], [15, '2017'])
      await bob.button(/^Lock/).click()
      await bob.page.getByLabel('Reason').fill('Approved by the board')
      expect(await seriousFindings(bob.page)).toEqual([])
      expect(await bob.unreached()).toEqual([])
      await bob.button('Lock').click()
      await bob.notice.filter({ hasText: '4 cells locked' }).waitFor()
      await alice.cell(15, '2017').locator('.lock-mark').waitFor()
      const value = await alice.value(15, '2017')
      await alice.select([15, '2017'])
      await alice.page.locator('.cell-bar', { hasText: 'Approved by the board' }).waitFor()
      await alice.page.keyboard.type('1')
      expect(await alice.page.locator('.ag-cell-inline-editing').count()).toBe(0)
      await alice.press('Delete')
      await alice.notice.filter({ hasText: '1 cell locked: left as it is.' }).waitFor()
      expect(await alice.value(15, '2017')).toBe(value)

      // Locked while the editor is open.
      await alice.select([16, '2016'])
      await alice.beginWriting('99')
      const budget = world.budgetOf('Bob')
      let isLocked = false
      alice.onWrite = async (route) => {
        if (!isLocked) await budget.locks.lock({ cells: [world.address(16, '2016')] }, { reason: 'Audit' })
        isLocked = true
        await route.continue()
      }
      await alice.press('Enter')
      await alice.page.locator('.header-sync', { hasText: '1 change not saved' }).waitFor()
      await alice.page.locator('.header-sync').getByRole('button').first().click()
      await alice.button(/^Discard/).click()
      await alice.page.keyboard.press('Escape')
      await bob.select([14, '2016'], [15, '2017'])
      await bob.button(/^Lock/).click()
      await bob.button(/^Unlock/).click()
      await alice.cell(15, '2017').locator('.lock-mark').waitFor({ state: 'detached' })
    })

    it('carries a comment with a mention to whom it calls on', async () => {
      await alice.select([5, '2017'])
      await alice.press('Control+Alt+m')
      await alice.page.getByRole('textbox', { name: 'New comment' }).pressSequentially('Is this right, @Bo')
      await alice.page.getByRole('option', { name: 'Bob' }).waitFor()
      expect(await seriousFindings(alice.page)).toEqual([])
      await alice.press('Enter', 'Control+Enter')
      await alice.page.getByText('Is this right, @Bob').waitFor()
      await alice.button('Edit').first().waitFor()
      expect(await alice.unreached()).toEqual([])
      await bob.cell(5, '2017').locator('.comment-mark').waitFor()
      await bob.button('Mentions, 1 unread').click()
      await bob.page.getByRole('button', { name: /Alice mentioned you/ }).click()
      await bob.button('Reply').first().click()
      await bob.page.getByRole('textbox', { name: /Reply/ }).first().fill('It is.')
      await bob.press('Control+Enter')
      await bob.page.getByText('It is.').waitFor()
      await bob.press('Escape')
      await alice.page.getByText('It is.').waitFor()
      await alice.press('Escape')
      // Back where it was opened from.
      await alice.focuses(5, '2017')
    })

    it('restores an earlier value from the history', async () => {
      const before = await alice.value(9, '2016')
      await alice.type([9, '2016'], '42')
      await bob.shows([9, '2016'], '42')
      await alice.select([9, '2016'])
      await alice.press('Control+Alt+h')
      await alice
        .button(new RegExp(`Restore ${before}`))
        .first()
        .click()
      await bob.shows([9, '2016'], before)
      expect(await seriousFindings(alice.page)).toEqual([])
      expect(await alice.unreached()).toEqual([])
      await alice.press('Escape')
    })

    it('shows on which cell everybody is', async () => {
      await carol.select([9, '2018'])
      const frame = alice.page.locator('.person-frame[data-person="Carol"]')
      await frame.waitFor()
      const distance = async () => {
        const [cell, drawn] = await Promise.all([alice.cell(9, '2018').boundingBox(), frame.boundingBox()])
        return Math.abs(cell!.x - drawn!.x) + Math.abs(cell!.y - drawn!.y)
      }
      await expect.poll(distance, { timeout: patience }).toBeLessThan(4)
      await alice.page.getByRole('button', { name: /^Bob/ }).first().waitFor()
      await alice.page
        .getByRole('button', { name: /^Carol/ })
        .first()
        .click()
    })

    it('finds an account, and keeps the selection on its cell', async () => {
      const [name] = (await carol.page.locator('.account-name').nth(4).allTextContents()) as [string]
      await carol.page.getByLabel('Search accounts').fill(name)
      await carol.page.locator('.status-bar', { hasText: /^[1-9] accounts?/ }).waitFor()
      await carol.page.locator('.account-name', { hasText: name }).first().waitFor()
      await carol.page.getByLabel('Search accounts').fill('')
      await carol.page.locator('.status-bar', { hasText: '40 accounts' }).waitFor()
      await carol.cell(0, '2018').waitFor()
    })
  },
)
