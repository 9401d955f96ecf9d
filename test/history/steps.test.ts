import { describe, expect, it } from 'vitest'
import { CellLockedError, ProtocolError, VersionConflictError } from '@efir/cells'
import { toFailure } from '../../src/transport/failure.ts'
import type { Answer } from '../../src/transport/rpc.ts'
import {
  changes,
  failing,
  landing,
  scripted,
  type SeenRequest,
} from '../transport/support/scripted-server.ts'

const at = '2026-11-23T10:00:00+00:00'
const cell = (period: string, reason: string | null = 'Approved') => [
  'id',
  'core',
  null,
  'rate',
  period,
  '1',
  null,
  'input',
  true,
  reason,
  3,
  null,
  at,
]
const answering = (data: unknown): Answer => ({ status: 200, data })
const refusing = (code: string, results: unknown[]): Answer => ({
  status: 400,
  failure: toFailure({ code, message: 'Nothing was written.', details: JSON.stringify({ results }) }, 400),
})
const caught = (work: Promise<unknown>) => work.catch((error: unknown) => error)

describe('a call that changes steps', () => {
  it('carries one operation id through all its requests, and another one in the next call', async () => {
    const { budget, requests } = scripted(() => failing(503))
    for (const call of [() => budget.undo(), () => budget.redo(), () => budget.restore({ revision: 1 })]) {
      await caught(call())
    }
    const ids = requests.map(({ parameters }) => parameters.p_operation_id)
    expect(ids).toHaveLength(12)
    expect(new Set(ids).size).toBe(3)
    expect(new Set(ids.slice(0, 4)).size).toBe(1)
  })

  it('refuses an answer in another shape, and does not ask again', async () => {
    const { budget, requests } = scripted(() => answering({ revision: 1 }))
    for (const call of [
      () => budget.undo(),
      () => budget.redo(),
      () => budget.preview('undo'),
      () => budget.history.state(),
      () => budget.restore({ revision: 1 }),
      () => budget.asOf({ revision: 1 }).revision(),
      () => Array.fromAsync(budget.asOf({ revision: 1 }).list()),
      () => Array.fromAsync(budget.history.list()),
    ]) {
      await expect(call()).rejects.toThrow(ProtocolError)
    }
    expect(requests).toHaveLength(8)
  })
})

const part = (request: SeenRequest, ids: readonly string[], more: boolean): Answer =>
  answering({
    revision: 7 + ids.length,
    operationId: request.parameters.p_operation_id,
    sessionId: 'session',
    label: 'Import',
    actor: 'alice',
    at,
    more,
    results: ids.map((id) => ['reverted', null, [id, 'core', null, 'rate', id, 2]]),
  })
const nothingLeft = answering({
  ...{ revision: 9, operationId: 'x', sessionId: null, label: null, actor: 'alice', at, more: false },
  results: [],
})

describe('a step that takes more than one call', () => {
  it('is gone on with until it is done, by name, each part under an id of its own', async () => {
    const { budget, requests } = scripted((request, place) =>
      part(request, [['c', 'd'], ['b', 'a'], ['a']][place]!, place < 2),
    )
    const progress: number[] = []
    const operationId = '00000000-0000-4000-8000-000000000001'
    const undone = await budget.undo({
      ...{ module: 'core', operationId },
      onProgress: ({ cells }) => void progress.push(cells),
    })
    expect(undone).toMatchObject({ status: 'undone', sessionId: 'session', label: 'Import', operationId })
    expect(undone).not.toHaveProperty('more')
    // One outcome a cell, in their order, and of the last part.
    expect(undone.outcomes.map(({ id }) => id)).toEqual(['a', 'b', 'c', 'd'])
    expect(undone.revision).toBe(8)
    expect(progress).toEqual([2, 4])
    const own = { session: 'session' }
    expect(requests.map(({ parameters }) => parameters.p_scope)).toEqual([{ module: 'core' }, own, own])
    expect(new Set(requests.map(({ parameters }) => parameters.p_operation_id)).size).toBe(3)
  })

  it('is taken in smaller parts where so many take too long, and goes on by those', async () => {
    const { budget, requests } = scripted((request) => {
      const { p_limit: limit, p_scope: scope } = request.parameters as { p_limit: number; p_scope: unknown }
      if (limit > 2500) return failing(500, '57014')
      return part(request, scope === null ? ['b'] : ['a'], scope === null)
    })
    expect((await budget.undo()).outcomes.map(({ id }) => id)).toEqual(['a', 'b'])
    expect(requests.map(({ parameters }) => parameters.p_limit)).toEqual([10_000, 5_000, 2_500, 2_500])
    const [first, second, third, next] = requests.map(({ parameters }) => parameters.p_operation_id)
    expect([second, third]).toEqual([first, first])
    expect(next).not.toBe(first)
  })

  it('is not made smaller without end: few that take too long wait for somebody', async () => {
    const { budget, requests } = scripted(() => failing(500, '57014'), { policy: { attempts: 2 } })
    expect(await caught(budget.undo())).toMatchObject({ code: 'timeout' })
    expect(requests.map(({ parameters }) => parameters.p_limit)).toEqual([
      ...[10_000, 5_000, 2_500, 1_250, 625],
      ...[313, 313],
    ])
  })

  it('is done where another window of the user has done the rest', async () => {
    const { budget } = scripted((request, place) => (place === 0 ? part(request, ['a'], true) : nothingLeft))
    expect((await budget.redo()).outcomes).toHaveLength(1)
  })

  it('stops between two parts when it is aborted', async () => {
    const controller = new AbortController()
    const { budget, requests } = scripted((request) => part(request, ['a'], true))
    const reason = new Error('Enough.')
    const undoing = budget.undo({
      signal: controller.signal,
      onProgress: () => controller.abort(reason),
    })
    await expect(undoing).rejects.toBe(reason)
    expect(requests).toHaveLength(1)
  })
})

