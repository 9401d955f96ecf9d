import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { createClient } from '@supabase/supabase-js'
import { describe, expect, it } from 'vitest'
import { createCells, type Budget } from '@efir/cells'
import { importCells, ImportError, type Checkpoint, type ImportReject } from '@efir/cells/import'
import { useStack } from '../support/stack.ts'
import { ownFolder } from './support/place.ts'
import { contents, signedInImporter } from './support/tenant.ts'

const stack = await useStack()
const tenant = await signedInImporter(stack)
const rows = (count: number, value = '1') =>
  Array.from({ length: count }, (_, index) => ({ module: 'm', field: `f${index}`, value }))
const wholeBudget = { mode: 'replace', deleteMissing: true, filter: {} } as const

async function lock(budget: Budget, field: string, reason: string | null) {
  const { error } = await stack
    .serviceClient()
    .schema('efir_budget')
    .rpc('lock_cells', {
      p_budget_version_id: budget.id,
      p_references: [['m', null, field, null]],
      p_reason: reason,
    })
  expect(error).toBeNull()
}

/** The budget, with something done before each request of so many changes, or to it. */
function watched(
  budget: Budget,
  onWrite: (items: readonly { delete?: boolean }[]) => Promise<Response | undefined>,
) {
  const supabase = createClient(stack.url, stack.anonKey, {
    accessToken: () => Promise.resolve(tenant.user.accessToken),
    global: {
      fetch: async (input, init) => {
        const { p_items, p_cells } = JSON.parse(typeof init?.body === 'string' ? init.body : '{}') as {
          p_items?: readonly { delete?: boolean }[]
          p_cells?: { readonly module: readonly string[] }
        }
        const items = p_items ?? p_cells?.module.map(() => ({}))
        return (items === undefined ? undefined : await onWrite(items)) ?? (await fetch(input, init))
      },
    },
  })
  return createCells(supabase, { retry: false }).budget(budget.id)
}

describe('a locked cell', () => {
  it('is neither written nor deleted, and says why; a dry run says so before', async () => {
    const { budget } = await tenant.newBudget()
    await importCells(budget, rows(4))
    await lock(budget, 'f1', 'Approved')
    await lock(budget, 'f3', null)
    const rejects: ImportReject[] = []
    const dry = await importCells(budget, rows(2, '2'), { ...wholeBudget, dryRun: true })
    const report = await importCells(budget, rows(2, '2'), {
      ...wholeBudget,
      rejects: (reject) => void rejects.push(reject),
    })
    expect(report.counts).toMatchObject({ updated: 1, deleted: 1, locked: 2 })
    expect(dry.counts).toEqual(report.counts)
    expect(rejects).toMatchObject([
      { line: 2, status: 'locked', reason: 'The cell is locked: Approved.', cell: { field: 'f1' } },
      { line: null, status: 'locked', reason: 'The cell is locked.', cell: { field: 'f3' }, record: '' },
    ])
    expect(await contents(budget)).toEqual(['m//f0//number/2', 'm//f1//number/1', 'm//f3//number/1'])
  })
})

describe('replace', () => {
  it('lets a cell stay that somebody writes to just before it would be deleted', async () => {
    const { budget, others } = await tenant.newBudget()
    await importCells(budget, rows(3))
    const racing = watched(budget, async (items) => {
      if (items.some((item) => item.delete === true)) {
        await others.write({ module: 'm', field: 'f2' }, '7', { ifVersion: 'existing' })
      }
      return undefined
    })
    const report = await importCells(racing, rows(1), wholeBudget)
    expect(report.counts).toMatchObject({ unchanged: 1, deleted: 1, conflict: 1 })
    expect(await contents(budget)).toEqual(['m//f0//number/1', 'm//f2//number/7'])
  })

  it('deletes in parts what is too much for the server at once', async () => {
    const { budget } = await tenant.newBudget()
    await importCells(budget, rows(20))
    await lock(budget, 'f13', null)
    const limited = watched(budget, (items) =>
      Promise.resolve(items.length > 6 ? new Response('too large', { status: 413 }) : undefined),
    )
    const report = await importCells(limited, rows(5), wholeBudget)
    expect(report.counts).toMatchObject({ unchanged: 5, deleted: 14, locked: 1 })
    expect(await contents(budget)).toHaveLength(6)
  })

  it('goes on with deleting after a crash', async () => {
    const { budget } = await tenant.newBudget()
    await importCells(budget, rows(20))
    const checkpoint = join(ownFolder(), 'checkpoint')
    const options = { ...wholeBudget, checkpoint, batchSize: 5 }
    let deletions = 0
    const dying = watched(budget, (items) => {
      if (items.some((item) => item.delete === true) && ++deletions > 1) throw new TypeError('gone')
      return Promise.resolve(undefined)
    })
    await expect(importCells(dying, rows(5), options)).rejects.toMatchObject({
      report: { counts: { deleted: 5 } },
    })
    const report = await importCells(budget, rows(5), options)
    expect(report).toMatchObject({ resumed: true, counts: { unchanged: 5, deleted: 15 } })
    expect(await contents(budget)).toHaveLength(5)
  })
})

