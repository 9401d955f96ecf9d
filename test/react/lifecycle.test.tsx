import { act, render } from '@testing-library/react'
import { Component, startTransition, StrictMode, Suspense, useEffect, useState, type ReactNode } from 'react'
import { describe, expect, it, vi } from 'vitest'
import { createCells, type Budget } from '@efir/cells'
import { CellsProvider, usePlanningCell, useReady, useSheet, useSyncStatus } from '@efir/cells/react'
import { at, doing, fill, probe, until, connectWorld, within } from './support/world.tsx'

const world = await connectWorld()

/** Shows what an error boundary of an application would. */
class Boundary extends Component<{ readonly children: ReactNode }, { readonly error: Error | null }> {
  override state: { readonly error: Error | null } = { error: null }
  static getDerivedStateFromError(error: Error) {
    return { error }
  }
  override render(): ReactNode {
    return this.state.error === null ? this.props.children : <p>failed: {this.state.error.name}</p>
  }
}

function Value({
  field,
  suspense = false,
}: {
  readonly field: string
  readonly suspense?: boolean
}): ReactNode {
  const { value, isReady } = usePlanningCell(at(field), { suspense })
  return (
    <p>
      {field}={isReady ? (value ?? 'empty') : 'unknown'}
    </p>
  )
}

describe('the provider', () => {
  it('opens one sheet and one stream in StrictMode, and leaves none behind', async () => {
    const { alice, bob } = await world()
    await fill(bob.budget, { a: '1' })
    const ready = probe(() => useReady())
    const sheet = probe(() => useSheet())
    const { unmount } = render(
      <StrictMode>
        <CellsProvider budget={alice.budget}>
          <ready.Probe />
          <sheet.Probe />
        </CellsProvider>
      </StrictMode>,
    )
    await until(() => ready.now)
    expect(alice.opened()).toBe(1)
    expect(alice.channels()).toBe(1)
    const { now: open } = sheet
    unmount()
    await until(() => alice.channels() === 0)
    expect(open!.status.getSnapshot().state).toBe('closed')
  })

  it('waits for the writes that are under way when it is gone', async () => {
    const { alice, bob } = await world()
    const cell = probe(() => usePlanningCell(at('late')))
    const { unmount } = within({ budget: alice.budget }, <cell.Probe />)
    await until(() => cell.now.isReady)
    const { result } = cell.now.set('7')
    unmount()
    await result
    expect(await bob.budget.read(at('late'))).toMatchObject({ value: '7' })
    await until(() => alice.channels() === 0)
  })

  it('closes a sheet that was still being opened', async () => {
    const { alice } = await world()
    const { unmount } = within({ budget: alice.budget }, null)
    unmount()
    await new Promise((resolve) => setTimeout(resolve, 100))
    await until(() => alice.channels() === 0)
  })

  it('opens the same sheet for a filter of the same content, and for a budget that is asked for again', async () => {
    const { alice, budgetId } = await world()
    const cells = createCells(alice.supabase)
    const open = vi.spyOn(cells.budget(budgetId), 'open')
    const ready = probe(() => useReady())
    const props = () => ({ budget: cells.budget(budgetId), filter: { module: ['react'] }, presence: {} })
    const { again } = within(props(), <ready.Probe />)
    await until(() => ready.now)
    again(props())
    again(props())
    expect(open).toHaveBeenCalledTimes(1)
    expect(ready.now).toBe(true)
  })

  it('shows on another filter what the last one had, and never as unknown', async () => {
    const { alice, bob } = await world()
    await fill(bob.budget, { a: '1', b: '2' })
    const cell = probe(() => usePlanningCell(at('a')))
    const { again } = within({ budget: alice.budget, filter: { field: 'a' } }, <cell.Probe />)
    await until(() => cell.now.isReady)
    const before = cell.seen.length
    const other = probe(() => usePlanningCell(at('b')))
    again(
      { budget: alice.budget, filter: { field: ['a', 'b'] } },
      <>
        <cell.Probe />
        <other.Probe />
      </>,
    )
    expect(other.now.isReady).toBe(false)
    await until(() => other.now.value === '2')
    expect(cell.seen.slice(before).every(({ isReady, value }) => isReady && value === '1')).toBe(true)
    expect(alice.opened()).toBe(2)
    expect(alice.channels()).toBe(1)
    await fill(bob.budget, { a: '3' })
    await until(() => cell.now.value === '3')
  })

  it('never shows one budget’s values as another’s', async () => {
    const { alice, bob, stack, organization } = await world()
    await fill(bob.budget, { a: '1' })
    const next = createCells(alice.supabase).budget((await stack.createBudget({ organization })).id)
    const seen: (readonly [string, string | null, boolean])[] = []
    function Shown({ budget }: { readonly budget: Budget }): ReactNode {
      const { value, isReady } = usePlanningCell(at('a'))
      seen.push([budget.id, value, isReady])
      return null
    }
    const { again } = within({ budget: alice.budget }, <Shown budget={alice.budget} />)
    await until(() => seen.at(-1)![2])
    again({ budget: next }, <Shown budget={next} />)
    await until(() => seen.at(-1)![2])
    const ofNext = seen.filter(([id]) => id === next.id)
    expect(ofNext.length).toBeGreaterThan(0)
    expect(ofNext.every(([, value]) => value === null)).toBe(true)
    await until(() => alice.channels() === 1)
  })

  it('follows a sheet that it was given, and does not close it', async () => {
    const { alice, bob } = await world()
    await fill(bob.budget, { a: '1' })
    await using sheet = await alice.budget.open()
    await sheet.ready()
    const cell = probe(() => usePlanningCell(at('a')))
    const { unmount } = within({ sheet }, <cell.Probe />)
    expect(cell.seen[0]).toMatchObject({ value: '1', isReady: true })
    unmount()
    await new Promise((resolve) => setTimeout(resolve, 50))
    expect(sheet.status.getSnapshot().state).toBe('live')
  })

  it('asks the conflict policy of the latest render', async () => {
    const { alice, bob } = await world({ stream: 'none' })
    await fill(bob.budget, { a: '1' })
    const cell = probe(() => usePlanningCell(at('a')))
    const first = vi.fn(() => 'reject' as const)
    const { again } = within({ budget: alice.budget, onConflict: first }, <cell.Probe />)
    await until(() => cell.now.isReady)
    again({ budget: alice.budget, onConflict: () => '99' })
    await fill(bob.budget, { a: '2' })
    await doing(() => cell.now.set('3').result)
    expect(cell.now.value).toBe('99')
    expect(first).not.toHaveBeenCalled()
    expect(alice.opened()).toBe(1)
  })

  it('says so where a hook is used outside of it', () => {
    const cell = probe(() => usePlanningCell(at('a')))
    expect(() => render(<cell.Probe />)).toThrow(/inside <CellsProvider>/)
  })
})

