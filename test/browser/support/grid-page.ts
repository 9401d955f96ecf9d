import type { BrowserContext, Locator, Page, Route } from 'playwright-core'

type Place = readonly [row: number, period: string]

/** Milliseconds for one thing to appear: a loaded machine takes ten times as long as an idle one. */
export const patience = 20_000

/** The grid as one person has it before him. */
export class GridPage {
  readonly name: string
  readonly page: Page
  /** What the page complained of. */
  readonly complaints: string[] = []
  /** What becomes of its requests to write: they go on, unless a test says otherwise. */
  onWrite: (route: Route) => Promise<void> = (route) => route.continue()

  constructor(name: string, page: Page) {
    this.name = name
    this.page = page
    page.setDefaultTimeout(patience)
    page.on('pageerror', (error) => this.complaints.push(error.stack ?? error.message))
  }

  /**
   * Stands between the page and the server, from before it is loaded until it is closed: requests that are under way when
   * interception begins or ends are lost now and then.
   */
  async intercept(): Promise<void> {
    await this.page.route('**/rpc/write_cells', (route) => this.onWrite(route))
  }

  get context(): BrowserContext {
    return this.page.context()
  }

  /** Until every cell is there, and none can have been missed. */
  async ready(): Promise<this> {
    await this.state('Live')
    await this.page.locator('.ag-overlay-loading-wrapper').waitFor({ state: 'hidden' })
    return this
  }

  /** Until the connection is said to be in this state. */
  async state(name: string): Promise<void> {
    await this.page.locator('.header-sync', { hasText: name }).waitFor()
  }

  cell(row: number, period: string): Locator {
    return this.page.locator(`.ag-grid-scrolling-container [row-index="${row}"] [col-id="${period}"]`)
  }

  /** Until the cell shows this, as it is written on the screen. */
  async shows([row, period]: Place, text: string): Promise<void> {
    const value = this.cell(row, period).locator('.cell-value')
    await value
      .filter({ hasText: new RegExp(`^${text.replace(/[.()]/g, '\\$&')}$`) })
      .waitFor({ state: text === '' ? 'attached' : 'visible' })
  }

  async value(row: number, period: string): Promise<string> {
    return (await this.cell(row, period).locator('.cell-value').textContent()) ?? ''
  }

  /** Until nothing of one's own is on its way any more. */
  async saved(): Promise<void> {
    await this.page.locator('.header-sync', { hasText: 'Saving' }).waitFor({ state: 'hidden' })
    await this.page.locator('.cell.is-pending').first().waitFor({ state: 'hidden' })
  }

  async select(from: Place, to: Place = from): Promise<void> {
    await this.cell(...from).click()
    if (to !== from) await this.cell(...to).click({ modifiers: ['Shift'] })
  }

  /** Until the next key goes to this cell. */
  async focuses(row: number, period: string): Promise<void> {
    await this.cell(row, period).and(this.page.locator(':focus')).waitFor()
  }

  /** Types into the cell that has the focus, and leaves the editor open. The first key opens it, and it takes the others. */
  async beginWriting(text: string): Promise<void> {
    const { keyboard } = this.page
    await keyboard.type(text.slice(0, 1))
    await this.page.locator('.ag-cell-inline-editing input:focus').waitFor()
    await keyboard.type(text.slice(1))
  }

  async write(text: string): Promise<void> {
    await this.beginWriting(text)
    await this.press('Enter')
    await this.page.locator('.ag-cell-inline-editing').waitFor({ state: 'detached' })
  }

  async type(place: Place, text: string): Promise<void> {
    await this.select(place)
    await this.write(text)
  }

  async press(...keys: string[]): Promise<void> {
    for (const key of keys) await this.page.keyboard.press(key)
  }

  /** What was said in passing. */
  get notice(): Locator {
    return this.page.locator('.notice')
  }

  button(name: string | RegExp): Locator {
    return this.page.getByRole('button', { name, ...(typeof name === 'string' && { exact: true }) })
  }

