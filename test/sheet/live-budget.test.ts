import { describe, expect, it } from 'vitest'
import { ForbiddenError, isCellsError, NotFoundError, TransportError, ValidationError } from '@efir/cells'
import { emptyOutbox, type OutboxState } from '../../src/outbox/outbox-state.ts'
import { intersection, toSelection } from '../../src/sheet/selection.ts'
import type { Answer } from '../../src/transport/rpc.ts'
import { failing, type SeenRequest } from '../transport/support/scripted-server.ts'
import { settled } from './support/hand-clock.ts'
import { until } from './support/live.ts'
import { empty, scriptedLive } from './support/scripted-live.ts'

const cell = { module: 'm', field: 'f' }
const operations = (requests: readonly SeenRequest[]) => requests.map(({ operation }) => operation)
/** Answers as `answer` says until told otherwise. */
const switchable = (answer: (request: SeenRequest) => Answer | undefined) => {
  const control = { isOn: true }
  return {
    control,
    reply: (request: SeenRequest) => (control.isOn ? (answer(request) ?? empty(request)) : empty(request)),
  }
}
const writesFail = (failure: Answer) =>
  switchable(({ operation }) => (operation === 'write_cells' ? failure : undefined))

describe('a stream', () => {
  it('that is closed is joined again after a while, and everything is read that was missed', async () => {
    const { open, stream, clock, requests } = scriptedLive()
    const sheet = open()
    await sheet.ready()
    const before = requests.length
    stream.tell({ type: 'lost', why: 'closed' })
    await settled()
    expect(sheet.status.getSnapshot().state).toBe('polling')
    await clock.pass(1_000)
    expect(stream.joins).toBe(2)
    expect(sheet.status.getSnapshot().state).toBe('live')
    expect(operations(requests.slice(before))).toEqual(['changes_since', 'changes_since'])
  })

  it('that is silent is looked behind every half minute', async () => {
    const { open, clock, requests } = scriptedLive()
    await open().ready()
    const before = requests.length
    await clock.pass(95_000)
    expect(operations(requests.slice(before))).toEqual(['changes_since', 'changes_since', 'changes_since'])
  })

  it('is distrusted after sleep, which the wall clock tells', async () => {
    const { open, clock, environment } = scriptedLive()
    const sheet = open()
    await sheet.ready()
    const states: string[] = []
    sheet.on('status', ({ state }) => states.push(state))
    environment.wall += 3_600_000
    await clock.pass(31_000)
    expect(states).toEqual(['catching-up', 'live'])
  })

  it('tells the logger of what goes wrong, and a logger that throws harms nobody', async () => {
    const lines: string[] = []
    const reported: unknown[] = []
    const line = (message: string) => {
      lines.push(message)
      throw new Error('a broken logger')
    }
    const logger = { debug: line, info: line, warn: line, error: line }
    const { open, stream } = scriptedLive({ logger, report: (error) => reported.push(error) })
    const sheet = open()
    await sheet.ready()
    stream.tell({ type: 'garbage', error: new Error('not a commit') })
    stream.tell({ type: 'lost', why: 'error', error: new Error('no') })
    expect(lines).toEqual([
      '@efir/cells: a message that cannot be read',
      '@efir/cells: the stream was lost: error',
    ])
    expect(reported).toHaveLength(2)
  })
})

