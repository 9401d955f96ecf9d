import { describe, expect, it } from 'vitest'
import { isCellsError } from '@efir/cells'
import {
  useCells,
  useConflicts,
  usePlanningCell,
  useReady,
  useRejectedWrites,
  useSheet,
  useSyncStatus,
} from '@efir/cells/react'
import { at, doing, fill, probe, until, connectWorld, within } from './support/world.tsx'

const world = await connectWorld()

describe('usePlanningCell', () => {
  it('shows a cell when it is loaded, and every change of it by anybody', async () => {
    const { alice, bob } = await world()
    await fill(bob.budget, { a: '1' })
    const cell = probe(() => usePlanningCell(at('a')))
    within({ budget: alice.budget }, <cell.Probe />)
    expect(cell.now).toMatchObject({ value: null, isReady: false, isPending: false, write: null })
    await until(() => cell.now.isReady)
    expect(cell.now.value).toBe('1')
    await fill(bob.budget, { a: '2' })
    await until(() => cell.now.value === '2')
  })

  it('shows an own write at once, and renders again when it is confirmed', async () => {
    const { alice } = await world()
    const cell = probe(() => usePlanningCell(at('own')))
    const ready = probe(() => useReady())
    within(
      { budget: alice.budget },
      <>
        <cell.Probe />
        <ready.Probe />
      </>,
    )
    await until(() => ready.now)
    const before = cell.renders
    const handle = cell.now.set('45000.00')
    await Promise.resolve()
    expect(cell.now).toMatchObject({ value: '45000', isPending: true })
    expect(cell.now.write).not.toBeNull()
    await doing(() => handle.result)
    await until(() => !cell.now.isPending)
    expect(cell.now).toMatchObject({ value: '45000', write: null, cell: { base: { version: 1 } } })
    // Shown, (perhaps) sending, confirmed.
    expect(cell.renders - before).toBeLessThanOrEqual(3)
    await doing(() => cell.now.clear().result)
    expect(cell.now.cell).toMatchObject({ exists: true, value: null })
    await doing(() => cell.now.delete().result)
    expect(cell.now.cell.exists).toBe(false)
  })

  it('keeps its functions from render to render, and takes another address object of the same content', async () => {
    const { alice, bob } = await world()
    await fill(bob.budget, { same: '1' })
    const cell = probe(() => usePlanningCell({ ...at('same') }))
    const { again } = within({ budget: alice.budget }, <cell.Probe />)
    await until(() => cell.now.isReady)
    const before = cell.now
    again({ budget: alice.budget }, <cell.Probe />)
    expect(cell.now).toBe(before)
    await fill(bob.budget, { same: '2' })
    await until(() => cell.now.value === '2')
    expect(cell.now.set).toBe(before.set)
  })

  it('refuses a write before the sheet is open, and says when it can be done', async () => {
    const { alice } = await world()
    const cell = probe(() => usePlanningCell(at('early')))
    within({ budget: alice.budget }, <cell.Probe />)
    expect(() => cell.seen[0]!.set('1')).toThrow(/useReady\(\) tells when|useSheet\(\) tells when/)
    await until(() => cell.now.isReady)
    await doing(() => cell.now.set('1').result)
    expect(cell.now.value).toBe('1')
  })

  it('refuses an address that the filter of the sheet does not name', async () => {
    const { alice } = await world()
    const cell = probe(() => usePlanningCell(at('elsewhere')))
    expect(() => within({ budget: alice.budget, filter: { module: 'staff' } }, <cell.Probe />)).toThrow(
      /a cell that the filter of the sheet names/,
    )
  })

  it('tells of a lock', async () => {
    const { alice, bob } = await world()
    await fill(bob.budget, { locked: '1' })
    const cell = probe(() => usePlanningCell(at('locked')))
    within({ budget: alice.budget }, <cell.Probe />)
    await until(() => cell.now.isReady)
    await bob.budget.locks.lock({ cells: [at('locked')] }, { reason: 'Approved' })
    await until(() => cell.now.isLocked)
    expect(cell.now.lockReason).toBe('Approved')
  })
})

