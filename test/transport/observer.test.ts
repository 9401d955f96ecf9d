import { describe, expect, it } from 'vitest'
import { createClient } from '@supabase/supabase-js'
import { createCells, type RequestEnd, type RequestStart } from '@efir/cells'
import { budgetVersionId, changes, failing, landing, scripted } from './support/scripted-server.ts'

const address = { module: 'core', field: 'amount' }

function recorder() {
  const lines: { level: string; message: string; details: object }[] = []
  const at = (level: string) => (message: string, details: object) =>
    void lines.push({ level, message, details })
  return { lines, logger: { debug: at('debug'), info: at('info'), warn: at('warn'), error: at('error') } }
}

describe('onRequest', () => {
  it('sees every request of a call begin and end', async () => {
    const seen: (RequestStart | RequestEnd)[] = []
    const { budget } = scripted((request, place) => (place === 0 ? failing(503) : landing(request)), {
      watchers: {
        onRequest(start) {
          seen.push(start)
          return (end) => void seen.push(end)
        },
      },
    })
    const { operationId } = await budget.writeMany(changes(3))
    const start = { operation: 'write_cells', budgetVersionId, items: 3, operationId }
    expect(seen).toEqual([
      { ...start, attempt: 1 },
      { status: 503, durationMs: 0, error: expect.objectContaining({ code: 'server' }) as unknown },
      { ...start, attempt: 2 },
      { status: 200, durationMs: 0 },
    ])
  })

  it('sees a request that the caller ended, and one whose answer cannot be read', async () => {
    const ends: RequestEnd[] = []
    const controller = new AbortController()
    const { budget } = scripted(
      (_, place) => {
        if (place === 0) return { status: 200, data: 'wrong' }
        controller.abort('enough')
        return new Promise(() => undefined)
      },
      { watchers: { onRequest: () => (end) => void ends.push(end) } },
    )
    await expect(budget.read(address)).rejects.toMatchObject({ code: 'protocol' })
    await expect(budget.read(address, { signal: controller.signal })).rejects.toBe('enough')
    expect(ends).toMatchObject([
      { status: 200, error: { code: 'protocol' } },
      { status: 0, error: 'enough' },
    ])
  })

  it('does no harm when it throws, at either end, nor do a logger and a listener', async () => {
    const broken = () => {
      throw new Error('broken')
    }
    for (const onRequest of [broken, () => broken]) {
      const { budget } = scripted((request, place) => (place === 0 ? failing(503) : landing(request)), {
        watchers: {
          onRequest,
          emit: broken,
          logger: { debug: broken, info: broken, warn: broken, error: broken },
        },
      })
      await expect(budget.read(address)).resolves.toMatchObject({ exists: false })
    }
  })
})

describe('the logger', () => {
  const run = async (logValues: boolean) => {
    const { lines, logger } = recorder()
    const { budget } = scripted(
      (request, place) =>
        place === 0 ? failing(503) : place === 1 ? landing(request) : failing(409, 'PT409'),
      { watchers: { logger, logValues } },
    )
    const change = { cell: { module: 'core', field: 'salary' }, value: '987654.3', ifVersion: 0 }
    await budget.writeMany([change])
    await expect(budget.writeMany([change])).rejects.toThrow()
    return lines
  }

  it('is told of requests, retries and refusals, each at its level', async () => {
    expect((await run(false)).map(({ level, message }) => `${level} ${message}`)).toEqual([
      'debug @efir/cells: write_cells #1 with 1 items',
      'debug @efir/cells: write_cells #1 server, status 503',
      'warn @efir/cells: write_cells #1 failed: server; again in 188 ms',
      'debug @efir/cells: write_cells #2 with 1 items',
      'debug @efir/cells: write_cells #2 done, status 200',
      'debug @efir/cells: write_cells #1 with 1 items',
      'debug @efir/cells: write_cells #1 version_conflict, status 409',
      'info @efir/cells: write_cells #1 ended: version_conflict',
    ])
  })

  it('never has values, nor what the server said, unless they are asked for', async () => {
    const quiet = JSON.stringify(await run(false), (_, value: unknown) =>
      value instanceof Error ? value.message : value,
    )
    expect(quiet).toContain('write_cells')
    for (const secret of ['987654.3', 'salary', 'said so']) expect(quiet).not.toContain(secret)
    expect(JSON.stringify(await run(true))).toContain('987654.3')
  })

  it('hears at its loudest of a call that failed', async () => {
    const { lines, logger } = recorder()
    const { budget } = scripted(() => failing(500), { watchers: { logger } })
    await expect(budget.read(address, { retry: false })).rejects.toThrow()
    expect(lines.at(-1)).toMatchObject({
      level: 'error',
      message: '@efir/cells: read_cells #1 ended: server',
      details: { operation: 'read_cells', budgetVersionId, attempt: 1, items: 1, code: 'server' },
    })
  })
})

describe('events', () => {
  it('reach listeners until these end it', async () => {
    const supabase = createClient('http://127.0.0.1:9', 'key', {
      accessToken: () => Promise.resolve('token'),
      global: { fetch: () => Promise.resolve(Response.json({ message: 'no' }, { status: 401 })) },
    })
    const cells = createCells(supabase)
    const heard: string[] = []
    const end = cells.on(
      'unauthorized',
      ({ operation, error }) => void heard.push(`${operation} ${error.code}`),
    )
    await expect(cells.budget(budgetVersionId).read(address)).rejects.toMatchObject({ code: 'unauthorized' })
    end()
    await expect(cells.budget(budgetVersionId).read(address)).rejects.toMatchObject({ code: 'unauthorized' })
    expect(heard).toEqual(['read_cells unauthorized'])
  })
})
