import './support/dom.ts'
import { act } from '@testing-library/react'
import { Suspense, useEffect, type ReactNode } from 'react'
import { hydrateRoot } from 'react-dom/client'
import { renderToPipeableStream, renderToString } from 'react-dom/server'
import { PassThrough } from 'node:stream'
import { text } from 'node:stream/consumers'
import { describe, expect, it, vi } from 'vitest'
import type { Budget, CellsSnapshot, VisibleCell } from '@efir/cells'
import * as browser from '@efir/cells/react'
import { at, doing, fill, until, connectWorld } from './support/world.tsx'

const world = await connectWorld()

/** What a server has: the cells as of one revision, as JSON carries them. */
async function snapshotOf(budget: Budget): Promise<CellsSnapshot> {
  return JSON.parse(JSON.stringify(await budget.snapshot())) as CellsSnapshot
}

type Bindings = typeof browser

/** The same code once more: a server is another program, and React takes no two renderers of one context. */
async function otherProgram(): Promise<Bindings> {
  vi.resetModules()
  return await import('@efir/cells/react')
}

const fields = Array.from({ length: 8 }, (_, index) => `f${index}`)

/** Every cell that was on the screen, in order, by field. */
function recorder() {
  const shown = new Map<string, VisibleCell[]>()
  const ready: boolean[] = []
  const record = (field: string, cell: VisibleCell): void => {
    const cells = shown.get(field) ?? []
    shown.set(field, cells)
    if (cells.at(-1) !== cell) cells.push(cell)
  }
  function Shown({ field, of }: { readonly field: string; readonly of: Bindings }): ReactNode {
    const { cell, value } = of.usePlanningCell(at(field))
    // No effect runs on a server; in the browser what was committed counts.
    if (of !== browser) record(field, cell)
    useEffect(() => record(field, cell))
    return <span>{value ?? '–'}</span>
  }
  function Sum({ of }: { readonly of: Bindings }): ReactNode {
    return <p>{of.useCells({}, (cells) => cells.reduce((sum, { value }) => sum + Number(value ?? 0), 0))}</p>
  }
  function Ready({ of }: { readonly of: Bindings }): ReactNode {
    ready.push(of.useReady())
    return null
  }
  const page = (of: Bindings, budget: Budget, initial: CellsSnapshot): ReactNode => (
    <of.CellsProvider budget={budget} initial={initial}>
      {fields.map((field) => (
        <Shown key={field} field={field} of={of} />
      ))}
      <Sum of={of} />
      <Ready of={of} />
    </of.CellsProvider>
  )
  return { shown, ready, page }
}

const count = (seen: { renders: number }): void => void (seen.renders += 1)

async function streamed(page: ReactNode): Promise<string> {
  const stream = new PassThrough()
  const html = text(stream)
  const { pipe } = renderToPipeableStream(page, { onAllReady: () => pipe(stream) })
  return await html
}

