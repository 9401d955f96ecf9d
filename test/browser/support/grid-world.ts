import type { Browser, BrowserContext } from 'playwright-core'
import { createCells, type Budget } from '@efir/cells'
import type { SupabaseCoordinates, Tenants } from '@efir/cells/local'
import { importReceipts } from '../../../examples/federal-budget/import.ts'
import { readReceipts, toCells } from '../../../examples/federal-budget/receipts.ts'
import { outlineOf, repeatRows, type Outline } from '../../../examples/planning-grid/accounts.ts'
import { linkOf, servePage, type PageServer, type Project } from '../../../examples/planning-grid/serve.ts'
import { giveSession, type Credentials } from '../../../examples/planning-grid/sessions.ts'
import { launchChromium } from './chromium.ts'
import { GridPage } from './grid-page.ts'

/** The grid's built page, served, and a browser. */
export class GridHouse implements AsyncDisposable {
  readonly browser: Browser
  readonly #stack: SupabaseCoordinates & Tenants
  readonly #server: PageServer
  readonly #projects: Map<string, Project>

  private constructor(
    stack: SupabaseCoordinates & Tenants,
    parts: { browser: Browser; server: PageServer; projects: Map<string, Project> },
  ) {
    this.#stack = stack
    this.browser = parts.browser
    this.#server = parts.server
    this.#projects = parts.projects
  }

  /** @param directory where the built page is. */
  static async open(stack: SupabaseCoordinates & Tenants, directory: string): Promise<GridHouse> {
    const projects = new Map<string, Project>()
    const server = await servePage(directory, (query) => {
      const project = projects.get(query.get('budget') ?? '')
      if (project === undefined) throw new Error('There is no such budget here.')
      return project
    })
    return new GridHouse(stack, { browser: await launchChromium(), server, projects })
  }

  /** A budget of its own, with the published numbers of some accounts, and people who may see it. */
  async world({
    names,
    rows,
  }: {
    readonly names: readonly string[]
    readonly rows: number
  }): Promise<GridWorld> {
    const stack = this.#stack
    const organization = await stack.createOrganization('Treasury')
    const budget = await stack.createBudget({ organization, name: 'US federal receipts' })
    const people = new Map<string, Credentials>()
    for (const name of names) {
      const { id, email } = await stack.createUser({ organization })
      people.set(name, await giveSession(stack, { id, email, name }))
    }
    const strangers = await stack.createOrganization('Another organisation')
    const { id, email } = await stack.createUser({ organization: strangers })
    people.set('Mallory', await giveSession(stack, { id, email, name: 'Mallory' }))
    const published = repeatRows(await readReceipts(), rows)
    const outline = outlineOf(published)
    const world = new GridWorld(this, stack, budget.id, outline, people)
    await importReceipts(world.budgetOf([...people.keys()][0] ?? ''), toCells(published))
    this.#projects.set(budget.id, {
      url: stack.url,
      anonKey: stack.anonKey,
      budgetVersionId: budget.id,
      title: 'US federal receipts',
      outline,
      people: names.map((name) => ({ id: people.get(name)?.id ?? '', name })),
    })
    return world
  }

  linkOf(budgetVersionId: string, session: Credentials): string {
    return linkOf(`${this.#server.origin}/?budget=${budgetVersionId}`, session)
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.browser.close()
    await this.#server[Symbol.asyncDispose]()
  }
}

/** One budget and its people. */
export class GridWorld {
  readonly house: GridHouse
  readonly stack: SupabaseCoordinates & Tenants
  readonly budgetVersionId: string
  readonly outline: Outline
  readonly people: ReadonlyMap<string, Credentials>
  readonly #pages = new Set<GridPage>()

  constructor(
    house: GridHouse,
    stack: SupabaseCoordinates & Tenants,
    budgetVersionId: string,
    outline: Outline,
    people: ReadonlyMap<string, Credentials>,
  ) {
    this.house = house
    this.stack = stack
    this.budgetVersionId = budgetVersionId
    this.outline = outline
    this.people = people
  }

  person(name: string): Credentials {
    const found = this.people.get(name)
    if (found === undefined) throw new Error(`There is nobody called ${name} here.`)
    return found
  }

  /** The budget by the SDK, as one of the people. */
  budgetOf(name: string): Budget {
    return createCells(this.stack.signIn(this.person(name))).budget(this.budgetVersionId)
  }

  address(row: number, period: string) {
    return { module: 'receipts', entity: this.outline.accounts[row]?.entity ?? '', field: 'amount', period }
  }

  /** The page in a browser of one's own. */
  async open(
    name: string,
    options: {
      readonly session?: Partial<Credentials>
      readonly dark?: boolean
      /** Before anything is asked for. */
      readonly prepare?: (context: BrowserContext) => Promise<void>
      readonly width?: number
      readonly height?: number
    } = {},
  ): Promise<GridPage> {
    const context = await this.house.browser.newContext({
      viewport: { width: options.width ?? 1280, height: options.height ?? 700 },
      colorScheme: options.dark === true ? 'dark' : 'light',
      permissions: ['clipboard-read', 'clipboard-write'],
      locale: 'en-US',
      timezoneId: 'UTC',
    })
    await options.prepare?.(context)
    const page = await context.newPage()
    const grid = new GridPage(name, page)
    this.#pages.add(grid)
    await grid.intercept()
    await page.goto(this.house.linkOf(this.budgetVersionId, { ...this.person(name), ...options.session }))
    return grid
  }
  /** The pages that are still open. */
  get pages(): GridPage[] {
    return [...this.#pages].filter(({ page }) => !page.isClosed())
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await Promise.all(this.pages.map((grid) => grid.close()))
  }
}
