import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { buildPage } from '../../examples/planning-grid/serve.ts'
import type { SupabaseCoordinates, Tenants } from '../../src/local/index.ts'
import type { GridPage } from '../../test/browser/support/grid-page.ts'
import { GridHouse } from '../../test/browser/support/grid-world.ts'
import { percentile } from '../measure.ts'
import { latencyRow, rounded, type Row } from '../report.ts'
import type { SuiteContext } from '../suite.ts'

/** How far a wheel turns at once, as browsers tell it. */
const notch = 120
const notchMilliseconds = 30

/** The planning grid with 1,000 rows and 60 columns, scrolled down, up and across: the time between frames, beside that at rest. */
export async function measureScrolling(
  stack: SupabaseCoordinates & Tenants,
  { scale, progress }: SuiteContext,
): Promise<Row> {
  const directory = await mkdtemp(join(tmpdir(), 'planning-grid-'))
  try {
    await buildPage(directory)
    await using house = await GridHouse.open(stack, directory)
    const rows = Math.max(50, Math.round(1_000 * Math.min(1, scale)))
    const world = await house.world({ names: ['Alice'], rows })
    const alice = await (await world.open('Alice')).ready()
    progress(`${rows} rows are shown`)
    const turns = Math.max(10, Math.round(200 * Math.min(1, scale)))
    const resting = await framesOf(alice, () => alice.page.waitForTimeout(turns * notchMilliseconds))
    // What is drawn first, and the code that draws it, is no part of it.
    await wheel(alice, 0, notch, 10)
    const frames = await framesOf(alice, async () => {
      await wheel(alice, 0, notch, turns)
      await wheel(alice, 0, -notch, turns)
      await wheel(alice, -notch, 0, turns)
    })
    return latencyRow('scrolling.frame', frames, resting, {
      rows,
      frames: frames.length,
      // Half a frame more than one, and than two.
      over16: frames.filter((frame) => frame > 25).length,
      over33: frames.filter((frame) => frame > 41.7).length,
      p99: rounded(percentile(frames, 0.99)),
      max: rounded(Math.max(...frames)),
    })
  } finally {
    await rm(directory, { recursive: true, force: true })
  }
}

async function wheel({ page }: GridPage, x: number, y: number, turns: number): Promise<void> {
  await page.mouse.move(900, 400)
  for (let turn = 0; turn < turns; turn++) {
    await page.mouse.wheel(x, y)
    await page.waitForTimeout(notchMilliseconds)
  }
}

/** Milliseconds from frame to frame while something is done. */
async function framesOf({ page }: GridPage, work: () => Promise<void>): Promise<number[]> {
  await page.evaluate(() => {
    const frames: number[] = []
    let last = performance.now()
    const look = (now: number) => {
      frames.push(now - last)
      last = now
      running = requestAnimationFrame(look)
    }
    let running = requestAnimationFrame(look)
    Object.assign(window, {
      endFrames: () => {
        cancelAnimationFrame(running)
        return frames
      },
    })
  })
  await work()
  const frames = await page.evaluate(() => (window as unknown as { endFrames(): number[] }).endFrames())
  return frames.slice(1)
}
