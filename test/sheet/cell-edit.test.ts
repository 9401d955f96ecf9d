// Loaded before a test waits for it: on a busy machine that takes longer than a turn of the event loop.
import '../../src/leases/calls.ts'
import { describe, expect, it } from 'vitest'
import { LeaseLostError } from '@efir/cells'
import type { Answer } from '../../src/transport/rpc.ts'
import { settled } from './support/hand-clock.ts'
import { empty, scriptedLive } from './support/scripted-live.ts'
import { failing, type SeenRequest } from '../transport/support/scripted-server.ts'

const cell = { module: 'm', field: 'f' }
const at = '2026-11-28T10:00:00+00:00'
const expiresAt = '2026-11-28T10:00:30+00:00'
const said = (result: unknown): Answer => ({ status: 200, data: { at, results: [result] } })
const list = (leases: unknown[]): Answer => ({ status: 200, data: { at, leases } })
const key = ['m', null, 'f', null]

/** A sheet whose server grants every lease, and writes as `write` says. */
async function sheetWith(write: (request: SeenRequest) => Answer | Promise<Answer> = empty) {
  const control = { renewal: said(['renewed', 7, expiresAt]), leases: list([]) }
  const live = scriptedLive({
    reply: (request) => {
      switch (request.operation) {
        case 'acquire_leases':
          return said(['acquired', null, 7, expiresAt])
        case 'renew_leases':
          return control.renewal
        case 'release_leases':
          return said(['released'])
        case 'list_leases':
          return control.leases
        case 'write_cells':
          return write(request)
        default:
          return empty(request)
      }
    },
  })
  const sheet = live.open()
  await sheet.ready()
  const operations = () => live.requests.map(({ operation }) => operation)
  const tokens = () =>
    live.requests
      .filter(({ operation }) => operation === 'write_cells')
      .map(({ parameters }) => (parameters.p_items as { lease?: number }[]).map(({ lease }) => lease))
  return { ...live, sheet, control, operations, tokens }
}

/** A reply that comes when the test says so. */
function delayed() {
  let answer: (value: Answer) => void = () => undefined
  const promise = new Promise<Answer>((resolve) => (answer = resolve))
  return { promise, answer: (value: Answer) => answer(value) }
}

describe('an edit', () => {
  it('writes under its lease, and other writes of the sheet go under none', async () => {
    const { sheet, tokens } = await sheetWith()
    const edit = await sheet.edit(cell)
    edit.set('1')
    sheet.set({ ...cell, period: '2026' }, '2')
    await edit.commit()
    expect(tokens().flat().toSorted()).toEqual([7, undefined])
  })

  it('gives the lease back when its writes are answered, and not before', async () => {
    const reply = delayed()
    const { sheet, operations, requests } = await sheetWith(() => reply.promise)
    const edit = await sheet.edit(cell)
    edit.set('1')
    const committed = edit.commit()
    await settled()
    expect(operations()).not.toContain('release_leases')
    const write = requests.find(({ operation }) => operation === 'write_cells')
    reply.answer(empty(write!))
    expect(await committed).toMatchObject({ value: '1' })
    expect(operations()).toContain('release_leases')
  })

  it('that is released discards what has not been sent', async () => {
    const { sheet, operations } = await sheetWith()
    const edit = await sheet.edit(cell)
    const { result } = edit.set('1')
    expect(await edit.release()).toBe(true)
    await expect(result).rejects.toMatchObject({ name: 'AbortError' })
    expect(sheet.get(cell).value).toBeNull()
    expect(operations()).not.toContain('write_cells')
    expect(await edit.release()).toBe(false)
  })

  it('that set nothing is committed with the cell as it is', async () => {
    const { sheet } = await sheetWith()
    const edit = await sheet.edit(cell)
    expect(await edit.commit()).toMatchObject({ exists: false })
    expect(await edit.commit()).toMatchObject({ exists: false })
  })

  it('that is refused tells so, and gives the lease back', async () => {
    const { sheet, operations } = await sheetWith(({ parameters }) => ({
      status: 200,
      data: {
        ...(empty({ operation: 'write_cells', parameters }) as { data: object }).data,
        results: [['forbidden', 'no']],
      },
    }))
    const edit = await sheet.edit(cell)
    edit.set('1')
    await expect(edit.commit()).rejects.toMatchObject({ code: 'forbidden' })
    expect(operations()).toContain('release_leases')
  })

  it('ends the waiting of a commit with a signal, and goes on to its end', async () => {
    const reply = delayed()
    const { sheet, operations, requests } = await sheetWith(() => reply.promise)
    const edit = await sheet.edit(cell)
    edit.set('1')
    await settled()
    const controller = new AbortController()
    const committed = edit.commit({ signal: controller.signal })
    controller.abort(new Error('enough'))
    await expect(committed).rejects.toThrow('enough')
    reply.answer(empty(requests.find(({ operation }) => operation === 'write_cells')!))
    await settled()
    expect(operations()).toContain('release_leases')
    expect(await edit.commit()).toMatchObject({ value: '1' })
  })

  it('asks the database at once where another is said to have its cell, and believes only that', async () => {
    const { sheet, operations, stream, control } = await sheetWith()
    const lost: string[] = []
    sheet.on('edit-lost', ({ error }) => lost.push(String(error.heldBy)))
    const edit = await sheet.edit(cell)
    const leases = { at, leases: [[key, 'ben', at, expiresAt]] }
    stream.tell({ type: 'leases', said: leases })
    await settled()
    expect(operations().filter((operation) => operation === 'renew_leases')).toHaveLength(1)
    expect(edit.held).toBe(true)
    control.renewal = said(['lost', 'ben'])
    stream.tell({ type: 'leases', said: leases })
    await settled()
    expect(edit.held).toBe(false)
    expect(edit.signal.reason).toBeInstanceOf(LeaseLostError)
    expect(lost).toEqual(['ben'])
    expect(() => edit.set('1')).toThrow(LeaseLostError)
  })

  it('whose lease lapses without a network is lost, and so its commit ends', async () => {
    const { sheet, environment, clock, control } = await sheetWith()
    const edit = await sheet.edit(cell)
    environment.tell('offline')
    control.renewal = failing(503)
    edit.set('1')
    const committed = edit.commit().catch((error: unknown) => error)
    await clock.pass(31_000)
    expect(await committed).toBeInstanceOf(LeaseLostError)
    expect(sheet.pending.getSnapshot()).toMatchObject([{ state: 'waiting' }])
  })
})

