import { createCells, isCellsError, type Budget, type Sheet, type VisibleCell } from '@efir/cells'
import { formatAmount } from '../../../examples/planning-grid/page/amount.ts'
import type { GridPage } from './grid-page.ts'
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

  async settled(): Promise<void> {
    while (this.sheet.pending.getSnapshot().length > 0) await pause(50)
  }
}

/** Somebody in front of the grid. */
class Onlooker {
  readonly name: string
  readonly grid: GridPage
  readonly #random: (limit: number) => number

  constructor(name: string, grid: GridPage, random: (limit: number) => number) {
    this.name = name
    this.grid = grid
    this.#random = random
  }

  act(): Act {
    const random = this.#random
    const { grid } = this
    const place = [random(rowCount - 2), periods[random(periods.length - 1)] ?? ''] as const
    const value = String(random(1_000))
    const acts: Act[] = [
      ['edit', async () => await grid.type(place, value)],
      ['edit', async () => await grid.type(place, value)],
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
          await grid.type(place, value)
          await pause(1_500)
          await grid.context.setOffline(false)
        },
      ],
    ]
    return acts[random(acts.length)] ?? acts[0]!
  }

  /** Answers what the page asks. */
  async decide(): Promise<void> {
    const { page } = this.grid
    const dialog = page.locator('dialog[open]')
    while ((await dialog.count()) > 0) {
      const choice = this.#random(2) === 0 ? 'Keep mine' : 'Take theirs'
      await dialog
        .getByRole('button', { name: choice })
        .click({ timeout: 2_000 })
        .catch(() => undefined)
      await pause(20)
    }
  }

  /** Discards what was refused, and waits for the rest. */
  async settled(): Promise<void> {
    const { page } = this.grid
    const sync = page.locator('.header-sync')
    for (;;) {
      await this.decide()
      const said = (await sync.textContent()) ?? ''
      if (said.includes('not saved')) {
        await sync.getByRole('button').first().click()
        await page
          .getByRole('button', { name: /^Discard/ })
          .first()
          .click({ timeout: 2_000 })
          .catch(() => undefined)
        await page.keyboard.press('Escape')
      } else if (said.startsWith('Live') && !said.includes('Saving')) return
      await pause(50)
    }
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

/** Ten people on one budget, each as busy as he can be. */
export async function playCrowd(
  world: GridWorld,
  options: { readonly seconds: number; readonly seed: number },
): Promise<CrowdResult> {
  const random = randomFrom(options.seed)
  const clients = await Promise.all(
    crowd.clients.map((name) => Client.open(name, world, randomFrom(random(2 ** 31)))),
  )
  const onlookers = await Promise.all(
    crowd.pages.map(
      async (name) => new Onlooker(name, await (await world.open(name)).ready(), randomFrom(random(2 ** 31))),
    ),
  )
  const acts: Record<string, number> = {}
  const end = performance.now() + options.seconds * 1_000
  const play = async (actor: Client | Onlooker): Promise<void> => {
    while (performance.now() < end) {
      if (actor instanceof Onlooker) await actor.decide()
      const [name, run] = actor.act()
      try {
        await run()
        acts[name] = (acts[name] ?? 0) + 1
      } catch (error) {
        // A dialog that came in between, or a write that somebody else was faster than.
        if (!isCellsError(error) && !(error instanceof Error && error.name === 'TimeoutError')) throw error
      }
      await pause(actor instanceof Client ? 250 : 50)
    }
  }
  await Promise.all([...clients, ...onlookers].map(play))
  await Promise.all([...clients, ...onlookers].map((actor) => actor.settled()))

  const truth = new Map<string, string>()
  const [first] = clients
  const stored = await Array.fromAsync(first!.budget.list({ module: 'receipts' }))
  const rows = new Map(world.outline.accounts.map(({ entity }, index) => [entity, index]))
  const key = (cell: Pick<VisibleCell, 'entity' | 'period'>) =>
    `${rows.get(cell.entity ?? '') ?? '?'} ${cell.period ?? ''}`
  for (const cell of stored) truth.set(key(cell), cell.value ?? '')

  const differences: string[] = []
  const compare = (who: string, shown: ReadonlyMap<string, string>, as: (value: string) => string) => {
    for (const [place, value] of truth) {
      const seen = shown.get(place)
      if (seen !== as(value))
        differences.push(`${who} at ${place}: ${seen ?? 'nothing'} instead of ${as(value)}`)
    }
  }
  for (const client of clients) {
    const caughtUp = async () =>
      new Map(
        client.sheet
          .range()
          .getSnapshot()
          .map((cell) => [key(cell), cell.value ?? '']),
      )
    await eventually(async () => isEqual(await caughtUp(), truth, String))
    compare(client.name, await caughtUp(), String)
  }
  const onScreen = (value: string) => (value === '0' ? '–' : value === '' ? '' : formatAmount(value))
  for (const one of onlookers) {
    // Wide enough for every period, so that all of them are drawn.
    await one.grid.page.setViewportSize({ width: 8_400, height: 900 })
    await eventually(async () => isEqual(await one.screen(), truth, onScreen))
    compare(one.name, await one.screen(), onScreen)
    differences.push(...one.grid.complaints.map((complaint) => `${one.name}: ${complaint}`))
  }
  const writes = stored.reduce((sum, { version }) => sum + version - 1, 0)
  await Promise.all([
    ...clients.map(({ sheet }) => sheet.close()),
    ...onlookers.map(({ grid }) => grid.close()),
  ])
  return { acts, writes, differences }
}

function isEqual(
  shown: ReadonlyMap<string, string>,
  truth: ReadonlyMap<string, string>,
  as: (value: string) => string,
): boolean {
  return [...truth].every(([place, value]) => shown.get(place) === as(value))
}

/** Waits for what comes by itself; whether it came is asked afterwards. */
async function eventually(isSo: () => Promise<boolean>): Promise<void> {
  const end = performance.now() + 30_000
  while (performance.now() < end && !(await isSo())) await pause(100)
}

const pause = (milliseconds: number) => new Promise((resolve) => setTimeout(resolve, milliseconds))