describe('Suspense', () => {
  it('waits inside a boundary of the provider’s, and outside one', async () => {
    const { alice, bob } = await world()
    await fill(bob.budget, { a: '1' })
    const inner = within(
      { budget: alice.budget },
      <Suspense fallback={<p>waiting</p>}>
        <Value field="a" suspense />
      </Suspense>,
    )
    expect(inner.container.textContent).toBe('waiting')
    await until(() => inner.container.textContent === 'a=1')
    inner.unmount()
    await until(() => alice.channels() === 0)

    const outer = render(
      <Suspense fallback={<p>waiting</p>}>
        <CellsProvider budget={alice.budget}>
          <Value field="a" suspense />
        </CellsProvider>
      </Suspense>,
    )
    expect(outer.container.textContent).toBe('waiting')
    await until(() => outer.container.textContent === 'a=1')
    expect(alice.opened()).toBe(2)
    outer.unmount()
  })

  it('keeps the old budget on the screen in a transition, until the new one is there', async () => {
    const { alice, bob, stack, organization } = await world()
    await fill(bob.budget, { a: '1' })
    const next = createCells(alice.supabase).budget((await stack.createBudget({ organization })).id)
    await fill(next, { a: '2' })
    const shown: string[] = []
    const change: { current?: (budget: Budget) => void } = {}
    function Application(): ReactNode {
      const [budget, setBudget] = useState(alice.budget)
      useEffect(() => {
        change.current = setBudget
      }, [])
      return (
        <Suspense fallback={<p>waiting</p>}>
          <CellsProvider budget={budget}>
            <Value field="a" suspense />
          </CellsProvider>
        </Suspense>
      )
    }
    const { container } = render(<Application />)
    await until(() => container.textContent === 'a=1')
    const watch = setInterval(() => shown.push(container.textContent), 1)
    await act(async () => startTransition(() => change.current!(next)))
    await until(() => container.textContent === 'a=2')
    clearInterval(watch)
    expect([...new Set(shown)].filter((text) => text !== 'a=1' && text !== 'a=2')).toEqual([])
  })
})

describe('a budget that is not there', () => {
  it('is told by the status, and thrown to an error boundary by a hook that suspends', async () => {
    const { alice } = await world()
    const nowhere = createCells(alice.supabase).budget('00000000-0000-4000-8000-000000000000')
    const status = probe(() => useSyncStatus())
    const first = within({ budget: nowhere }, <status.Probe />)
    await until(() => status.now.state === 'closed')
    expect(status.now.error).toMatchObject({ code: 'not_found' })
    first.unmount()

    const silent = vi.spyOn(console, 'error').mockReturnValue()
    const { container } = within(
      { budget: nowhere },
      <Boundary>
        <Suspense fallback={<p>waiting</p>}>
          <Value field="a" suspense />
        </Suspense>
      </Boundary>,
    )
    await until(() => container.textContent === 'failed: NotFoundError')
    silent.mockRestore()
  })

  it('and so is a filter that is none', async () => {
    const { alice } = await world()
    const status = probe(() => useSyncStatus())
    within({ budget: alice.budget, filter: { locked: true } as object }, <status.Probe />)
    await until(() => status.now.state === 'closed')
    expect(status.now.error).toMatchObject({ code: 'invalid', field: 'filter.locked' })
  })
})