describe('a page that a server rendered', () => {
  it.for([
    ['renderToPipeableStream', streamed],
    ['renderToString', async (page: ReactNode) => renderToString(page)],
  ] as const)(
    'goes on in the browser without a gap, an older value or a mismatch (%s)',
    { timeout: 60_000 },
    async ([, renderPage]) => {
      const { alice, bob } = await world()
      await fill(bob.budget, Object.fromEntries(fields.slice(0, 6).map((field) => [field, '1'])))
      const initial = await snapshotOf(alice.budget)
      const { shown, ready, page } = recorder()
      const html = await renderPage(page(await otherProgram(), alice.budget, initial))
      expect(html).toContain('<p>6</p>')
      expect(alice.opened()).toBe(0)

      // Between the two: one changed, one new, one deleted, and one deleted and written again.
      await fill(bob.budget, { f0: '2', f6: '10' })
      await bob.budget.delete(await bob.budget.read(at('f1')))
      await bob.budget.delete(await bob.budget.read(at('f2')))
      await fill(bob.budget, { f2: '3' })

      const container = document.createElement('div')
      document.body.append(container)
      container.innerHTML = html
      const recovered: unknown[] = []
      const complaints: unknown[][] = []
      const { error: usual } = console
      console.error = (...said) => void complaints.push(said)
      // And while the sheet is being loaded.
      const writing = (async () => {
        for (let turn = 0; turn < 10; turn++)
          await fill(bob.budget, { f0: String(10 + turn), f3: String(turn) })
      })()
      const root = hydrateRoot(container, page(browser, alice.budget, initial), {
        onRecoverableError: (error) => recovered.push(error),
      })
      await writing
      await until(() => ready.at(-1) === true && shown.get('f3')!.at(-1)!.value === '9')
      await until(() => shown.get('f0')!.at(-1)!.value === '19')
      await until(() => !shown.get('f1')!.at(-1)!.exists && shown.get('f2')!.at(-1)!.value === '3')
      await until(() => shown.get('f6')!.at(-1)!.value === '10')
      console.error = usual

      expect(recovered).toEqual([])
      expect(complaints).toEqual([])
      for (const cells of shown.values()) {
        const versions = cells.filter(({ exists }) => exists).map(({ base }) => base.version)
        expect(versions).toEqual(versions.toSorted((one, other) => one - other))
      }
      expect(container.querySelector('p')!.textContent).toBe(String(19 + 3 + 9 + 1 + 1 + 10))
      // Nobody else writes: it shows what a fresh read would.
      const now = await bob.budget.readMany(fields.map((field) => at(field)))
      expect(fields.map((field) => shown.get(field)!.at(-1)!.value)).toEqual(now.map(({ value }) => value))
      await doing(() => root.unmount())
      container.remove()
    },
  )

  it('renders nothing again where nothing changed', async () => {
    const { alice, bob } = await world()
    await fill(bob.budget, Object.fromEntries(fields.map((field) => [field, '1'])))
    const initial = await snapshotOf(alice.budget)
    const seen = { renders: 0, isReady: false }
    function Counted({ field, of }: { readonly field: string; readonly of: Bindings }): ReactNode {
      count(seen)
      return of.usePlanningCell(at(field)).value
    }
    function Ready({ of }: { readonly of: Bindings }): ReactNode {
      const isReady = of.useReady()
      useEffect(() => void (seen.isReady = isReady))
      return null
    }
    const page = (of: Bindings): ReactNode => (
      <of.CellsProvider budget={alice.budget} initial={initial}>
        {fields.map((field) => (
          <Counted key={field} field={field} of={of} />
        ))}
        <Ready of={of} />
      </of.CellsProvider>
    )
    const container = document.createElement('div')
    container.innerHTML = renderToString(page(await otherProgram()))
    seen.renders = 0
    const root = await act(async () => hydrateRoot(container, page(browser)))
    await until(() => seen.isReady)
    expect(seen.renders).toBe(fields.length)
    await doing(() => root.unmount())
  })

  it('leaves what suspends without a snapshot to the browser', async () => {
    const { alice, bob } = await world()
    await fill(bob.budget, { f0: '1' })
    function Value({ of }: { readonly of: Bindings }): ReactNode {
      return <b>{of.usePlanningCell(at('f0'), { suspense: true }).value}</b>
    }
    const page = (of: Bindings): ReactNode => (
      <of.CellsProvider budget={alice.budget}>
        <Suspense fallback={<i>waiting</i>}>
          <Value of={of} />
        </Suspense>
      </of.CellsProvider>
    )
    const html = renderToString(page(await otherProgram()))
    expect(html).toContain('waiting')
    expect(alice.opened()).toBe(0)
    const container = document.createElement('div')
    container.innerHTML = html
    const root = hydrateRoot(container, page(browser), { onRecoverableError: () => undefined })
    await until(() => container.querySelector('b')?.textContent === '1')
    await doing(() => root.unmount())
  })
})