describe('a step that is undone while the import is still writing', () => {
  it('goes on as a second one', async () => {
    const { budget } = await tenant.newBudget()
    let saves = 0
    const checkpoint: Checkpoint = {
      load: () => Promise.resolve(undefined),
      async save() {
        if (++saves === 2) await budget.undo()
      },
    }
    const report = await importCells(budget, rows(4), { checkpoint, batchSize: 2, connections: 1 })
    expect(report.sessionIds).toHaveLength(2)
    expect(report.counts).toMatchObject({ created: 4 })
    expect(await contents(budget)).toEqual([
      'm//f0//empty/',
      'm//f1//empty/',
      'm//f2//number/1',
      'm//f3//number/1',
    ])
  })
})

describe('rejects', () => {
  it('go to JSON lines, and go on in them after a crash', async () => {
    const { budget } = await tenant.newBudget()
    const folder = ownFolder()
    const options = {
      batchSize: 2,
      connections: 1,
      checkpoint: join(folder, 'checkpoint'),
      rejects: join(folder, 'rejects.ndjson'),
    }
    const source = [
      { module: 'm', field: 'a', value: 'x' },
      { module: 'm', field: 'b', value: Symbol('none') },
      { module: 'm', field: 'c', value: 1n },
      { module: 'm', field: 'd', value: { text: 'é' }, kind: 'text' },
      { module: 'm', field: 'e', value: true, kind: 'text' },
      { module: 'm', field: 'f', value: 5, kind: 'none' },
      'no object',
      { module: 'm', field: 'g', value: 5, period: { text: '2025' } },
      { module: 'm', field: 'h', kind: 'empty' },
    ]
    const controller = new AbortController()
    const reason = new Error('stop')
    const onProgress = ({ batches }: { readonly batches: number }) =>
      batches === 2 ? controller.abort(reason) : undefined
    const first = importCells(budget, source, { ...options, signal: controller.signal, onProgress })
    await expect(first).rejects.toBe(reason)
    const report = await importCells(budget, source, options)
    expect(report.counts).toMatchObject({ created: 3, invalid: 5, unchanged: 1 })
    const lines = readFileSync(options.rejects, 'utf8').trim().split('\n')
    expect(lines.map((line) => (JSON.parse(line) as ImportReject).line)).toEqual([1, 2, 5, 6, 7])
  })

  it('fill batches too: a source of nothing else is not held in memory', async () => {
    const { budget } = await tenant.newBudget()
    const batches: number[] = []
    const report = await importCells(budget, rows(10, 'x'), {
      batchSize: 4,
      onProgress: (progress) => batches.push(progress.records),
    })
    expect(batches).toEqual([4, 8, 10])
    expect(report).toMatchObject({ counts: { invalid: 10 }, sessionId: null, revision: null })
  })
})

describe('a record with more cells than a batch', () => {
  it('is imported in several', async () => {
    const { budget } = await tenant.newBudget()
    const periods = Array.from({ length: 7 }, (_, index) => `p${index}`)
    const record = { line: 'f', ...Object.fromEntries(periods.map((period, index) => [period, index])) }
    const columns = { module: { value: 'm' }, field: 'line', periods }
    const report = await importCells(budget, [record, { line: 'g', p1: 1 }], { columns, batchSize: 3 })
    expect(report).toMatchObject({ records: 2, counts: { created: 8, skipped: 6 } })
  })

  it('is rejected where a function does not know what to make of it', async () => {
    const { budget } = await tenant.newBudget()
    const rejects: ImportReject[] = []
    const entity = () => {
      throw new Error('No such school.')
    }
    const columns = { module: 'module', entity, field: 'field', value: 'value' }
    await importCells(budget, rows(1), { columns, rejects: (reject) => void rejects.push(reject) })
    expect(rejects).toMatchObject([{ line: 1, column: null, reason: 'No such school.' }])
  })
})

describe('a stranger', () => {
  it('can import nothing, and learns nothing', async () => {
    const { budget } = await tenant.newBudget()
    await importCells(budget, rows(1))
    const stranger = await stack.createUser({ organization: await stack.createOrganization() })
    const attempts = [
      [stack.signIn(stranger), 'not_found'],
      [stack.anonClient(), 'unauthorized'],
    ] as const
    for (const [supabase, code] of attempts) {
      const theirs = createCells(supabase).budget(budget.id)
      for (const options of [{}, { dryRun: true }, wholeBudget]) {
        const error: unknown = await importCells(theirs, rows(1, '9'), options).catch(
          (reason: unknown) => reason,
        )
        expect(error).toBeInstanceOf(ImportError)
        expect(error).toMatchObject({ code, report: { counts: { created: 0, updated: 0 } } })
        expect(JSON.stringify([error, (error as Error).message])).not.toContain('eyJ')
      }
    }
    expect(await contents(budget)).toEqual(['m//f0//number/1'])
  })
})

describe('addresses that come as other things than text', () => {
  it('are the text of a number, and are refused where they are none', async () => {
    const { budget } = await tenant.newBudget()
    const rejects: ImportReject[] = []
    const records = [
      { module: 'm', field: 1, period: 2025, value: '1' },
      { module: 'm', field: 2n, period: '2025', value: 2 },
      { module: 'm', field: { nested: 'x' }, period: '2025', value: '3' },
      { module: 'm', field: true, period: '2025', value: '4' },
    ]
    const report = await importCells(budget, records, { rejects: (reject) => void rejects.push(reject) })
    expect(report.counts).toMatchObject({ created: 2, invalid: 2 })
    const cells = await Array.fromAsync(budget.list())
    expect(cells.map(({ field, period, value }) => [field, period, value]).sort()).toEqual([
      ['1', '2025', '1'],
      ['2', '2025', '2'],
    ])
    expect(rejects.map(({ column }) => column)).toEqual(['field', 'field'])
  })
})
