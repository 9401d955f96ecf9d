import { describe, expect, it, vi } from 'vitest'
import {
  UndoRedoToolbar,
  useCellComments,
  useCellHistory,
  useCellLock,
  useCommentCounts,
  useFormats,
  useInbox,
  usePeople,
  usePeopleAt,
  usePlanningCell,
  usePresence,
  useSheet,
  useSyncStatus,
  useUndoRedo,
  useUserId,
} from '@efir/cells/react'
import { at, doing, fill, probe, until, connectWorld, within } from './support/world.tsx'

const world = await connectWorld()

describe('useUndoRedo', () => {
  it('undoes and redoes the user’s own step, and says what it would take', async () => {
    const { alice, bob } = await world()
    await fill(bob.budget, { a: '1' })
    const cell = probe(() => usePlanningCell(at('a')))
    const undoing = probe(() => useUndoRedo())
    const other = probe(() => useUndoRedo())
    within(
      { budget: alice.budget },
      <>
        <cell.Probe />
        <undoing.Probe />
        <other.Probe />
      </>,
    )
    await until(() => cell.now.isReady)
    expect(undoing.now).toMatchObject({ canUndo: false, canRedo: false, undoStep: null, isBusy: false })
    await doing(() => cell.now.set('2').result)
    await until(() => undoing.now.canUndo)
    expect(undoing.now.undoStep).toMatchObject({ cells: 1, modules: ['react'], by: alice.id })
    const undone = await doing(() => undoing.now.undo())
    expect(undone).toMatchObject({ status: 'undone', outcomes: [{ status: 'reverted' }] })
    expect(cell.now.value).toBe('1')
    await until(() => other.now.canRedo && !other.now.canUndo)
    expect(other.now.lastResult).toBe(undone)
    await doing(() => undoing.now.redo())
    expect(cell.now.value).toBe('2')
    expect(undoing.seen.some(({ isBusy }) => isBusy)).toBe(true)
    expect(undoing.now.isBusy).toBe(false)
  })

  it('tells what an undo was refused with', async () => {
    const { alice } = await world()
    const undoing = probe(() => useUndoRedo())
    const cell = probe(() => usePlanningCell(at('a')))
    const sheet = probe(() => useSheet())
    within(
      { budget: alice.budget },
      <>
        <undoing.Probe />
        <cell.Probe />
        <sheet.Probe />
      </>,
    )
    await until(() => cell.now.isReady && sheet.now !== null)
    const refusal = new Error('refused')
    vi.spyOn(sheet.now!, 'undo').mockRejectedValueOnce(refusal)
    await expect(doing(() => undoing.now.undo())).rejects.toBe(refusal)
    expect(undoing.now).toMatchObject({ error: refusal, isBusy: false })
    await doing(() => undoing.now.undo())
    expect(undoing.now).toMatchObject({ error: null, lastResult: { status: 'nothing' }, lastTurn: 'undo' })
  })

  it('says of which of the two there is nothing left', async () => {
    const { alice } = await world()
    const undoing = probe(() => useUndoRedo())
    const status = probe(() => useSyncStatus())
    within(
      { budget: alice.budget },
      <>
        <undoing.Probe />
        <status.Probe />
        <UndoRedoToolbar />
      </>,
    )
    await until(() => status.now.state === 'live')
    await doing(() => undoing.now.redo())
    expect(document.querySelector('.efir-cells-undo [role=status]')?.textContent).toBe('Nothing to redo')
    await doing(() => undoing.now.undo())
    expect(document.querySelector('.efir-cells-undo [role=status]')?.textContent).toBe('Nothing to undo')
  })
})

