import { describe, expect, it, vi } from 'vitest'
import { CellStore } from '../../src/store/cell-store.ts'
import type { StoredCell } from '../../src/model/cell.ts'
import { address, gone, number, stored, text } from './cells.ts'

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

  it('of a row and of its deletion in one commit leave none to a listener', () => {
    const store = filled(stored(a, { version: 1 }))
    const listener = vi.fn()
    store.subscribe(a, listener)
    store.confirm({ revision: 3, cells: [stored(a, { version: 2 })], deleted: [gone(a, 3)] })
    expect(listener.mock.calls).toEqual([[expect.objectContaining({ exists: false })]])
    expect(store.get(a).base.exists).toBe(false)
  })

  it('of a deletion keep an older row from coming back', () => {
    const store = filled()
    store.confirm({ revision: 3, deleted: [gone(a, 2)] })
    store.confirm({ revision: 2, cells: [stored(a, { version: 1 })] })
    expect(store.get(a).exists).toBe(false)
    store.confirm({ revision: 4, cells: [stored(a, { version: 3 })] })
    expect(store.get(a).exists).toBe(true)
  })

  it.each([
    ['a text', { kind: 'text', value: '12 teachers' }],
    ['an empty cell', { kind: 'empty', value: null }],
    ['a number that is not written the usual way', { kind: 'number', value: '1.50' }],
    ['the largest number', { kind: 'number', value: '99999999999999.9999' }],
    ['an id that is no UUID', { id: 'cell-1' }],
    ['a time of another form', { modifiedAt: '20260901T100000Z' }],
    ['a lock and its reason', { isLocked: true, lockReason: 'Approved' }],
    ['who wrote it', { modifiedBy: '33333333-3333-4333-8333-333333333333' }],
    ['a calculation', { valueType: 'calculated' }],
  ] as const)('come out as they came in: %s', (_what, content) => {
    const cell = stored(a, { version: 1, ...content })
    const store = filled(cell)
    expect(store.get(a).base).toEqual(cell)
    expect(store.getById(cell.id)).toBe(store.get(a))
    const next = stored(a, { version: 2, value: '7' })
    store.confirm({ revision: 2, cells: [next] })
    expect(store.get(a).base).toEqual(next)
    if (next.id !== cell.id) expect(store.getById(cell.id)).toBeUndefined()
  })

  it('with more time offsets than a column numbers come out as they came in', () => {
    const cells = Array.from({ length: 400 }, (_, index) =>
      stored(address('revenue', `field ${index}`), {
        version: 1,
        modifiedAt: `2026-09-01T10:00:00+${String(index % 20).padStart(2, '0')}:${String(index % 60).padStart(2, '0')}:${String(index % 59).padStart(2, '0')}`,
      }),
    )
    const store = filled(...cells)
    expect(cells.map((cell) => store.get(cell).base)).toEqual(cells)
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

  it('that throw do not keep others from being called', () => {
    const onListenerError = vi.fn()
    const store = new CellStore({ onListenerError })
    const failure = new Error('mine')
    const others = [vi.fn(), vi.fn(), vi.fn()] as const
    store.subscribe(a, () => {
      throw failure
    })
    store.subscribe(a, others[0])
    store.subscribeRange({ module: 'revenue' }, () => {
      throw failure
    })
    store.subscribeRange({}, others[1])
    store.range({}).subscribe(others[2])
    store.confirm({ revision: 1, cells: [stored(a, { version: 1 })] })
    for (const other of others) expect(other).toHaveBeenCalledTimes(1)
    expect(onListenerError.mock.calls).toEqual([[failure], [failure]])
  })

  it('that subscribe during a round hear from the next one on', () => {
    const store = filled(stored(a, { version: 1 }))
    const late = vi.fn()
    const leave = store.subscribe(a, () => {
      leave()
      store.subscribe(a, late)
      store.subscribeRange({}, late)
    })
    store.overlay([[a, number('2')]])
    expect(late).not.toHaveBeenCalled()
    store.overlay([[a, number('3')]])
    expect(late).toHaveBeenCalledTimes(2)
  })

  it('that are unsubscribed during a round hear nothing more', () => {
    const store = filled(stored(a, { version: 1 }))
    const second = vi.fn()
    store.subscribe(a, () => leave())
    const leave = store.subscribe(a, second)
    store.overlay([[a, number('2')]])
    expect(second).not.toHaveBeenCalled()
  })

  it('that write are told of it in a round of its own, after the one that runs', () => {
    const store = filled(stored(a, { version: 1 }), stored(b, { version: 1 }))
    const heard: string[] = []
    store.subscribe(a, ({ value }) => {
      heard.push(`a ${String(value)}`)
      if (value === '2') store.overlay([[b, number('20')]])
    })
    store.subscribe(a, ({ value }) =>
      heard.push(`a again ${String(value)}, b is ${String(store.get(b).value)}`),
    )
    store.subscribe(b, ({ value }) => heard.push(`b ${String(value)}`))
    store.overlay([[a, number('2')]])
    expect(heard).toEqual(['a 2', 'a again 2, b is 20', 'b 20'])
  })

  it('hear of what was done before a commit failed', () => {
    const store = filled(stored(a, { version: 1 }))
    const listener = vi.fn()
    store.subscribe(a, listener)
    const failure = new Error('mine')
    expect(() =>
      store.commit(() => {
        store.overlay([[a, number('2')]])
        throw failure
      }),
    ).toThrow(failure)
    expect(listener).toHaveBeenCalledWith(expect.objectContaining({ value: '2' }))
  })

  it('of a range are handed what changed in it, and nothing else', () => {
    const store = filled(stored(a, { version: 1 }), stored(b, { version: 1 }))
    const listener = vi.fn()
    store.subscribeRange({ field: ['tuition', 'other'] }, listener)
    store.overlay([
      [a, number('2')],
      [b, number('3')],
      [address('revenue', 'other'), text('new')],
      [address('payroll', 'salaries'), text('new')],
    ])
    expect(listener.mock.calls).toEqual([[[store.get(a), store.get(address('revenue', 'other'))]]])
    store.overlay([[b, null]])
    expect(listener).toHaveBeenCalledTimes(1)
  })

  it('that throw are, without a hook, seen as uncaught, after the round', () => {
    const later = vi.spyOn(globalThis, 'queueMicrotask').mockImplementation(() => undefined)
    const failure = new Error('mine')
    const store = new CellStore()
    store.subscribe(a, () => {
      throw failure
    })
    store.overlay([[a, number('2')]])
    const [thrown] = later.mock.calls.map(([task]) => task)
    later.mockRestore()
    expect(thrown).toThrow(failure)
  })
})