describe('closing a sheet', () => {
  it('without a network does not wait for it, and tells what is not confirmed', async () => {
    const { sheet, environment, operations } = await sheetWith()
    const edit = await sheet.edit(cell)
    environment.tell('offline')
    const { result } = sheet.set({ ...cell, period: '2026' }, '1')
    edit.set('2')
    const { unsettled } = await sheet.close()
    expect(unsettled.map(({ value, state }) => [value, state])).toEqual([
      ['1', 'waiting'],
      ['2', 'waiting'],
    ])
    await expect(result).rejects.toMatchObject({ name: 'AbortError' })
    expect(edit.held).toBe(false)
    expect(operations()).not.toContain('write_cells')
  })

  it('waits no more when the network goes away meanwhile', async () => {
    const reply = delayed()
    const { sheet, environment } = await sheetWith(() => reply.promise)
    sheet.set(cell, '1')
    await settled()
    sheet.set(cell, '2')
    const closed = sheet.close()
    await settled()
    environment.tell('offline')
    // Not for the answer to what was sent either, which may be a long time coming.
    const { unsettled } = await closed
    expect(unsettled.map(({ state }) => state)).toEqual(['sending', 'waiting'])
    reply.answer(failing(503))
  })
})

describe('the leases of a sheet', () => {
  it('are not asked for until somebody wants to know', async () => {
    const { sheet, operations, clock } = await sheetWith()
    await clock.pass(60_000)
    expect(operations()).not.toContain('list_leases')
    expect(sheet.leases.getSnapshot()).toEqual([])
    await settled()
    expect(operations()).toContain('list_leases')
  })

  it('are frozen, the same until they change, and told once a change', async () => {
    const { sheet, stream, control } = await sheetWith()
    control.leases = list([[key, 'ben', null, at, expiresAt]])
    const { leases } = sheet
    let calls = 0
    const stop = leases.subscribe(() => calls++)
    await settled()
    const [shown] = leases.getSnapshot()
    expect(shown).toEqual({
      cell: { module: 'm', entity: null, field: 'f', period: null },
      heldBy: 'ben',
      isMine: false,
      acquiredAt: at,
      expiresAt,
    })
    expect(leases.at(cell)).toBe(shown)
    expect([leases.getSnapshot(), shown, shown?.cell].every((one) => Object.isFrozen(one))).toBe(true)
    expect(calls).toBe(1)
    stream.tell({ type: 'leases', said: { at, leases: [[key, 'ben', at, expiresAt]] } })
    expect(leases.at(cell)).toBe(shown)
    expect(leases.getSnapshot()).toBe(leases.getServerSnapshot())
    expect(calls).toBe(1)
    stream.tell({ type: 'leases', said: { at, leases: [[key, null, null, null]] } })
    expect(leases.at(cell)).toBeNull()
    expect(calls).toBe(2)
    stop()
    stream.tell({ type: 'leases', said: { at, leases: [[key, 'ben', at, expiresAt]] } })
    expect(calls).toBe(2)
  })

  it('are read when what is told is no such thing, and a listener that throws stops nobody', async () => {
    const { sheet, stream, operations, clock } = await sheetWith()
    const { leases } = sheet
    await settled()
    leases.subscribe(() => {
      throw new Error('a mistake of the application')
    })
    let calls = 0
    leases.subscribe(() => calls++)
    const before = operations().length
    for (const garbage of [null, {}, { at: 7, leases: [] }, { at, leases: [[key]] }, 'leases']) {
      stream.tell({ type: 'leases', said: garbage })
    }
    await clock.pass(2_000)
    expect(operations().slice(before)).toEqual(['list_leases'])
    stream.tell({ type: 'leases', said: { at, leases: [[key, 'ben', at, expiresAt]] } })
    expect(calls).toBe(1)
  })

  it('end with the last sheet', async () => {
    const { sheet, operations, clock, environment } = await sheetWith()
    expect(sheet.leases.getSnapshot()).toEqual([])
    await settled()
    await sheet.close()
    const before = operations().length
    environment.tell('wake')
    await clock.pass(60_000)
    expect(operations().slice(before)).toEqual([])
    expect(environment.isWatched).toBe(false)
  })
})