describe('useCellComments', () => {
  it('adds, answers, edits, settles and takes away, and others read it', async () => {
    const { alice, bob } = await world()
    const comments = probe(() => useCellComments(at('a')))
    const counts = probe(() => useCommentCounts([at('a'), at('b')]))
    const filtered = probe(() => useCommentCounts({ module: 'react' }))
    within(
      { budget: alice.budget },
      <>
        <comments.Probe />
        <counts.Probe />
        <filtered.Probe />
      </>,
    )
    expect(comments.now).toMatchObject({ threads: [], isLoading: true, error: null })
    await until(() => !comments.now.isLoading)
    const question = await doing(() => comments.now.add('Check with HR', { mentions: [bob.id] }))
    expect(comments.now.threads).toMatchObject([
      { id: question.threadId, comments: [{ text: 'Check with HR' }] },
    ])
    await doing(() => comments.now.reply(question, 'They say 12.'))
    await doing(() => comments.now.edit(question, 'Check with HR!'))
    expect(comments.now.threads[0]!.comments.map(({ text }) => text)).toEqual([
      'Check with HR!',
      'They say 12.',
    ])
    expect(counts.now.of(at('a'))).toEqual({ comments: 2, unresolvedThreads: 1, unread: 0 })
    expect(counts.now.of(at('b'))).toEqual({ comments: 0, unresolvedThreads: 0, unread: 0 })
    expect(counts.now.of(at('never asked'))).toMatchObject({ comments: 0 })
    await until(() => filtered.now.of(at('a')).comments === 2)
    await doing(() => comments.now.resolve(question))
    expect(comments.now.threads[0]!.isResolved).toBe(true)
    await doing(() => comments.now.reopen(question))
    expect(comments.now.threads[0]!.isResolved).toBe(false)
    await doing(() => comments.now.remove(question))
    expect(comments.now.threads[0]!.comments[0]!.text).toBeNull()

    const his = probe(() => useCellComments(at('a')))
    const inbox = probe(() => useInbox())
    within(
      { budget: bob.budget },
      <>
        <his.Probe />
        <inbox.Probe />
      </>,
    )
    await until(() => his.now.threads.length === 1)
    expect(his.now.threads[0]!.unread).toBe(1)
    await doing(() => his.now.markRead())
    expect(his.now.threads[0]!.unread).toBe(0)
    await bob.budget.comments.add(at('b'), 'And this?', { mentions: [alice.id] })
  })

  it('rejects with the refusal, and leaves what is shown', async () => {
    const { alice } = await world()
    const comments = probe(() => useCellComments(at('a')))
    within({ budget: alice.budget }, <comments.Probe />)
    await until(() => !comments.now.isLoading)
    await expect(doing(() => comments.now.add(''))).rejects.toMatchObject({ code: 'invalid' })
    expect(comments.now.threads).toEqual([])
  })

  it('shows more of the inbox when asked to, and as many when it is read again', async () => {
    const { alice, bob } = await world()
    const thread = await bob.budget.comments.add(at('a'), 'First')
    for (let turn = 0; turn < 52; turn++)
      await bob.budget.comments.reply(thread, `No. ${turn}`, { mentions: [alice.id] })
    const inbox = probe(() => useInbox())
    within({ budget: alice.budget }, <inbox.Probe />)
    await until(() => inbox.now.mentions.length === 50 && inbox.now.hasMore)
    await doing(() => inbox.now.loadMore())
    expect(inbox.now.mentions).toHaveLength(52)
    expect(inbox.now.hasMore).toBe(false)
    await doing(() => inbox.now.markRead('all'))
    expect(inbox.now.mentions).toHaveLength(52)
    expect(inbox.now.unread).toBe(0)
  })

  it('reads again when somebody else comments, and so do counts and the inbox', async () => {
    const { alice, bob } = await world()
    const comments = probe(() => useCellComments(at('a')))
    const elsewhere = probe(() => useCellComments(at('b')))
    const counts = probe(() => useCommentCounts([at('a')]))
    const inbox = probe(() => useInbox())
    const status = probe(() => useSyncStatus())
    within(
      { budget: alice.budget },
      <>
        <comments.Probe />
        <elsewhere.Probe />
        <counts.Probe />
        <inbox.Probe />
        <status.Probe />
      </>,
    )
    await until(() => status.now.state === 'live' && !comments.now.isLoading && !elsewhere.now.isLoading)
    await bob.budget.comments.add(at('a'), 'Look', { mentions: [alice.id] })
    await until(() => comments.now.threads.length === 1)
    await until(() => counts.now.of(at('a')).unread === 1 && inbox.now.unread === 1)
    expect(elsewhere.now.threads).toEqual([])
  })

  it('looks a second time, where a notice was faster than what it is about could be read', async () => {
    const { alice, bob } = await world()
    const comments = probe(() => useCellComments(at('a')))
    const status = probe(() => useSyncStatus())
    within(
      { budget: alice.budget },
      <>
        <comments.Probe />
        <status.Probe />
      </>,
    )
    await until(() => status.now.state === 'live' && !comments.now.isLoading)
    // As empty as it was before.
    const before = alice.budget.comments.list({ cells: [at('b')] })
    const list = vi.spyOn(alice.budget.comments, 'list').mockReturnValueOnce(before)
    await bob.budget.comments.add(at('a'), 'Look')
    await until(() => comments.now.threads.length === 1)
    expect(list.mock.calls.length).toBeGreaterThan(1)
  })

  it('reads again when the user comes back to the window', async () => {
    const { alice, bob } = await world({ stream: 'none' })
    const comments = probe(() => useCellComments(at('a')))
    within({ budget: alice.budget }, <comments.Probe />)
    await until(() => !comments.now.isLoading)
    await bob.budget.comments.add(at('a'), 'Look')
    window.dispatchEvent(new window.Event('focus'))
    await until(() => comments.now.threads.length === 1)
  })

  it('says what went wrong where they cannot be read', async () => {
    const { alice } = await world()
    const list = vi.spyOn(alice.budget.comments, 'list').mockImplementation(() => {
      throw new Error('broken')
    })
    const comments = probe(() => useCellComments(at('a')))
    within({ budget: alice.budget }, <comments.Probe />)
    await until(() => comments.now.error !== null)
    expect(comments.now).toMatchObject({ isLoading: false, threads: [], error: { message: 'broken' } })
    list.mockRestore()
    await doing(() => comments.now.refresh())
    expect(comments.now.error).toBeNull()
  })
})