describe('useCells', () => {
  it('lists the cells of the filter, and renders again only when one of them changes', async () => {
    const { alice, bob } = await world()
    await fill(bob.budget, { b: '2', a: '1', c: '3' })
    const cells = probe(() => useCells({ field: ['a', 'b'] }))
    const other = probe(() => usePlanningCell(at('c')))
    within(
      { budget: alice.budget },
      <>
        <cells.Probe />
        <other.Probe />
      </>,
    )
    await until(() => cells.now.length === 2 && other.now.isReady)
    expect(cells.now.map(({ value }) => value)).toEqual(['1', '2'])
    const before = cells.renders
    await fill(bob.budget, { c: '4' })
    await until(() => other.now.value === '4')
    expect(cells.renders).toBe(before)
    await fill(bob.budget, { b: '20' })
    await until(() => cells.now[1]?.value === '20')
    expect(cells.renders).toBe(before + 1)
  })

  it('renders again only when what the selector makes is another value', async () => {
    const { alice, bob } = await world()
    await fill(bob.budget, { a: '1', b: null })
    const filled = probe(() =>
      useCells(
        {},
        (cells) => cells.filter(({ value }) => value !== null).map(({ field }) => field),
        (one, other) => one.join() === other.join(),
      ),
    )
    within({ budget: alice.budget }, <filled.Probe />)
    await until(() => filled.now.join() === 'a')
    const before = filled.renders
    await fill(bob.budget, { a: '5' })
    await fill(bob.budget, { b: '6' })
    await until(() => filled.now.join() === 'a,b')
    expect(filled.renders).toBe(before + 1)
  })
})

describe('useConflicts', () => {
  it.for([
    ['mine', '3'],
    ['theirs', '2'],
    ['10.5', '10.5'],
  ] as const)(
    'tells of a conflict that came before it was mounted, and settles it: %s',
    async ([choice, end]) => {
      // Without a stream Alice does not hear of Bob in time.
      const { alice, bob } = await world({ stream: 'none' })
      await fill(bob.budget, { fought: '1' })
      const cell = probe(() => usePlanningCell(at('fought')))
      const conflicts = probe(() => useConflicts())
      const { again } = within({ budget: alice.budget }, <cell.Probe />)
      await until(() => cell.now.isReady)
      await fill(bob.budget, { fought: '2' })
      const refused = await doing(async () => await cell.now.set('3').result.catch((error: unknown) => error))
      expect(isCellsError(refused, 'version_conflict')).toBe(true)
      again(
        { budget: alice.budget },
        <>
          <cell.Probe />
          <conflicts.Probe />
        </>,
      )
      await until(() => conflicts.now.conflicts.length === 1)
      const [conflict] = conflicts.now.conflicts
      expect(conflict).toMatchObject({ mine: '3', base: { value: '1' } })
      expect(conflict!.theirs).toMatchObject({ value: '2', modifiedBy: bob.id })
      expect(cell.now.write).toBe(conflict!.write)
      await doing(() => conflicts.now.resolve(conflict!, choice)?.result)
      await until(() => cell.now.value === end && !cell.now.isPending)
      expect(conflicts.now.conflicts).toEqual([])
      expect(cell.now.write).toBeNull()
    },
  )
})

describe('useRejectedWrites', () => {
  it('lists a write that a lock refused, until it is discarded', async () => {
    const { alice, bob } = await world()
    await fill(bob.budget, { shut: '1' })
    await bob.budget.locks.lock({ cells: [at('shut')] })
    const cell = probe(() => usePlanningCell(at('shut')))
    const rejected = probe(() => useRejectedWrites())
    within(
      { budget: alice.budget },
      <>
        <cell.Probe />
        <rejected.Probe />
      </>,
    )
    await until(() => cell.now.isReady)
    await doing(() => cell.now.set('2').result.catch(() => undefined))
    await until(() => rejected.now.length === 1)
    expect(rejected.now[0]).toMatchObject({ value: '2', state: 'rejected', error: { code: 'locked' } })
    expect(cell.now.value).toBe('1')
    await doing(() => rejected.now[0]!.discard())
    expect(rejected.now).toEqual([])
  })
})

describe('useSyncStatus', () => {
  it('goes from connecting to live, and counts writes that are on their way', async () => {
    const { alice } = await world()
    const status = probe(() => useSyncStatus())
    const sheet = probe(() => useSheet())
    within(
      { budget: alice.budget },
      <>
        <status.Probe />
        <sheet.Probe />
      </>,
    )
    expect(status.seen[0]).toMatchObject({ state: 'connecting', error: null, storage: { kind: 'memory' } })
    await until(() => status.now.state === 'live')
    await doing(() => sheet.now!.set(at('counted'), '1').result)
    expect(status.seen.some(({ pendingWrites }) => pendingWrites === 1)).toBe(true)
    await until(() => status.now.pendingWrites === 0)
  })
})
