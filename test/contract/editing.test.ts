import { once } from 'node:events'
import { afterEach, beforeAll, describe, expect, it } from 'vitest'
import {
  createCells,
  LeaseLostError,
  type OpenOptions,
  type Sheet,
  type EditLostEvent,
  type SheetLeases,
  type StreamKind,
} from '@efir/cells'
import { until } from '../sheet/support/live.ts'
import { useStack } from '../support/stack.ts'

const stack = await useStack()

type User = Awaited<ReturnType<typeof stack.createUser>>
let alice: User
let bob: User
let mallory: User
let budgetVersionId: string
const open: Sheet[] = []

beforeAll(async () => {
  const [ours, theirs] = [await stack.createOrganization(), await stack.createOrganization()]
  ;[alice, bob, mallory] = await Promise.all([
    stack.createUser({ organization: ours }),
    stack.createUser({ organization: ours }),
    stack.createUser({ organization: theirs }),
  ])
  budgetVersionId = (await stack.createBudget({ organization: ours })).id
})

afterEach(async () => {
  await Promise.all(open.splice(0).map((sheet) => sheet.close({ pending: 'discard' })))
})

let next = 0
const freshCell = () => ({ module: 'revenue', entity: null, field: `rate_${next++}`, period: '2026' })
const cells = (user: User, stream: StreamKind = 'broadcast') =>
  createCells(stack.signIn(user), { stream }).budget(budgetVersionId)

/** A window of a user: a client of his own, with a sheet whose leases are followed. */
async function window(user: User, options: OpenOptions = {}, stream: StreamKind = 'broadcast') {
  const sheet = await cells(user, stream).open({}, options)
  open.push(sheet)
  await sheet.ready()
  return { sheet, leases: sheet.leases }
}
const holderOf = async (leases: SheetLeases, cell: ReturnType<typeof freshCell>, heldBy: string | null) => {
  await until(leases, () => (leases.at(cell)?.heldBy ?? null) === heldBy)
  return leases.at(cell)
}

describe('who edits a cell', () => {
  it('is seen by everybody in the organisation as it happens: acquired, stolen, prolonged, released', async () => {
    const [here, there] = [await window(alice), await window(bob)]
    const cell = freshCell()
    const edit = await here.sheet.edit(cell, { ttl: 3_000 })
    const seen = await holderOf(there.leases, cell, alice.id)
    expect(seen).toMatchObject({ cell, isMine: false, expiresAt: edit.expiresAt })
    expect(Object.isFrozen(seen)).toBe(true)
    expect(there.leases.at(cell)).toBe(seen)
    expect(there.leases.getSnapshot()).toContain(seen)
    expect(await holderOf(here.leases, cell, alice.id)).toMatchObject({ isMine: true })

    // It is prolonged every second, and told at least every other time.
    await until(there.leases, () => there.leases.at(cell)?.expiresAt !== seen?.expiresAt)
    expect(there.leases.at(cell)).toMatchObject({ heldBy: alice.id, acquiredAt: seen?.acquiredAt })

    const lost = once(edit.signal, 'abort')
    const stolen = await there.sheet.edit(cell, { steal: true })
    expect(await holderOf(here.leases, cell, bob.id)).toMatchObject({ isMine: false })
    await lost
    expect(edit.signal.reason).toBeInstanceOf(LeaseLostError)
    expect(edit.signal.reason).toMatchObject({ heldBy: bob.id })

    await stolen.release()
    expect(await holderOf(here.leases, cell, null)).toBeNull()
  })

  it('is known to who opens the budget later, and who edits by budget.leases is seen too', async () => {
    const cell = freshCell()
    await using lease = await cells(alice).leases.acquire(cell)
    const { leases } = await window(bob)
    expect(await holderOf(leases, cell, alice.id)).toMatchObject({ expiresAt: lease.expiresAt })
  })

  it('is nobody any more when the time is over, though no event says so', async () => {
    const cell = freshCell()
    const { leases } = await window(bob)
    const reply = await stack
      .signIn(alice)
      .schema('efir_budget')
      .rpc('acquire_leases', {
        p_budget_version_id: budgetVersionId,
        p_references: [['revenue', null, cell.field, '2026']],
        p_ttl_ms: 1_500,
      })
    expect(reply.error).toBeNull()
    await holderOf(leases, cell, alice.id)
    expect(await holderOf(leases, cell, null)).toBeNull()
    expect(
      await cells(bob)
        .leases.acquire(cell, { ifAvailable: true })
        .then((lease) => lease?.release()),
    ).toBe(true)
  })

  it('is found by looking where no stream tells', async () => {
    const [here, there] = [await window(alice), await window(bob, {}, 'none')]
    const cell = freshCell()
    await using edit = await here.sheet.edit(cell)
    expect(edit.held).toBe(true)
    expect(await holderOf(there.leases, cell, alice.id)).toMatchObject({ isMine: false })
  })

  it('is told to no member of another organisation, in no way', async () => {
    const { sheet } = await window(alice)
    const stranger = stack.signIn(mallory)
    await stranger.realtime.setAuth()
    const heard: unknown[] = []
    const channel = stranger
      .channel(`cells:${budgetVersionId}`, { config: { private: true } })
      .on('broadcast', { event: '*' }, (message) => heard.push(message))
    const refused = new Promise<string>((resolve) => {
      channel.subscribe((status) => {
        const said: string = status
        if (said !== 'CLOSED') resolve(said)
      })
    })
    expect(await refused).toBe('CHANNEL_ERROR')
    const theirs = await cells(mallory).open()
    open.push(theirs)
    const { leases } = theirs
    const cell = freshCell()
    await using edit = await sheet.edit(cell)
    await holderOf((await window(bob)).leases, cell, alice.id)
    await expect(theirs.ready()).rejects.toMatchObject({ code: 'not_found' })
    await expect(theirs.edit(cell)).rejects.toMatchObject({ code: 'not_found' })
    expect(edit.held).toBe(true)
    expect(heard).toEqual([])
    expect(leases.getSnapshot()).toEqual([])
    await stranger.removeChannel(channel)
  })
})

