import type { BrowserContext, Locator, Page } from 'playwright-core'

type Place = readonly [row: number, period: string]

/** Milliseconds for one thing to appear: a loaded machine takes ten times as long as an idle one. */
const patience = Number(process.env.PATIENCE ?? 60_000)

/** The grid as one person has it before him. */
export class GridPage {
  readonly page: Page
  /** What the page complained of. */
  readonly complaints: string[] = []

  constructor(page: Page) {
    this.page = page
    page.setDefaultTimeout(patience)
    page.on('pageerror', (error) => this.complaints.push(error.stack ?? error.message))
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

  async type(place: Place, text: string): Promise<void> {
    await this.select(place)
    await this.page.keyboard.type(text)
    await this.page.keyboard.press('Enter')
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

  async close(): Promise<void> {
    await this.context.close()
  }
}
