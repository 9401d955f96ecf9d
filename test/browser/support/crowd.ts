import { createCells, isCellsError, type Budget, type Sheet, type VisibleCell } from '@efir/cells'
import { formatAmount } from '../../../examples/planning-grid/page/amount.ts'
import { patience, type GridPage } from './grid-page.ts'
import type { GridWorld } from './grid-world.ts'

/** How many did what, and where the screens of all of them ended. */
export interface CrowdResult {
  readonly acts: Readonly<Record<string, number>>
  /** Changes of cells that landed. */
  readonly writes: number
  /** What is not as the database has it, in words; empty where all screens are equal. */
  readonly differences: readonly string[]
}

/** Who is in it: some in front of the grid, the others with the SDK alone. */
export const crowd = {
  pages: ['Alice', 'Bob', 'Carol'],
  clients: ['Dan', 'Eve', 'Frank', 'Grace', 'Heidi', 'Ivan', 'Judy'],
} as const

const periods = ['2015', '2016', '2017', '2018', '2019', '2020']
const rowCount = 12
/** Milliseconds for an act in front of the grid. */
const briefly = 3_000

/** So that a run can be played again. */
function randomFrom(seed: number): (limit: number) => number {
  let state = seed >>> 0
  return (limit) => {
    state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0
    return Math.floor((state / 2 ** 32) * limit)
  }
}

type Act = readonly [name: string, play: () => Promise<unknown>]

/** Somebody with the SDK alone. */
class Client {
  readonly name: string
  readonly #world: GridWorld
  readonly budget: Budget
  readonly sheet: Sheet
  readonly #random: (limit: number) => number