  async paste(text: string): Promise<void> {
    await this.page.evaluate((copied) => navigator.clipboard.writeText(copied), text)
    await this.press('Control+v')
  }

  async reload(): Promise<void> {
    await this.page.reload({ waitUntil: 'commit' })
  }

  /** What somebody would see who looked now: for the report of a test that failed. */
  async describe(): Promise<string> {
    const seen = await this.page.evaluate(() => {
      const text = (selector: string) =>
        [...document.querySelectorAll<HTMLElement>(selector)].map((element) => element.innerText)
      return { sync: text('.header-sync'), dialogs: text('dialog[open]'), notice: text('.notice') }
    })
    return JSON.stringify(seen)
  }

  async close(): Promise<void> {
    // A request that a test still holds back would complain of the end.
    await this.page.unrouteAll({ behavior: 'ignoreErrors' })
    await this.context.unrouteAll({ behavior: 'ignoreErrors' })
    await this.context.close()
  }

  /**
   * The controls that Tab does not come to, forwards and backwards from where the focus is and forwards from the beginning of the
   * page; of a toolbar, a list or the grid, which have arrows inside, it is enough to come to one. In the grid, Tab goes from cell to
   * cell. While a dialog is open, the page behind it does not count. The focus is where it was afterwards.
   */
  async unreached(): Promise<readonly string[]> {
    const { page } = this
    await page.evaluate(() => {
      for (const element of document.querySelectorAll('[data-reached], [data-start]')) {
        element.removeAttribute('data-reached')
        element.removeAttribute('data-start')
      }
      document.activeElement?.setAttribute('data-start', '')
      document.activeElement?.setAttribute('data-reached', '')
    })
    const walk = async (key: string) => {
      await page.evaluate(() => {
        for (const element of document.querySelectorAll('[data-walked]'))
          element.removeAttribute('data-walked')
      })
      for (let press = 0, inGrid = 0; press < 60 && inGrid < 2; press++) {
        await page.keyboard.press(key)
        const where = await page.evaluate(() => {
          const { activeElement: element } = document
          const isKnown = element?.hasAttribute('data-walked') === true
          element?.setAttribute('data-reached', '')
          element?.setAttribute('data-walked', '')
          if (element !== null && element.closest('[role=grid], [role=treegrid]') !== null) return 'grid'
          return isKnown && element !== document.body ? 'known' : 'new'
        })
        if (where === 'grid') inGrid++
        // Around once: in a dialog, Tab goes in a circle.
        if (where === 'known') return
      }
    }
    const goBack = () => page.evaluate(() => document.querySelector<HTMLElement>('[data-start]')?.focus())
    await walk('Shift+Tab')
    await goBack()
    await walk('Tab')
    await page.evaluate(() => {
      document.body.tabIndex = -1
      document.body.focus()
      document.body.removeAttribute('tabindex')
    })
    await walk('Tab')
    await goBack()
    return await page.evaluate(() => {
      const stops = '[role=toolbar], [role=listbox], [role=grid], [role=treegrid], [role=radiogroup]'
      const place = document.querySelector('dialog:modal') ?? document
      return (
        [...place.querySelectorAll<HTMLElement>('button, a[href], input, select, textarea, [tabindex]')]
          .filter(
            (element) =>
              element.checkVisibility({ visibilityProperty: true }) && !element.matches(':disabled'),
          )
          .filter((element) => element.matches('button, a, input, select, textarea') || element.tabIndex >= 0)
          // Where Tab comes in or goes out, and never stays.
          .filter((element) => !element.matches('[role=presentation]'))
          .filter((element) => {
            const stop = element.closest(stops)
            return (
              (stop ?? element).querySelector('[data-reached]') === null &&
              !element.hasAttribute('data-reached')
            )
          })
          .map((element) => element.getAttribute('aria-label') ?? element.outerHTML.slice(0, 120))
      )
    })
  }
}
