import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, afterEach, beforeAll, beforeEach, expect, inject } from 'vitest'
import { askBroker, buildGridPage } from '../../support/broker.ts'
import type { TestStack } from '../../support/stack.ts'
import { hasChromium } from './chromium.ts'
import type { GridPage } from './grid-page.ts'
import { GridHouse, type GridWorld } from './grid-world.ts'

/** A budget, and people with its grid open before them. */
export interface Company<Name extends string> {
  readonly world: GridWorld
  readonly pages: Readonly<Record<Name, GridPage>>
}

/** A browser and the grid's page for a file of tests, from `beforeAll` on. */
export function useGridHouse(stack: TestStack): () => GridHouse {
  let house: GridHouse | undefined
  let own: string | undefined
  beforeAll(async () => {
    const environment = inject('cells')
    const directory =
      environment.kind === 'local'
        ? await askBroker<string>(environment.broker, 'gridPage')
        : (own = await buildGridPage(await mkdtemp(join(tmpdir(), 'planning-grid-'))))
    house = await GridHouse.open(stack, directory)
  })
  afterAll(async () => {
    await house?.[Symbol.asyncDispose]()
    if (own !== undefined) await rm(own, { recursive: true, force: true })
  })
  return () => {
    if (house === undefined) throw new Error('There is no page to open yet.')
    return house
  }
}

/**
 * People with the grid open, each in a browser of his own, before every test of the file: the same ones from test to test, and
 * new ones on a new budget after a test that failed, so that no later one finds what it left behind.
 *
 * @param begin is given them before each test.
 */
export function usePeople<Name extends string>(
  stack: TestStack,
  { names, rows }: { readonly names: readonly Name[]; readonly rows: number },
  begin: (company: Company<Name>) => void,
): void {
  if (!hasChromium) return
  const house = useGridHouse(stack)
  let world: GridWorld | undefined
  let company: Company<Name> | undefined

  beforeEach(async () => {
    if (company === undefined) {
      world = await house().world({ names, rows })
      company = { world, pages: await openAll(world, names) }
    }
    begin(company)
  })

  afterEach(async ({ task }) => {
    const pages = world?.pages ?? []
    try {
      expect(pages.flatMap(({ complaints }) => complaints.splice(0))).toEqual([])
    } finally {
      if (task.result?.state === 'fail') {
        company = undefined
        for (const page of pages) console.error(`${page.name} at the end: ${await briefly(page.describe())}`)
        await world?.[Symbol.asyncDispose]()
      }
    }
  })

  afterAll(() => world?.[Symbol.asyncDispose]())
}

async function openAll<Name extends string>(
  world: GridWorld,
  names: readonly Name[],
): Promise<Record<Name, GridPage>> {
  const opened: [Name, GridPage][] = []
  // One after the other: all at once, each takes as long as all, and that may be longer than anything is waited for.
  for (const name of names) opened.push([name, await (await world.open(name)).ready()])
  return Object.fromEntries(opened) as Record<Name, GridPage>
}

/** A page that is stuck says nothing. */
async function briefly(said: Promise<string>): Promise<string> {
  const silence = new Promise<string>((resolve) => setTimeout(resolve, 2_000, 'The page did not answer.'))
  return await Promise.race([said.catch(String), silence])
}
