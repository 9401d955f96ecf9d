import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { createClient } from '@supabase/supabase-js'
import { expect, it } from 'vitest'
import { createCells } from '@efir/cells'
import { importCells, ImportError, type Checkpoint, type ImportReject } from '@efir/cells/import'
import { useStack } from '../support/stack.ts'
import { ownFolder } from './support/place.ts'
import { contents, signedInImporter } from './support/tenant.ts'

const stack = await useStack()
const tenant = await signedInImporter(stack)
const rows = Array.from({ length: 100 }, (_, index) => ({
  module: 'm',
  field: `f${index}`,
  value: String(index),
}))

/** A budget behind a proxy that refuses requests with more than so many items. */
function behindProxy(
  budgetVersionId: string,
  limit: () => number,
  before: (items: number) => void = () => undefined,
) {
  const supabase = createClient(stack.url, stack.anonKey, {
    accessToken: () => Promise.resolve(tenant.user.accessToken),
    global: {
      fetch: async (input, init) => {
        const items = itemsOf(init?.body)
        if (items > limit()) return new Response('too large', { status: 413 })
        before(items)
        return await fetch(input, init)
      },
    },
  })
  return createCells(supabase, { retry: false }).budget(budgetVersionId)
}

function itemsOf(body: unknown): number {
  const { p_items, p_cells } = JSON.parse(typeof body === 'string' ? body : '{}') as {
    p_items?: readonly unknown[]
    p_cells?: { readonly module: readonly unknown[] }
  }
  return (p_items ?? p_cells?.module)?.length ?? 0
}

it('divides a batch that is too much for the server, and counts it as one that is not', async () => {
  const { budget } = await tenant.newBudget()
  const report = await importCells(
    behindProxy(budget.id, () => 7),
    rows,
    { batchSize: 40, mode: 'insert' },
  )
  expect(report.counts).toMatchObject({ created: 100, exists: 0 })
  expect(await contents(budget)).toHaveLength(100)
})

it('ends where a single cell is too much for the server', async () => {
  const { budget } = await tenant.newBudget()
  const ended = importCells(
    behindProxy(budget.id, () => 0),
    rows.slice(0, 3),
  )
  await expect(ended).rejects.toMatchObject({ name: 'ImportError', code: 'too_large', retryable: false })
  expect(await contents(budget)).toEqual([])
})

it('goes on from a divided batch in the same parts, though the server would now take the whole', async () => {
  const { budget } = await tenant.newBudget()
  const checkpoint = join(ownFolder(), 'checkpoint')
  const rejects: ImportReject[] = []
  let limit = 10
  let landed = 0
  const flaky = behindProxy(
    budget.id,
    () => limit,
    (items) => {
      landed += items
      if (landed > 55) throw new TypeError('network is down')
    },
  )
  const options = { batchSize: 40, mode: 'insert', connections: 1, checkpoint } as const
  const error = await importCells(flaky, rows, options).catch((reason: unknown) => reason)
  expect(error).toBeInstanceOf(ImportError)
  expect(error).toMatchObject({ code: 'network', retryable: true, report: { counts: { created: 40 } } })
  const { parts } = JSON.parse(readFileSync(checkpoint, 'utf8')) as { parts: object }
  expect(parts).toEqual({
    1: [
      [0, 10],
      [10, 10],
      [20, 20],
    ],
  })

  limit = 1_000
  landed = -1_000
  const report = await importCells(flaky, rows, {
    ...options,
    rejects: (reject) => void rejects.push(reject),
  })
  expect(rejects).toEqual([])
  expect(report).toMatchObject({ resumed: true, counts: { created: 100, exists: 0 } })
  const again = await importCells(flaky, rows, options)
  expect(again).toEqual(report)
})

it('finds what had landed of a batch whose answer was lost', async () => {
  const { budget } = await tenant.newBudget()
  let saved: string | undefined
  const checkpoint: Checkpoint = {
    load: () => Promise.resolve(saved),
    save: (text) => {
      saved = text
      return Promise.resolve()
    },
  }
  let isDown = true
  const supabase = createClient(stack.url, stack.anonKey, {
    accessToken: () => Promise.resolve(tenant.user.accessToken),
    global: {
      fetch: async (input, init) => {
        const response = await fetch(input, init)
        await response.clone().text()
        if (isDown) throw new TypeError('the answer is lost')
        return response
      },
    },
  })
  const flaky = createCells(supabase, { retry: false }).budget(budget.id)
  const options = { mode: 'insert', checkpoint } as const
  await expect(importCells(flaky, rows, options)).rejects.toMatchObject({ code: 'network', retryable: true })
  expect(await contents(budget)).toHaveLength(100)
  isDown = false
  const report = await importCells(flaky, rows, options)
  expect(report).toMatchObject({ resumed: true, revision: 1, counts: { created: 100, exists: 0 } })
})

it.each([
  ['other options', { batchSize: 39 }, rows, 'checkpoint'],
  ['another source', {}, rows.map((row) => ({ ...row, value: '7' })), 'source'],
  ['a shorter source', {}, rows.slice(0, 20), 'source'],
] as const)('does not go on with %s', async (_, other, source, field) => {
  const { budget } = await tenant.newBudget()
  const checkpoint = join(ownFolder(), 'checkpoint')
  const options = { batchSize: 40, connections: 1, checkpoint }
  const controller = new AbortController()
  const reason = new Error('stop')
  const onProgress = ({ batches }: { readonly batches: number }) =>
    batches === 2 ? controller.abort(reason) : undefined
  await expect(importCells(budget, rows, { ...options, signal: controller.signal, onProgress })).rejects.toBe(
    reason,
  )
  const before = await contents(budget)
  const ended = importCells(budget, source, { ...options, ...other })
  const error = (await ended.catch((thrown: unknown) => thrown)) as Error
  expect(error.name === 'ImportError' ? error.cause : error).toMatchObject({ name: 'ValidationError', field })
  expect(await contents(budget)).toEqual(before)
  expect(await importCells(budget, rows, options)).toMatchObject({ resumed: true, counts: { created: 100 } })
})

it('does not take another file for a checkpoint', async () => {
  const { budget } = await tenant.newBudget()
  for (const text of ['', 'hello', '{}', 'null', '{"version":2}']) {
    const checkpoint = {
      load: () => Promise.resolve(text),
      save: () => Promise.reject(new Error('not to be saved')),
    }
    await expect(importCells(budget, rows, { checkpoint })).rejects.toMatchObject({ field: 'checkpoint' })
  }
  expect(await contents(budget)).toEqual([])
})