describe('external stores', () => {
  it('are the same for the same address or selection, with functions that need no this', () => {
    const store = filled(stored(a, { version: 1 }))
    const cell = store.cell(a)
    const range = store.range({ module: 'revenue' })
    expect(store.cell({ ...a })).toBe(cell)
    expect(store.range({ module: 'revenue' })).toBe(range)
    for (const { subscribe, getSnapshot, getServerSnapshot } of [cell, range]) {
      expect(getServerSnapshot()).toBe(getSnapshot())
      expect(getSnapshot()).toBe(getSnapshot())
      expect(Object.isFrozen(getSnapshot())).toBe(true)
      const listener = vi.fn()
      const leave = subscribe(listener)
      store.overlay([[a, number('2')]])
      leave()
      leave()
      store.overlay([[a, null]])
      expect(listener).toHaveBeenCalledTimes(1)
    }
  })

  it('of one commit show the same to every listener of it', () => {
    const store = filled(stored(a, { version: 1, value: '1' }), stored(b, { version: 1, value: '1' }))
    const range = store.range({})
    const seen: unknown[] = []
    const look = () =>
      seen.push([
        store.get(a).value,
        store.cell(b).getSnapshot().value,
        range.getSnapshot().map(({ value }) => value),
      ])
    store.subscribe(a, look)
    range.subscribe(look)
    store.cell(b).subscribe(look)
    store.commit(() => {
      store.overlay([[a, number('2')]])
      store.confirm({ revision: 2, cells: [stored(b, { version: 2, value: '2' })] })
    })
    expect(seen).toEqual(Array(3).fill(['2', '2', ['2', '2']]))
  })

  it('of a range keep the cells in the order of their addresses, what is absent first', () => {
    const entity = '11111111-1111-4111-8111-111111111111'
    const inOrder = [
      address('a', 'f', null, null),
      address('a', 'f', null, '2025-09'),
      address('a', 'g', null, null),
      address('a', 'f', entity, null),
      address('b', 'f', null, null),
    ]
    const store = filled(...inOrder.toReversed().map((at) => stored(at, { version: 1 })))
    const range = store.range({})
    range.subscribe(() => undefined)
    expect(range.getSnapshot().map(({ base }) => base)).toEqual(inOrder.map((at) => store.get(at).base))
    const between = address('a', 'f', null, '2025-08')
    store.overlay([[between, number('1')]])
    expect(range.getSnapshot()[1]).toBe(store.get(between))
  })

  it('of a range edit what they have: few of many cells that come, go and change', () => {
    const at = (index: number) => address('m', `f${String(index).padStart(3, '0')}`)
    const all = Array.from({ length: 100 }, (_, index) => stored(at(index), { version: 1 }))
    const store = filled(...all)
    const range = store.range({ module: 'm' })
    range.subscribe(() => undefined)
    store.commit(() => {
      store.overlay([[at(7), 'deleted']])
      store.confirm({ revision: 2, cells: [stored(at(50), { version: 2 }), stored(at(100), { version: 1 })] })
      store.overlay([[at(200), 'deleted']])
    })
    const wanted = all.filter((_, index) => index !== 7).map((cell) => store.get(cell))
    expect(range.getSnapshot()).toEqual([...wanted, store.get(at(100))])
  })
})

