import { describe, expect, it } from 'vitest'
import type { CellsError } from '@efir/cells'
import type { Answer } from '../../src/transport/rpc.ts'
import { changes, failing, itemsOf, landing, scripted, type SeenRequest } from './support/scripted-server.ts'

const tooLarge = () => failing(413)
const tooSlow = () => failing(500, '57014')
const caught = <T>(work: Promise<T>) => work.catch((error: unknown) => error as CellsError)
const idsOf = (requests: readonly SeenRequest[]) =>
  requests.map(({ parameters }) => parameters.p_operation_id)
const sizesOf = (requests: readonly SeenRequest[]) => requests.map(itemsOf)
const upTo = (limit: number, failure: () => Answer) => (request: SeenRequest) =>
  itemsOf(request) > limit ? failure() : landing(request)
const periodOf = (item: unknown) => Number((item as { period: string }).period)

describe('a partial batch that is too much for the server', () => {
  it.each([
    ['large', tooLarge],
    ['slow', tooSlow],
  ])('is sent in halves where it is too %s, each cell once and all as one step', async (_, failure) => {
    const { budget, requests } = scripted(upTo(3, failure))
    const result = await budget.writeMany(changes(10), { mode: 'partial' })
    expect(sizesOf(requests)).toEqual([10, 5, 3, 2, 5, 3, 2])
    expect(result.outcomes.map(({ status, index }) => [status, index])).toEqual(
      Array.from({ length: 10 }, (_value, index) => ['written', index]),
    )
    const landed = requests.filter((request) => itemsOf(request) <= 3)
    expect(landed.flatMap(({ parameters }) => (parameters.p_items as unknown[]).map(periodOf))).toEqual(
      Array.from({ length: 10 }, (_value, index) => index),
    )
    expect(new Set(landed.map(({ parameters }) => parameters.p_session_id))).toEqual(
      new Set([result.sessionId]),
    )
    expect(new Set(idsOf(requests)).size).toBe(requests.length)
    expect(result.operationId).toBe(idsOf(requests)[0])
  })

  it('goes by the same operation ids when it is sent again', async () => {
    const operationId = '01999999-9999-7999-8999-999999999999'
    const twice = [1, 2].map(async () => {
      const { budget, requests } = scripted(upTo(2, tooLarge))
      await budget.writeMany(changes(7), { mode: 'partial', operationId })
      return idsOf(requests)
    })
    const [first, second] = await Promise.all(twice)
    expect(first).toEqual(second)
    for (const id of first!) {
      expect(id).toMatch(/^[0-9a-f]{8}-[0-9a-f]{4}-[78][0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$/)
    }
  })

  it('loses none of its cells to the one that cannot be written', async () => {
    const { budget, requests } = scripted((request) =>
      (request.parameters.p_items as unknown[]).map(periodOf).includes(5) ? tooSlow() : landing(request),
    )
    const { outcomes } = await budget.writeMany(changes(8), { mode: 'partial' })
    expect(outcomes.map(({ status }) => status)).toEqual([
      ...Array.from({ length: 5 }, () => 'written'),
      'failed',
      'written',
      'written',
    ])
    expect(outcomes[5]).toMatchObject({ index: 5, error: { code: 'timeout', retryable: true } })
    // The lone cell is tried as often as any call.
    expect(sizesOf(requests)).toEqual([8, 4, 4, 2, 1, 1, 1, 1, 1, 2])
  })

  it('tells what has landed when the server is lost half-way, and sends nothing more', async () => {
    const { budget, requests } = scripted((request, place) =>
      place === 0 ? tooLarge() : place === 1 ? landing(request) : failing(0),
    )
    const { outcomes } = await budget.writeMany(changes(6), { mode: 'partial' })
    expect(outcomes.map(({ status }) => status)).toEqual([
      'written',
      'written',
      'written',
      'failed',
      'failed',
      'failed',
    ])
    expect(outcomes[4]).toMatchObject({ error: { code: 'network' } })
    expect(requests).toHaveLength(2 + 4)
  })

  it('tells of a refusal half-way as it would of any', async () => {
    const { budget } = scripted((request, place) =>
      place === 0 ? tooLarge() : place === 1 ? landing(request) : failing(404, 'PT404'),
    )
    const { outcomes } = await budget.writeMany(changes(2), { mode: 'partial' })
    expect(outcomes[1]).toMatchObject({
      status: 'failed',
      error: { name: 'NotFoundError', code: 'not_found' },
    })
  })

  it('fails where none of it lands', async () => {
    const { budget, requests } = scripted((_, place) => (place === 0 ? tooLarge() : failing(401)))
    const error = await caught(budget.writeMany(changes(4), { mode: 'partial' }))
    expect(error).toMatchObject({ code: 'unauthorized' })
    expect(requests).toHaveLength(2)
  })

  it('is not divided while the whole of it may have landed', async () => {
    const { budget, requests } = scripted((request, place) =>
      place === 0 ? failing(0) : place === 1 ? tooSlow() : landing(request),
    )
    const { outcomes } = await budget.writeMany(changes(4), { mode: 'partial' })
    expect(outcomes.every(({ status }) => status === 'written')).toBe(true)
    expect(sizesOf(requests)).toEqual([4, 4, 4])
    expect(new Set(idsOf(requests)).size).toBe(1)
  })

  it('has one time limit for all of its parts', async () => {
    const { budget, clock } = scripted((request, place) =>
      place === 0 ? tooLarge() : place === 1 ? landing(request) : new Promise<Answer>(() => undefined),
    )
    const began = clock.now()
    const { outcomes } = await budget.writeMany(changes(8), { mode: 'partial', timeout: 30_000 })
    expect(clock.now() - began).toBeLessThanOrEqual(30_000)
    expect(outcomes[7]).toMatchObject({ status: 'failed', error: { code: 'timeout' } })
  })

  it('ends with the reason of its signal, between two parts as well', async () => {
    const controller = new AbortController()
    const { budget, requests } = scripted((request, place) => {
      if (place === 1) controller.abort('enough')
      return place === 0 ? tooLarge() : landing(request)
    })
    const writing = budget.writeMany(changes(4), { mode: 'partial', signal: controller.signal })
    expect(await caught(writing)).toBe('enough')
    expect(requests).toHaveLength(2)
  })
})

describe('an atomic batch that is too much for the server', () => {
  it.each([
    ['too_large', false, tooLarge],
    ['timeout', true, tooSlow],
  ] as const)('is never divided; the error is %s and says what to do', async (code, retryable, failure) => {
    const { budget, requests } = scripted(upTo(2, failure))
    const error = await caught(budget.writeMany(changes(4)))
    expect(error).toMatchObject({ code, retryable })
    expect((error as CellsError).hint).toContain('mode "partial" is divided by itself')
    expect(sizesOf(requests)).toEqual([4])
  })
})

describe('a read that is too much for the server', () => {
  it('is answered in parts, in the order asked for', async () => {
    const addresses = changes(9).map(({ cell }) => cell)
    const { budget, requests } = scripted((request) =>
      (request.parameters.p_references as unknown[]).length > 3 ? tooSlow() : landing(request),
    )
    const cells = await budget.readMany(addresses)
    expect(cells.map(({ period }) => period)).toEqual(addresses.map(({ period }) => period))
    expect(requests).toHaveLength(7)
  })

  it('makes the pages of a list smaller, and keeps them so', async () => {
    const ids = Array.from({ length: 10 }, (_, index) => String(index).padStart(2, '0'))
    const { budget, requests } = scripted(({ parameters }) => {
      const limit = parameters.p_limit as number
      if (limit > 3) return tooLarge()
      const after = parameters.p_after as string | null
      const start = after === null ? 0 : ids.indexOf(after) + 1
      const page = ids.slice(start, start + limit)
      const cells = page.map((id) => [
        id,
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
        'at',
      ])
      return { status: 200, data: { revision: 1, cells, next: start + limit < 10 ? page.at(-1) : null } }
    })
    const listed = await Array.fromAsync(budget.list({}, { pageSize: 8 }))
    expect(listed.map(({ id }) => id)).toEqual(ids)
    expect(requests.map(({ parameters }) => parameters.p_limit)).toEqual([8, 4, 2, 2, 2, 2, 2])
  })
})