describe('a refusal of what the caller did not name cell by cell', () => {
  it('is a CellLockedError with every locked cell', async () => {
    const results = [
      [0, 'locked', cell('2026')],
      [4, 'locked', cell('2027', null)],
    ]
    const { budget } = scripted(() => refusing('PT423', results))
    const error = await caught(budget.restore({ revision: 1 }))
    expect(error).toBeInstanceOf(CellLockedError)
    expect(error).toMatchObject({
      cell: { period: '2026', lockReason: 'Approved' },
      refused: [
        { status: 'locked', index: 0 },
        { status: 'locked', index: 4, cell: { period: '2027' } },
      ],
      message:
        'Cell ["core",null,"rate","2026"] is locked: Approved. 2 changes were refused; nothing has landed.',
    })
  })

  it('is a VersionConflictError with theirs, where it is a conflict', async () => {
    const { budget } = scripted(() => refusing('PT409', [[2, 'conflict', cell('2026')]]))
    const error = await caught(budget.restore({ revision: 1 }))
    expect(error).toBeInstanceOf(VersionConflictError)
    expect(error).toMatchObject({ base: null, baseVersion: null, mine: null, theirs: { period: '2026' } })
    const vanished = scripted(() => refusing('PT409', [[2, 'conflict', null]]))
    await expect(vanished.budget.restore({ revision: 1 })).rejects.toMatchObject({
      code: 'version_conflict',
      theirs: null,
      message: 'Cell 2 does not exist any more.',
    })
  })
})

describe('a session', () => {
  it('sends the id that it began with, so that a repeat of an operation stays one, and shows where that led', async () => {
    const led = ['second', 'first', 'third']
    const { budget, requests } = scripted((request, place) => {
      const { status, data } = landing(request) as { status: number; data: object }
      const first = request.parameters.p_session_id
      return { status, data: { ...data, sessionId: led[place] === 'first' ? first : led[place] } }
    })
    const session = budget.begin('Paste')
    const begun = session.id
    const [change] = changes(1)
    const seen: string[] = []
    while (seen.length < led.length) {
      await session.writeMany([change!])
      seen.push(session.id)
    }
    // A reply that was long on its way does not lead back.
    expect(seen).toEqual(['second', 'second', 'third'])
    expect(requests.map(({ parameters }) => parameters.p_session_id)).toEqual([begun, begun, begun])
    expect(requests.map(({ parameters }) => parameters.p_session_label)).toEqual(['Paste', 'Paste', 'Paste'])
  })

  it('keeps its id where a write fails', async () => {
    const { budget } = scripted(() => failing(500, 'XX000'), { policy: { attempts: 1 } })
    const session = budget.begin()
    const { id } = session
    await caught(session.writeMany(changes(1)))
    expect(session.id).toBe(id)
    expect(session.label).toBeUndefined()
  })
})

describe('reading the past', () => {
  const page = (revision: number, next: string | null) => answering({ revision, cells: [], next })

  it('asks by the revision that the time turned out to be, so that all of it is of one', async () => {
    const { budget, requests } = scripted((_, place) => page(place === 0 ? 5 : 6, place < 2 ? 'id' : null))
    await Array.fromAsync(budget.asOf({ at }).list({}, { pageSize: 10 }))
    expect(
      requests.map(({ operation, parameters }) => [operation, parameters.p_revision, parameters.p_at]),
    ).toEqual([
      ['cells_as_of', null, at],
      ['cells_as_of', 5, null],
      ['cells_as_of', 5, null],
    ])
    // A page without cells is no sign of a server that can do no more.
    expect(requests.map(({ parameters }) => parameters.p_limit)).toEqual([10, 10, 10])
  })

  it('goes on asking by a time before the first revision: only the older log knows it', async () => {
    const { budget, requests } = scripted(() => answering({ revision: 0, cells: [null] }))
    const past = budget.asOf({ at })
    const address = { module: 'core', field: 'rate' }
    await past.read(address)
    await past.read(address)
    expect(requests.map(({ parameters }) => [parameters.p_revision, parameters.p_at])).toEqual([
      [null, at],
      [null, at],
    ])
  })

  it('is divided where it is too much at once, and the pages stay smaller', async () => {
    const { budget, requests } = scripted(({ operation, parameters }) => {
      const references = parameters.p_references as unknown[] | undefined
      const size = references?.length ?? (parameters.p_limit as number)
      if (size > 2) return failing(500, '57014')
      if (operation === 'cells_as_of') return page(3, parameters.p_after === null ? 'id' : null)
      return answering({ revision: 3, cells: references?.map(() => null) })
    })
    const past = budget.asOf({ revision: 3 })
    const cells = await past.readMany(changes(4).map((change) => change.cell))
    expect(cells).toHaveLength(4)
    await Array.fromAsync(past.list({}, { pageSize: 8 }))
    expect(requests.slice(3).map(({ parameters }) => parameters.p_limit)).toEqual([8, 4, 2, 2])
  })
})