describe('reads', () => {
  it('that fail are begun again, later and later, and the status says why', async () => {
    const { control, reply } = switchable(() => failing(503))
    const { open, clock, requests } = scriptedLive({ reply })
    const sheet = open()
    await settled()
    expect(sheet.status.getSnapshot()).toMatchObject({ state: 'offline', error: { code: 'server' } })
    await clock.pass(10_000)
    expect(operations(requests).length).toBeGreaterThan(2)
    control.isOn = false
    await clock.pass(30_000)
    await sheet.ready()
    expect(sheet.status.getSnapshot()).toMatchObject({ state: 'live', error: null })
  })

  it.each([
    ['PT404', 'not_found'],
    ['PT403', 'forbidden'],
    ['PGRST202', 'not_installed'],
  ])('that are refused with %s end the sheet', async (code, word) => {
    const { open, stream } = scriptedLive({ reply: () => failing(404, code) })
    const sheet = open()
    await expect(sheet.ready()).rejects.toMatchObject({ code: word })
    expect(sheet.status.getSnapshot().state).toBe('closed')
    expect(stream.isOpen).toBe(false)
  })

  it('that end in something unheard of are no end', async () => {
    const { open, clock } = scriptedLive({
      reply: () => {
        throw new Error('a mistake in fetch')
      },
    })
    const sheet = open()
    await clock.pass(2_000)
    expect(sheet.status.getSnapshot()).toMatchObject({ state: 'offline', error: { code: 'protocol' } })
    await sheet.close({ pending: 'discard' })
  })

  it('tell their progress, and a listener that throws stops nobody', async () => {
    const told: number[] = []
    const reported: unknown[] = []
    const row = [
      'id',
      'm',
      null,
      'f',
      null,
      '1',
      null,
      'input',
      false,
      null,
      1,
      null,
      '2026-01-01T00:00:00+00:00',
    ]
    const pages = [
      { revision: 0, cells: [row], next: 'id' },
      { revision: 0, cells: [['other', 'm', null, 'g', ...row.slice(4)]], next: null },
    ]
    const { open } = scriptedLive({
      reply: (request) =>
        request.operation === 'list_cells' ? { status: 200, data: pages.shift() } : empty(request),
      report: (error) => reported.push(error),
    })
    const sheet = open(
      {},
      {
        onProgress: (cells) => {
          told.push(cells)
          throw new Error('a mistake of the application')
        },
      },
    )
    sheet.on('status', () => {
      throw new Error('another')
    })
    await sheet.ready()
    expect(told).toEqual([1, 2])
    expect(reported.length).toBeGreaterThan(2)
  })

  it('show an older moment than is known are done again', async () => {
    const revisions = [1, 1]
    const { open, stream, clock, requests } = scriptedLive({
      reply: (request) =>
        request.operation === 'list_cells'
          ? { status: 200, data: { revision: revisions.shift() ?? 2, cells: [], next: null } }
          : empty(request),
    })
    const first = open({ module: 'one' })
    await first.ready()
    stream.tell({ type: 'feed', page: { revision: 2, from: 1, to: 2, resync: false, commits: [] } })
    const second = open({ module: 'two' })
    await clock.pass(500)
    await second.ready()
    expect(operations(requests).filter((operation) => operation === 'list_cells')).toHaveLength(3)
  })
})

describe('a log that does not reach back', () => {
  const rows = (...fields: string[]) =>
    fields.map((field) => [
      field,
      'm',
      null,
      field,
      null,
      '1',
      null,
      'input',
      false,
      null,
      1,
      null,
      '2026-01-01',
    ])

  it('has everything listed again, below what is shown, and what is gone goes at the end', async () => {
    let there = { revision: 1, cells: rows('a', 'b') }
    let resync = false
    const { open, environment } = scriptedLive({
      reply: (request) => {
        if (request.operation === 'list_cells') return { status: 200, data: { ...there, next: null } }
        if (request.operation !== 'changes_since' || !resync) return empty(request)
        resync = false
        const from = request.parameters.p_revision
        return { status: 200, data: { revision: 9_000, from, to: from, resync: true, commits: [] } }
      },
    })
    const sheet = open()
    await sheet.ready()
    const shown: (readonly string[])[] = []
    const rangeOf = () =>
      sheet
        .range()
        .getSnapshot()
        .map(({ field }) => field)
    sheet.subscribeRange({}, () => shown.push(rangeOf()))
    there = { revision: 9_000, cells: rows('b', 'c') }
    resync = true
    environment.tell('wake')
    await until(sheet.range(), () => rangeOf().join() === 'b,c')
    await sheet.ready()
    expect(shown.every((fields) => fields.includes('b'))).toBe(true)
    await sheet.close()
  })
})