describe('a fresh read', () => {
  const revenue = { module: 'revenue' }

  it('ends cells that it does not show, and leaves other selections alone', () => {
    const other = address('payroll', 'salaries')
    const store = filled(stored(a, { version: 1 }), stored(b, { version: 1 }), stored(other, { version: 1 }))
    const read = store.beginSnapshot(revenue)
    read.page(5, [stored(a, { version: 1 })])
    expect(store.get(b).exists).toBe(true)
    expect(read.end()).toBe(5)
    expect([a, b, other].map((at) => store.get(at).exists)).toEqual([true, false, true])
    expect(store.size).toBe(2)
  })

  it('keeps older facts about what it did not show out for good', () => {
    const store = new CellStore()
    const read = store.beginSnapshot(revenue)
    read.page(5, [])
    read.end()
    store.confirm({ revision: 4, cells: [stored(a, { version: 3 })], deleted: [gone(b, 2)] })
    expect(store.get(a).exists).toBe(false)
    store.confirm({ revision: 6, cells: [stored(a, { version: 5 })] })
    expect(store.get(a).exists).toBe(true)
  })

  it('does not end a cell that was written while it went on', () => {
    const store = filled()
    const read = store.beginSnapshot(revenue)
    read.page(5, [])
    store.confirm({ revision: 6, cells: [stored(a, { version: 1 })] })
    read.page(7, [])
    expect(read.end()).toBe(5)
    expect(store.get(a).exists).toBe(true)
  })

  it('does not bring a cell back that was deleted after its page was read', () => {
    const store = filled(stored(a, { version: 1 }))
    const read = store.beginSnapshot(revenue)
    store.confirm({ revision: 6, deleted: [gone(a, 2)] })
    read.page(5, [stored(a, { version: 1 })])
    read.end()
    expect(store.get(a).exists).toBe(false)
  })

  it('keeps pending writes over cells that it ends', () => {
    const store = filled(stored(a, { version: 1 }))
    store.overlay([[a, number('9')]])
    const read = store.beginSnapshot()
    read.page(5, [])
    read.end()
    expect(store.get(a)).toMatchObject({ value: '9', isPending: true, base: { exists: false } })
  })

  it('needs a page, be it empty', () => {
    expect(() => new CellStore().beginSnapshot().end()).toThrow(RangeError)
  })

  it('of a restored budget takes older versions, and tells only of what differs', () => {
    const same = stored(b, { version: 3, value: '3' })
    const store = filled(stored(a, { version: 9, value: '9' }), same)
    const listener = vi.fn()
    store.subscribeRange({}, listener)
    const kept = store.get(b)
    const read = store.beginSnapshot({}, { isRestored: true })
    expect(store.get(a).value).toBe('9')
    read.page(1, [stored(a, { version: 2, value: '2' }), same])
    read.end()
    expect(store.get(a).base).toMatchObject({ version: 2, value: '2' })
    expect(store.get(b)).toBe(kept)
    expect(listener.mock.calls).toEqual([[[store.get(a)]]])
    store.confirm({ revision: 1, cells: [stored(a, { version: 1, value: '1' })] })
    expect(store.get(a).value).toBe('2')
  })

  it('of a restored budget tells of another content at the same version', () => {
    const store = filled(stored(a, { version: 2, value: 'one', kind: 'text' }))
    const listener = vi.fn()
    store.subscribe(a, listener)
    const read = store.beginSnapshot({}, { isRestored: true })
    read.page(1, [stored(a, { version: 2, value: 'two', kind: 'text' })])
    read.end()
    expect(listener.mock.calls).toEqual([[expect.objectContaining({ value: 'two' })]])
  })
})