describe('useInbox', () => {
  it('lists mentions and counts unread ones, until they are read', async () => {
    const { alice, bob } = await world()
    await bob.budget.comments.add(at('a'), 'One', { mentions: [alice.id] })
    await bob.budget.comments.add(at('b'), 'Two', { mentions: [alice.id] })
    const inbox = probe(() => useInbox())
    const unread = probe(() => useInbox({ unread: true }))
    within(
      { budget: alice.budget },
      <>
        <inbox.Probe />
        <unread.Probe />
      </>,
    )
    await until(() => inbox.now.unread === 2 && unread.now.mentions.length === 2)
    await doing(() => inbox.now.markRead(inbox.now.mentions[0]!))
    expect(inbox.now).toMatchObject({ unread: 1 })
    expect(inbox.now.mentions).toHaveLength(2)
    expect(unread.now.mentions).toHaveLength(1)
    await doing(() => inbox.now.markRead('all'))
    expect(inbox.now.unread).toBe(0)
  })
})

describe('useCellLock', () => {
  it('locks for everybody with a reason, and unlocks', async () => {
    const { alice, bob } = await world()
    await fill(bob.budget, { a: '1' })
    const lock = probe(() => useCellLock(at('a')))
    const cell = probe(() => usePlanningCell(at('a')))
    within(
      { budget: alice.budget },
      <>
        <lock.Probe />
        <cell.Probe />
      </>,
    )
    await until(() => cell.now.isReady)
    await doing(() => lock.now.lock('Approved'))
    await until(() => lock.now.isLocked)
    expect(lock.now).toMatchObject({ reason: 'Approved', isBusy: false, error: null })
    await doing(() => lock.now.unlock())
    await until(() => !lock.now.isLocked)
    await expect(doing(() => lock.now.lock('x'.repeat(201)))).rejects.toMatchObject({ code: 'invalid' })
    await until(() => lock.now.error !== null)
    expect(lock.now.error).toMatchObject({ code: 'invalid' })
  })

  it('does not wait for a lease any more when the component is gone', async () => {
    const { alice, bob } = await world()
    await using his = await bob.budget.leases.acquire(at('a'))
    const lock = probe(() => useCellLock(at('a')))
    const { unmount } = within({ budget: alice.budget }, <lock.Probe />)
    await until(() => lock.now.holder?.userId === bob.id)
    const waiting = lock.now.acquire()
    unmount()
    await expect(waiting).rejects.toMatchObject({ name: 'AbortError' })
    expect(his.held).toBe(true)
  })

  it('says who else is editing, and holds a lease until the component is gone', async () => {
    const { alice, bob } = await world()
    const lock = probe(() => useCellLock(at('a')))
    const { unmount } = within({ budget: alice.budget }, <lock.Probe />)
    const hers = await doing(() => lock.now.acquire({ ifAvailable: true }))
    expect(hers).not.toBeNull()
    expect(lock.now).toMatchObject({ isMine: true, holder: null })
    const his = probe(() => useCellLock(at('a')))
    within({ budget: bob.budget }, <his.Probe />)
    await until(() => his.now.holder !== null)
    expect(his.now).toMatchObject({ isMine: false, holder: { userId: alice.id } })
    expect(await doing(() => his.now.acquire({ ifAvailable: true }))).toBeNull()
    unmount()
    await until(() => !hers!.held)
    const now = await doing(() => his.now.acquire())
    expect(now!.held).toBe(true)
    await until(() => his.now.isMine && his.now.holder === null)
    await doing(() => his.now.release())
    await until(() => !his.now.isMine)
    expect(now!.held).toBe(false)
  })
})