describe('a conflict with a cell that is gone', () => {
  it('has the budget looked at, for the reply does not tell since when', async () => {
    const { open, requests, clock } = scriptedLive({
      reply: (request) =>
        request.operation === 'write_cells'
          ? {
              status: 200,
              data: { ...(empty(request) as { data: object }).data, results: [['conflict', null]] },
            }
          : empty(request),
    })
    const sheet = open()
    await sheet.ready()
    const told = new Promise((resolve) => sheet.on('conflict', resolve))
    const before = requests.length
    void sheet.set(cell, 1)
    await clock.pass(1_000)
    await told
    expect(operations(requests.slice(before))).toContain('changes_since')
  })
})

describe('ready', () => {
  it('ends with the reason of its signal, and with the sheet', async () => {
    const { open } = scriptedLive({ reply: () => new Promise(() => undefined) })
    const sheet = open()
    const reason = new Error('enough')
    await expect(sheet.ready({ signal: AbortSignal.abort(reason) })).rejects.toBe(reason)
    const controller = new AbortController()
    const waiting = sheet.ready({ signal: controller.signal })
    controller.abort(reason)
    await expect(waiting).rejects.toBe(reason)
    const ended = sheet.ready()
    await sheet.close()
    await expect(ended).rejects.toBeInstanceOf(ValidationError)
  })

  it('never comes for a sheet whose signal is aborted', async () => {
    const aborted = scriptedLive().open({}, { signal: AbortSignal.abort() })
    await settled()
    expect(aborted.status.getSnapshot().state).toBe('closed')
    const controller = new AbortController()
    const { open, stream } = scriptedLive()
    const sheet = open({}, { signal: controller.signal })
    await sheet.ready()
    controller.abort()
    await settled()
    expect(sheet.status.getSnapshot().state).toBe('closed')
    expect(stream.isOpen).toBe(false)
  })
})

describe('writes', () => {
  it('that nobody answers are sent again after a while, under the same operation id', async () => {
    const { control, reply } = writesFail(failing(0))
    const { open, clock, requests } = scriptedLive({ reply })
    const sheet = open()
    await sheet.ready()
    const { result } = sheet.set(cell, 1)
    await until(sheet.pending, ([write]) => write?.state === 'retrying')
    await expect(sheet.undo()).rejects.toBeInstanceOf(TransportError)
    const [pending] = sheet.pending.getSnapshot()
    expect(pending!.retry().result).toBe(result)
    await settled()
    control.isOn = false
    await clock.pass(5_000)
    expect(await result).toMatchObject({ value: '1' })
    const ids = requests
      .filter(({ operation }) => operation === 'write_cells')
      .map(({ parameters }) => parameters.p_operation_id)
    expect(ids.length).toBeGreaterThan(2)
    expect(new Set(ids).size).toBe(1)
    expect(() => pending!.retry()).toThrow(ValidationError)
  })

  it.each([
    [failing(404, 'PT404'), NotFoundError],
    [failing(403, 'PT403'), ForbiddenError],
    [failing(400, '22023'), TransportError],
  ])('that are refused as a whole are told and listed', async (failure, expected) => {
    const { reply } = writesFail(failure)
    const { open } = scriptedLive({ reply })
    const sheet = open()
    await sheet.ready()
    await expect(sheet.set(cell, 1).result).rejects.toBeInstanceOf(expected)
    expect(sheet.pending.getSnapshot()).toMatchObject([{ state: 'rejected' }])
    expect(sheet.pending.getSnapshot()[0]!.error).toBeInstanceOf(expected)
    sheet.pending.getSnapshot()[0]!.discard()
    expect(sheet.pending.getSnapshot()).toEqual([])
  })

  it('that cannot be kept are not sent', async () => {
    const storage = {
      save: () => Promise.reject(new Error('the disk is full')),
    }
    const { open, requests } = scriptedLive({ storage })
    const sheet = open()
    await sheet.ready()
    await expect(sheet.set(cell, 1).result).rejects.toMatchObject({ code: 'server', retryable: false })
    expect(operations(requests)).not.toContain('write_cells')
  })

  it('of a page that is gone are taken up again', async () => {
    let kept = emptyOutbox
    const storage = {
      save: (state: OutboxState) => {
        kept = structuredClone(state)
        return Promise.resolve()
      },
    }
    const { reply } = writesFail(failing(0))
    const first = scriptedLive({ storage, reply })
    const sheet = first.open()
    await sheet.ready()
    void sheet.set(cell, 7)
    await until(sheet.pending, ([write]) => write?.state === 'retrying')
    await settled()
    const second = scriptedLive({ storage })
    second.live.outbox.adopt(kept)
    const again = second.open()
    expect(again.get(cell)).toMatchObject({ value: '7', isPending: true })
    await settled()
    expect(again.get(cell)).toMatchObject({ value: '7', isPending: false })
    const sent = (requests: readonly SeenRequest[]) =>
      requests.find(({ operation }) => operation === 'write_cells')?.parameters
    expect(sent(second.requests)).toEqual(sent(first.requests))
  })

  it('that were refused before the page was gone still say why', async () => {
    const base = { id: 1, cell: { ...cell, entity: null, period: null }, value: { number: '1', text: null } }
    const rejected = (code: string) => ({ status: 'failed', code, message: 'said so' }) as const
    const { live } = scriptedLive()
    const errorOf = (rejection: object) =>
      live.outbox.errorOf({ ...base, state: 'rejected', rejection, base: { version: 0 } } as never)
    expect(errorOf(rejected('not_found'))).toBeInstanceOf(NotFoundError)
    expect(errorOf(rejected('forbidden'))).toBeInstanceOf(ForbiddenError)
    expect(errorOf(rejected('too_large'))).toBeInstanceOf(TransportError)
    expect(isCellsError(errorOf({ status: 'invalid', field: 'value', message: 'no' }), 'invalid')).toBe(true)
    expect(live.outbox.errorOf({ ...base, state: 'waiting' } as never)).toBeNull()
  })

  it('end with the reason of the signal that ended the waiting for them', async () => {
    const { open } = scriptedLive({
      reply: (request) =>
        request.operation === 'write_cells' ? new Promise<never>(() => undefined) : empty(request),
    })
    const sheet = open()
    await sheet.ready()
    const { result } = sheet.set(cell, 1)
    const reason = new Error('enough')
    const controller = new AbortController()
    const undone = sheet.undo({ signal: controller.signal })
    await settled()
    controller.abort(reason)
    await expect(undone).rejects.toBe(reason)
    const { unsettled } = await sheet.close({ signal: AbortSignal.abort() })
    expect(unsettled).toMatchObject([{ state: 'sending' }])
    await expect(result).rejects.toThrow('discarded')
  })
})