describe('an edit', () => {
  it('writes under its lease, is confirmed, and leaves the cell free', async () => {
    const [here, there] = [await window(alice, { presence: { name: 'Alice' } }), await window(bob)]
    const cell = freshCell()
    const edit = await here.sheet.edit(cell)
    await until(there.sheet.presence, () => there.sheet.presence.at(cell).length === 1)
    expect(there.sheet.presence.at(cell)[0]?.places).toMatchObject([{ cell, mode: 'editing' }])
    expect(await there.sheet.edit(cell, { ifAvailable: true })).toBeNull()

    expect(edit.set('1').local).toMatchObject({ value: '1', isPending: true })
    edit.set('12')
    edit.set('123.45')
    expect(await edit.commit()).toMatchObject({ value: '123.45' })
    expect(edit.held).toBe(false)
    expect(() => edit.set('6')).toThrow('an edit that goes on')
    expect(here.sheet.presence.me?.places).toMatchObject([{ cell, mode: 'viewing' }])
    const his = await there.sheet.edit(cell, { ifAvailable: true })
    expect(his?.held).toBe(true)
    await his?.release()
  })

  it('ends with the block that uses it, with what was set', async () => {
    const { sheet } = await window(alice)
    const cell = freshCell()
    const work = async () => {
      await using edit = await sheet.edit(cell)
      edit.set('7')
    }
    await work()
    expect(sheet.get(cell)).toMatchObject({ value: '7', isPending: false })
    expect(
      await cells(bob)
        .leases.acquire(cell, { ifAvailable: true })
        .then((lease) => lease?.release()),
    ).toBe(true)
  })

  it('whose lease was stolen tells, and what it had set lands only if it came before', async () => {
    const [here, there] = [await window(alice), await window(bob)]
    const cell = freshCell()
    const lost: EditLostEvent[] = []
    here.sheet.on('edit-lost', (event) => lost.push(event))
    const edit = await here.sheet.edit(cell)
    await edit.set('1').result
    const stolen = await there.sheet.edit(cell, { steal: true })
    if (!edit.signal.aborted) await once(edit.signal, 'abort')
    expect(() => edit.set('2')).toThrow(LeaseLostError)
    expect(lost).toMatchObject([{ cell, error: { heldBy: bob.id } }])
    expect(edit.held).toBe(false)
    // What she had typed by then was on its way, and is confirmed.
    expect(await edit.commit()).toMatchObject({ value: '1' })
    await until(there.sheet.cell(cell), ({ value }) => value === '1')
    stolen.set('3')
    expect(await stolen.commit()).toMatchObject({ value: '3', version: 2 })
  })

  it('by a write under a stale lease is refused, listed, and lands when it is sent again without it', async () => {
    const { sheet } = await window(alice)
    const cell = freshCell()
    const edit = await sheet.edit(cell)
    await stack.sql`
      UPDATE efir_budget.cell_leases SET expires_at = now() - interval '1 second'
      WHERE budget_version_id = ${budgetVersionId} AND cell_key ->> 2 = ${cell.field}`
    const rejected = new Promise((resolve) => sheet.on('rejected', ({ error }) => resolve(error)))
    await expect(edit.set('9').result).rejects.toBeInstanceOf(LeaseLostError)
    expect(await rejected).toBeInstanceOf(LeaseLostError)
    expect(sheet.get(cell).value).toBeNull()
    const [refused] = sheet.pending.getSnapshot()
    expect(await refused?.retry().result).toMatchObject({ value: '9' })
    await edit.release()
  })

  it('of a locked cell is refused, and one outside the sheet', async () => {
    const budget = cells(alice)
    const cell = freshCell()
    await budget.write(await budget.read(cell), '1')
    await budget.locks.lock({ cells: [cell] }, { reason: 'Approved' })
    const { sheet } = await window(alice)
    await expect(sheet.edit(cell)).rejects.toMatchObject({ code: 'locked' })
    const narrow = await budget.open({ module: 'staff' })
    open.push(narrow)
    await expect(narrow.edit(cell)).rejects.toMatchObject({ code: 'invalid', field: 'cell' })
  })

  it('can be waited for, until a signal or the sheet’s end says otherwise', async () => {
    const [here, there] = [await window(alice), await window(bob)]
    const cell = freshCell()
    const first = await here.sheet.edit(cell)
    const controller = new AbortController()
    const called = there.sheet.edit(cell, { signal: controller.signal })
    controller.abort(new Error('tired'))
    await expect(called).rejects.toThrow('tired')
    const waiting = there.sheet.edit(cell)
    const closed = there.sheet.close()
    await expect(waiting).rejects.toMatchObject({ code: 'invalid', field: 'sheet' })
    await closed
    await first.release()
    await expect(there.sheet.edit(cell)).rejects.toMatchObject({ field: 'sheet' })
  })

  it('is given back when its sheet is closed', async () => {
    const { sheet } = await window(alice)
    const cell = freshCell()
    const edit = await sheet.edit(cell)
    edit.set('5')
    expect(await sheet.close()).toEqual({ unsettled: [] })
    expect(edit.held).toBe(false)
    const lease = await cells(bob).leases.acquire(cell, { ifAvailable: true })
    expect(await lease?.release()).toBe(true)
    expect(await cells(bob).read(cell)).toMatchObject({ value: '5' })
  })
})