describe('useCellHistory', () => {
  it('reads page by page, again when the cell changes, and writes an old value back', async () => {
    const { alice, bob } = await world()
    for (const value of ['1', '2', '3']) await fill(bob.budget, { a: value })
    const history = probe(() => useCellHistory(at('a'), { pageSize: 2 }))
    const cell = probe(() => usePlanningCell(at('a')))
    within(
      { budget: alice.budget },
      <>
        <history.Probe />
        <cell.Probe />
      </>,
    )
    const values = () => history.now.records.map(({ after }) => after.value)
    await until(() => cell.now.isReady && history.now.records.length === 2)
    expect(values()).toEqual(['3', '2'])
    expect(history.now.hasMore).toBe(true)
    await doing(() => history.now.loadMore())
    expect(values()).toEqual(['3', '2', '1'])
    await fill(bob.budget, { a: '4' })
    await until(() => values()[0] === '4')
    expect(values()).toEqual(['4', '3', '2', '1'])
    await doing(() => history.now.restore(history.now.records.at(-1)!).result)
    expect(cell.now.value).toBe('1')
    await until(() => values()[0] === '1')
    expect(history.now.records[0]).toMatchObject({ by: alice.id, changeType: 'manual' })
    // There is no more to load.
    const all = history.now.records
    await doing(() => history.now.loadMore())
    expect(history.now.records).toEqual(all)
  })

  it('writes a text back as a text, and a deletion as a deletion; reads a page of a cell that is new to it', async () => {
    const { alice, bob } = await world()
    const history = probe(() => useCellHistory(at('a')))
    const cell = probe(() => usePlanningCell(at('a')))
    within(
      { budget: alice.budget },
      <>
        <history.Probe />
        <cell.Probe />
      </>,
    )
    await until(() => cell.now.isReady && !history.now.isLoading)
    expect(history.now).toMatchObject({ records: [], hasMore: false })
    await doing(() => history.now.loadMore())
    expect(history.now.records).toEqual([])
    const written = await bob.budget.write(at('a'), { text: '12' }, { ifVersion: 0 })
    await bob.budget.delete(written)
    await until(() => history.now.records.length === 2)
    const [deleted, made] = history.now.records
    await doing(() => history.now.restore(made!).result)
    expect(await bob.budget.read(at('a'))).toMatchObject({ kind: 'text', value: '12' })
    await until(() => history.now.records.length === 3)
    await doing(() => history.now.restore(deleted!).result)
    expect(await bob.budget.read(at('a'))).toMatchObject({ exists: false })
  })
})

describe('usePresence', () => {
  it('shows who is there, and on which cell', async () => {
    const { alice, bob } = await world()
    const company = probe(() => usePresence())
    const people = probe(() => usePeople())
    const there = probe(() => usePeopleAt(at('a')))
    const me = probe(() => useUserId())
    within(
      { budget: alice.budget, presence: { name: 'Alice' } },
      <>
        <company.Probe />
        <people.Probe />
        <there.Probe />
        <me.Probe />
      </>,
    )
    const his = probe(() => usePresence())
    within({ budget: bob.budget, presence: { name: 'Bob' } }, <his.Probe />)
    await until(() => company.now.others.length === 1 && his.now.others.length === 1)
    expect(me.now).toBe(alice.id)
    expect(people.now(bob.id)).toMatchObject({ name: 'Bob', color: company.now.others[0]!.color })
    await doing(() => his.now.move(at('a'), 'editing'))
    await until(() => there.now.length === 1)
    expect(there.now[0]!.places).toMatchObject([{ cell: at('a'), mode: 'editing' }])
  })

  it('takes moves of somebody who is not to be seen, and tells nobody', async () => {
    const { alice } = await world()
    const company = probe(() => usePresence())
    within({ budget: alice.budget }, <company.Probe />)
    expect(() => company.now.move(at('a'))).not.toThrow()
    expect(company.now).toMatchObject({ me: null, others: [] })
  })
})

describe('usePeople and useFormats', () => {
  it('take the application’s names before those of presence, and an id where there is none', async () => {
    const { alice } = await world()
    const people = probe(() => usePeople())
    const naming = (id: string) => (id === alice.id ? { name: 'Alice', avatar: '/alice.png' } : null)
    within({ budget: alice.budget, people: naming, texts: { program: 'Robot' } }, <people.Probe />)
    expect(people.now(alice.id)).toMatchObject({ name: 'Alice', avatar: '/alice.png' })
    expect(people.now('abcdef')).toMatchObject({ name: 'Somebody abcd', avatar: null })
    expect(people.now(null)).toMatchObject({ name: 'Robot' })
  })

  it('write every digit of a decimal in the language of the provider', async () => {
    const { alice } = await world()
    const formats = probe(() => useFormats())
    within({ budget: alice.budget, locale: 'de' }, <formats.Probe />)
    expect(formats.now.number('12345678901234.5678')).toBe('12.345.678.901.234,5678')
    expect(formats.now.value({ kind: 'text', value: '1000' })).toBe('1000')
    expect(formats.now.value({ kind: 'empty', value: null })).toBe('')
    expect(formats.now.value(null)).toBe('')
    expect(formats.now.relative(new Date(Date.now() - 3 * 3_600_000).toISOString())).toBe('vor 3 Stunden')
    expect(formats.now.relative(new Date().toISOString())).toBe('jetzt')
    expect(formats.now.dateTime('2026-11-28T12:00:00Z')).toMatch(/28\.11\.2026/)
  })
})