describe('a sheet that is closed without the network', () => {
  const silent = () =>
    scriptedLive({
      reply: (request) =>
        request.operation === 'write_cells' ? new Promise<never>(() => undefined) : empty(request),
    })

  it('waits for nothing, and tells what was sent and what was not', async () => {
    const { open, environment } = silent()
    const sheet = open()
    await sheet.ready()
    const sent = sheet.set(cell, 1)
    await settled()
    environment.tell('offline')
    const waiting = sheet.set({ ...cell, period: '2026' }, 2)
    const { unsettled } = await sheet.close()
    expect(unsettled).toMatchObject([
      { state: 'sending', value: '1' },
      { state: 'waiting', value: '2' },
    ])
    for (const { result } of [sent, waiting]) await expect(result).rejects.toThrow('discarded')
    expect(sheet.status.getSnapshot().state).toBe('closed')
  })
})

describe('filters', () => {
  it('meet in the cells that both name', () => {
    const both = intersection(
      toSelection({ module: ['a', 'b'], period: null, field: 'f' }),
      toSelection({ module: 'b', entity: [null], period: [null, '2025'] }),
    )
    expect(both).toEqual({ module: ['b'], period: [null], field: 'f', entity: [null] })
  })

  it.each([null, { locked: true }, { module: 7 }, { module: null }, { field: ['a', null] }, { entity: [7] }])(
    'that are none are refused: %j',
    (filter) => {
      expect(() => toSelection(filter as never)).toThrow(ValidationError)
    },
  )

  it('take entities in any case, and pass over what is not there', () => {
    expect(toSelection({ entity: 'ABC', module: undefined })).toEqual({ entity: 'abc' })
  })
})
