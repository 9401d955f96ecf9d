import { describe, expect, it, vi } from 'vitest'
import { CellStore } from '../../src/store/cell-store.ts'
import type { StoredCell } from '../../src/model/cell.ts'
import { address, gone, number, stored } from './cells.ts'

const a = address('revenue', 'tuition')
const b = address('revenue', 'fees')

const filled = (...cells: StoredCell[]) => {
  const store = new CellStore()
  store.confirm({ revision: 1, cells })
  return store
}

describe('facts', () => {
  it('are taken whole, newest version wins, whatever the order', () => {
    const store = filled(stored(a, { version: 2, value: '20' }))
    store.confirm({ revision: 1, cells: [stored(a, { version: 1, value: '10' })] })
    expect(store.get(a)).toMatchObject({ value: '20', base: { version: 2 } })
    store.confirm({ revision: 3, cells: [stored(a, { version: 3, value: '30' })] })
    expect(store.get(a)).toMatchObject({ value: '30', kind: 'number', isPending: false, exists: true })
  })

  it('of a deletion keep an older row from coming back', () => {
    const store = filled()
    store.confirm({ revision: 3, deleted: [gone(a, 2)] })
    store.confirm({ revision: 2, cells: [stored(a, { version: 1 })] })
    expect(store.get(a).exists).toBe(false)
    store.confirm({ revision: 4, cells: [stored(a, { version: 3 })] })
    expect(store.get(a).exists).toBe(true)
  })

  it('without a revision bring only cells up to date that are known', () => {
    const store = filled(stored(a, { version: 1 }))
    store.confirm({
      revision: null,
      cells: [stored(a, { version: 2, value: '2' }), stored(b, { version: 1 })],
    })
    expect(store.get(a).value).toBe('2')
    expect(store.get(b).exists).toBe(false)
  })
})

describe('a pending write', () => {
  it('is shown over the confirmed cell, and settles without showing the old value', () => {
    const store = filled(stored(a, { version: 1, value: '1' }))
    const seen: (string | null)[] = []
    store.subscribe(a, ({ value }) => seen.push(value))
    store.overlay([[a, number('2')]])
    expect(store.get(a)).toMatchObject({ value: '2', isPending: true, base: { value: '1' } })
    store.commit(() => {
      store.overlay([[a, null]])
      store.confirm({ revision: 2, cells: [stored(a, { version: 2, value: '2' })] })
    })
    expect(store.get(a)).toMatchObject({ value: '2', isPending: false })
    expect(seen).toEqual(['2', '2'])
  })

  it('of a deletion hides the cell', () => {
    const store = filled(stored(a, { version: 1, value: '1' }))
    store.overlay([[a, 'deleted']])
    expect(store.get(a)).toMatchObject({ exists: false, value: null, isPending: true })
    expect(store.range({}).getSnapshot()).toEqual([])
  })
})

describe('listeners', () => {
  it('are called once a commit, and not at all for what changes nothing', () => {
    const store = filled(stored(a, { version: 1 }))
    const listener = vi.fn()
    store.subscribe(a, listener)
    store.commit(() => {
      store.overlay([[a, number('2')]])
      store.overlay([[a, number('3')]])
    })
    expect(listener).toHaveBeenCalledTimes(1)
    store.commit(() => {
      store.overlay([[a, null]])
      store.overlay([[a, number('3')]])
    })
    store.confirm({ revision: 9, cells: [stored(a, { version: 1 })] })
    expect(listener).toHaveBeenCalledTimes(1)
  })
})