  private constructor(
    name: string,
    world: GridWorld,
    budget: Budget,
    sheet: Sheet,
    random: (limit: number) => number,
  ) {
    this.name = name
    this.#world = world
    this.budget = budget
    this.sheet = sheet
    this.#random = random
    sheet.on('conflict', ({ resolve }) => void resolve(this.#random(2) === 0 ? 'mine' : 'theirs'))
    sheet.on('rejected', ({ write }) => write.discard())
  }

  static async open(name: string, world: GridWorld, random: (limit: number) => number): Promise<Client> {
    const cells = createCells(world.stack.signIn(world.person(name)))
    const budget = cells.budget(world.budgetVersionId)
    const sheet = await budget.open({ module: 'receipts' }, { presence: { name } })
    await sheet.ready()
    return new Client(name, world, budget, sheet, random)
  }

  act(): Act {
    const random = this.#random
    const cell = this.#world.address(random(rowCount), periods[random(periods.length)] ?? '')
    const value = String(random(1_000))
    const acts: Act[] = [
      ['edit', async () => this.sheet.set(cell, value)],
      ['edit', async () => this.sheet.set(cell, value)],
      [
        'paste',
        async () =>
          this.sheet.setMany(
            periods.map((period) => ({ cell: { ...cell, period }, value })),
            'Paste',
          ),
      ],
      ['undo', async () => await this.sheet.undo()],
      ['redo', async () => await this.sheet.redo()],
      ['comment', async () => await this.budget.comments.add(cell, `${this.name} says ${value}`)],
      ['lock', async () => await this.budget.locks.lock({ cells: [cell] }, { reason: this.name })],
      ['unlock', async () => await this.budget.locks.unlock({ filter: { module: 'receipts' } })],
      ['move', async () => this.sheet.presence.move(cell)],
    ]
    return acts[random(acts.length)] ?? acts[0]!
  }

  /** Until all that was written is confirmed, or was given up. */
  async settled(): Promise<void> {
    const { pending } = this.sheet
    const isSettled = await becomes(() => pending.getSnapshot().length === 0)
    if (isSettled) return
    const left = pending.getSnapshot().map(({ cell, state, error }) => ({ ...cell, state, error }))
    throw new Error(`${this.name} has writes that do not come to an end: ${JSON.stringify(left)}`)
  }
}

/** Somebody in front of the grid. */
class Onlooker {
  readonly name: string
  readonly grid: GridPage
  readonly #random: (limit: number) => number

  private constructor(name: string, grid: GridPage, random: (limit: number) => number) {
    this.name = name
    this.grid = grid
    this.#random = random
  }

  static async open(name: string, world: GridWorld, random: (limit: number) => number): Promise<Onlooker> {
    const grid = await (await world.open(name)).ready()
    // Where a dialog lies over the cells, the act is given up, and the dialog answered.
    grid.page.setDefaultTimeout(briefly)
    return new Onlooker(name, grid, random)
  }

  act(): Act {
    const random = this.#random
    const { grid } = this
    const place = [random(rowCount - 2), periods[random(periods.length - 1)] ?? ''] as const
    const value = String(random(1_000))
    const edit = async () => {
      await grid.select(place)
      await grid.page.keyboard.type(value)
      await grid.press('Enter')
    }
    const acts: Act[] = [
      ['edit', edit],
      ['edit', edit],
      [
        'paste',
        async () => {
          await grid.select(place)
          await grid.paste(`${value}\t1\n2\t3`)
        },
      ],
      [
        'fill',
        async () => {
          await grid.select(place)
          await grid.press('Shift+ArrowDown', 'Shift+ArrowDown', 'Control+d')
        },
      ],
      [
        'undo',
        async () => {
          await grid.select(place)
          await grid.press('Control+z')
        },
      ],
      [
        'redo',
        async () => {
          await grid.select(place)
          await grid.press('Control+y')
        },
      ],
      [
        'offline',
        async () => {
          await grid.context.setOffline(true)
          try {
            await edit()
            await pause(1_500)
          } finally {
            await grid.context.setOffline(false)
          }
        },
      ],
      [
        'comment',
        async () => {
          await grid.select(place)
          await grid.press('Control+Alt+m')
          try {
            const text = grid.page.getByRole('textbox', { name: 'New comment' })
            await text.fill(`${this.name} says ${value}`)
            await text.press('Control+Enter')
          } finally {
            await grid.press('Escape', 'Escape')
          }
        },
      ],
      [
        'lock or unlock',
        async () => {
          await grid.select(place)
          await grid.button(/^Lock/).click()
          const dialog = grid.page.locator('.lock-dialog')
          try {
            const unlock = dialog.getByRole('button', { name: 'Unlock' })
            await ((await unlock.isVisible()) ? unlock : dialog.getByRole('button', { name: 'Lock' })).click()
            await dialog.waitFor({ state: 'detached' })
          } finally {
            if (await dialog.isVisible()) await grid.press('Escape')
          }
        },
      ],
      ['reload', async () => await this.#reloadDuring(edit)],
      [
        'end of the session',
        async () => {
          await grid.page.evaluate(endSessions)
          await this.#reloadDuring(edit)
        },
      ],
    ]
    return acts[random(acts.length)] ?? acts[0]!
  }

  async #reloadDuring(edit: () => Promise<void>): Promise<void> {
    const { grid } = this
    await edit()
    grid.page.setDefaultTimeout(patience)
    try {
      await grid.reload()
      await grid.ready()
    } finally {
      grid.page.setDefaultTimeout(briefly)
    }
  }

  /** Answers what the page asks, until it asks nothing. */
  async decide(): Promise<void> {
    const dialog = this.grid.page.locator('dialog[open]')
    const isDone = await becomes(async () => {
      if ((await dialog.count()) === 0) return true
      // One that came too late for whoever asked for it is put away, and a conflict settled.
      const isOfLocks = await this.grid.page.locator('.lock-dialog').isVisible()
      const choice = isOfLocks ? 'Cancel' : this.#random(2) === 0 ? 'Keep mine' : 'Take theirs'
      await attempt(() => dialog.getByRole('button', { name: choice }).click({ timeout: 1_000 }))
      return false
    })
    if (!isDone) throw new Error(`${this.name} is asked again and again: ${await this.grid.describe()}`)
  }

  /** Until all that was written is confirmed; what was refused is discarded. */
  async settled(): Promise<void> {
    const { page } = this.grid
    const sync = page.locator('.header-sync')
    const refused = sync.locator('.efir-cells-refused .efir-cells-button--quiet').first()
    const isSettled = await becomes(async () => {
      await this.decide()
      const said = (await sync.textContent()) ?? ''
      if (said.includes('not saved')) {
        await attempt(async () => {
          if (!(await refused.isVisible())) await sync.getByRole('button').first().click({ timeout: 1_000 })
          await refused.click({ timeout: 1_000 })
        })
        return false
      }
      return /^(Live|Delayed)/.test(said) && !said.includes('Saving')
    })
    if (!isSettled) throw new Error(`${this.name} does not come to an end: ${await this.grid.describe()}`)
  }

  /** What is on the screen, cell by cell. */
  async screen(): Promise<ReadonlyMap<string, string>> {
    const cells = await this.grid.page.evaluate(() =>
      [...document.querySelectorAll('.ag-grid-scrolling-container .planning-cell')].map((cell) => [
        `${cell.closest('[row-index]')?.getAttribute('row-index') ?? ''} ${cell.getAttribute('col-id') ?? ''}`,
        cell.querySelector('.cell-value')?.textContent ?? '',
      ]),
    )
    return new Map(cells as [string, string][])
  }
}

/** Ten people on one budget, each as busy as he can be; then all that they see beside a fresh read. */
export async function playCrowd(
  world: GridWorld,
  options: { readonly seconds: number; readonly seed: number },
): Promise<CrowdResult> {
  const random = randomFrom(options.seed)
  const clients = await Promise.all(
    crowd.clients.map((name) => Client.open(name, world, randomFrom(random(2 ** 31)))),
  )
  const onlookers: Onlooker[] = []
  for (const name of crowd.pages)
    onlookers.push(await Onlooker.open(name, world, randomFrom(random(2 ** 31))))
  const everybody = [...clients, ...onlookers]
  const acts: Record<string, number> = {}
  const count = (name: string) => (acts[name] = (acts[name] ?? 0) + 1)
  const end = performance.now() + options.seconds * 1_000
  const play = async (actor: Client | Onlooker): Promise<void> => {
    while (performance.now() < end) {
      if (actor instanceof Onlooker) await actor.decide()
      const [name, run] = actor.act()
      count((await attempt(run)) ? name : `${name}, given up`)
      await pause(actor instanceof Client ? 250 : 50)
    }
  }
  await Promise.all(everybody.map(play))
  await Promise.all(everybody.map((actor) => actor.settled()))
  // Wide enough for every period, so that all of them are drawn.
  await Promise.all(onlookers.map(({ grid }) => grid.page.setViewportSize({ width: 8_400, height: 900 })))

  const rows = new Map(world.outline.accounts.map(({ entity }, index) => [entity, index]))
  const table = (cells: readonly Pick<VisibleCell, 'entity' | 'period' | 'value'>[]) =>
    new Map(cells.map(({ entity, period, value }) => [`${rows.get(entity ?? '')} ${period}`, value ?? '']))
  let differences: readonly string[] = []
  let writes = 0
  // What comes by itself is waited for, be it the end of an undo; every look is at a read of its own.
  await becomes(async () => {
    const stored = await Array.fromAsync(world.budgetOf(crowd.pages[0]).list({ module: 'receipts' }))
    writes = stored.reduce((sum, { version }) => sum + version - 1, 0)
    const truth = table(stored)
    const drawn = new Map([...truth].map(([place, value]) => [place, onScreen(value)]))
    const ofClients = clients.map(({ name, sheet }) =>
      compare(name, table(sheet.range().getSnapshot()), truth),
    )
    const ofPages = onlookers.map(async (one) => compare(one.name, await one.screen(), drawn))
    differences = [...ofClients, ...(await Promise.all(ofPages))].flat()
    return differences.length === 0
  })
  const complaints = onlookers.flatMap(({ name, grid }) =>
    grid.complaints.map((complaint) => `${name}: ${complaint}`),
  )
  await Promise.all(clients.map(({ sheet }) => sheet.close()))
  return { acts, writes, differences: [...differences, ...complaints] }
}

/** In the page: its token is over, and has to be renewed. */
function endSessions(): void {
  for (const key of Object.keys(sessionStorage).filter((name) => name.endsWith('auth-token'))) {
    const session = JSON.parse(sessionStorage.getItem(key) ?? '') as object
    sessionStorage.setItem(key, JSON.stringify({ ...session, expires_at: 1 }))
  }
}

/** A value as the grid writes it. */
const onScreen = (value: string) => (value === '0' ? '–' : value === '' ? '' : formatAmount(value))

function compare(
  who: string,
  shown: ReadonlyMap<string, string>,
  truth: ReadonlyMap<string, string>,
): string[] {
  return [...truth].flatMap(([place, value]) => {
    const seen = shown.get(place)
    return seen === value ? [] : [`${who} at ${place}: ${seen ?? 'nothing'} instead of ${value}`]
  })
}

/** Whether it was done: not where a dialog came in between, or somebody else was faster. */
async function attempt(run: () => Promise<unknown>): Promise<boolean> {
  try {
    await run()
    return true
  } catch (error) {
    if (isCellsError(error) || (error instanceof Error && error.name === 'TimeoutError')) return false
    throw error
  }
}

/** Waits, and not for ever; says whether it became so. */
async function becomes(isSo: () => boolean | Promise<boolean>): Promise<boolean> {
  const end = performance.now() + patience
  while (!(await isSo())) {
    if (performance.now() > end) return false
    await pause(100)
  }
  return true
}

const pause = (milliseconds: number) => new Promise((resolve) => setTimeout(resolve, milliseconds))
