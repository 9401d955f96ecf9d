import { randomUUID } from 'node:crypto'
import { readFileSync } from 'node:fs'
import { createServer, type AddressInfo } from 'node:net'
import { join } from 'node:path'
import fc from 'fast-check'
import { describe, expect, it, onTestFinished } from 'vitest'
import { isCellsError } from '@efir/cells'
import {
  importCells,
  ImportError,
  type DatabaseTarget,
  type ImportDifference,
  type ImportOptions,
} from '@efir/cells/import'
import { localOnly, useStack } from '../support/stack.ts'
import { fileWith, ownFolder } from './support/place.ts'
import { contents, signedInImporter } from './support/tenant.ts'

const stack = await useStack()
const tenant = await signedInImporter(stack)
const target = (budgetVersionId: string, more: Partial<DatabaseTarget> = {}): DatabaseTarget => ({
  database: stack.databaseUrl,
  budgetVersionId,
  actor: tenant.user.id,
  ...more,
})
const rows = (count: number, value = '1') =>
  Array.from({ length: count }, (_, index) => ({ module: 'm', field: `f${index}`, value }))

/** What the budget and its log hold, but for ids and times. */
async function dump(id: string) {
  return await stack.sql`
    SELECT change.module_code, change.entity_id, change.field_name, change.period_code, change.action, change.old_value,
      change.new_value, change.old_text, change.new_text, change.new_version, change.under_version, change.change_type,
      change.changed_by, made.revision, step.label, cell.value_numeric, cell.value_text, cell.version, cell.modified_by
    FROM efir_budget.cell_changes AS change
    INNER JOIN efir_budget.planning_cells AS cell ON cell.id = change.cell_id
    INNER JOIN efir_budget.cell_commits AS made ON made.commit_id = change.commit_id
    INNER JOIN efir_budget.cell_sessions AS step ON step.id = change.session_id
    WHERE change.budget_version_id = ${id}
    ORDER BY change.module_code, change.entity_id, change.field_name, change.period_code, change.new_version`
}

const code = fc.constantFrom('a', 'tab\there', 'line\nhere', 'back\\slash', '\\N', 'quote"', 'é😀', '\r')
const cell = fc.record({
  module: fc.constantFrom('m', 'n\\t'),
  entity: fc.constantFrom(null, '0199A3C4-0000-7000-8000-000000000001'),
  field: code,
  period: fc.constantFrom(null, '2026', '\\.'),
  kind: fc.constantFrom('number', 'text', 'empty'),
  value: fc.oneof(fc.constantFrom('1', '-2.5', '99999999999999.9999', ''), code),
})
const file = fc.record({
  mode: fc.constantFrom('upsert' as const, 'insert' as const, 'update' as const, 'replace' as const),
  cells: fc.array(cell, { minLength: 1, maxLength: 12 }),
  batchSize: fc.integer({ min: 1, max: 5 }),
})

describe('an import straight to the database', () => {
  it('leaves the same cells, records and rejects as one through the API', { timeout: 240_000 }, async () => {
    await fc.assert(
      fc.asyncProperty(fc.array(file, { minLength: 1, maxLength: 3 }), async (files) => {
        const [{ budget: one }, { budget: other }] = await Promise.all([
          tenant.newBudget(),
          tenant.newBudget(),
        ])
        for (const { mode, cells, batchSize } of files) {
          const source = fileWith('cells.ndjson', cells.map((line) => JSON.stringify(line)).join('\n'))
          const ends = []
          for (const to of [one, target(other.id)]) {
            const rejects: unknown[] = []
            const options: ImportOptions = {
              mode,
              batchSize,
              connections: 1,
              rejects: (reject) => void rejects.push(reject),
              ...(mode === 'replace' ? { filter: {}, deleteMissing: true } : {}),
            }
            const end = await importCells(to, source, options).then(
              ({ counts, records, revision }) => ({ counts, records, revision }),
              (error: unknown) => String(error),
            )
            ends.push({ end, rejects })
          }
          expect(ends[1]).toEqual(ends[0])
        }
        expect(await dump(other.id)).toEqual(await dump(one.id))
      }),
      { numRuns: 12 },
    )
  })

  it('is one step of the user that it is for, who can undo it', async () => {
    const { budget } = await tenant.newBudget()
    const report = await importCells(target(budget.id), rows(30), { batchSize: 7, session: 'Plan' })
    expect(report).toMatchObject({ records: 30, counts: { created: 30 } })
    expect(await budget.undo()).toMatchObject({ sessionId: report.sessionId, label: 'Plan' })
    expect(await contents(budget)).toEqual(
      rows(30)
        .map(({ field }) => `m//${field}//empty/`)
        .sort(),
    )
  })

  it('is on record and no step of anybody where it is for nobody', async () => {
    const { budget } = await tenant.newBudget()
    await importCells(target(budget.id, { actor: undefined }), rows(2))
    expect(await budget.undo()).toMatchObject({ status: 'nothing' })
    expect(await dump(budget.id)).toMatchObject([{ changed_by: null }, { changed_by: null }])
  })

  it('tells the difference in a dry run, and writes nothing', async () => {
    const { budget } = await tenant.newBudget()
    await importCells(target(budget.id), rows(2))
    const seen: ImportDifference[] = []
    const report = await importCells(target(budget.id), rows(3, '2').slice(1), {
      dryRun: true,
      mode: 'replace',
      deleteMissing: true,
      filter: {},
      onDifference: (difference) => void seen.push(difference),
    })
    expect(report.counts).toMatchObject({ created: 1, updated: 1, deleted: 1 })
    expect(seen.map(({ status }) => status)).toEqual(['updated', 'created', 'deleted'])
    expect(await contents(budget)).toEqual(['m//f0//number/1', 'm//f1//number/1'])
  })

  it('goes on where it was after a signal has ended it', async () => {
    const { budget } = await tenant.newBudget()
    const checkpoint = join(ownFolder(), 'checkpoint')
    const source = fileWith(
      'plan.ndjson',
      rows(200)
        .map((row) => JSON.stringify(row))
        .join('\n'),
    )
    const controller = new AbortController()
    const stopped = new Error('enough')
    const ended = importCells(target(budget.id), source, {
      batchSize: 10,
      checkpoint,
      signal: controller.signal,
      onProgress: ({ batches }) => {
        if (batches === 3) controller.abort(stopped)
      },
    })
    await expect(ended).rejects.toBe(stopped)
    expect(readFileSync(checkpoint, 'utf8')).toContain('"writing"')
    const report = await importCells(target(budget.id), source, { batchSize: 10, checkpoint })
    expect(report).toMatchObject({ resumed: true, counts: { created: 200 } })
    expect(await dump(budget.id)).toHaveLength(200)
  })

  // Sooner than the 30 s after which the driver gives up by itself.
  it(
    'does not wait for a server that says nothing once the signal has ended it',
    { timeout: 20_000 },
    async () => {
      const silent = createServer()
      const asked = new Promise<void>((resolve) => silent.once('connection', () => resolve()))
      await new Promise<void>((resolve) => silent.listen(0, '127.0.0.1', resolve))
      onTestFinished(() => void silent.close())
      const { port } = silent.address() as AddressInfo
      const controller = new AbortController()
      const stopped = new Error('enough')
      const ended = importCells(
        target(randomUUID(), { database: `postgres://user@127.0.0.1:${port}/database` }),
        rows(1),
        { signal: controller.signal },
      )
      await asked
      controller.abort(stopped)
      await expect(ended).rejects.toBe(stopped)
    },
  )
})

describe('what an import straight to the database refuses', () => {
  const refused = (more: Partial<DatabaseTarget>, budgetVersionId: string = randomUUID()) =>
    importCells(target(budgetVersionId, more), rows(1)).then(
      () => undefined,
      (error: unknown) => error,
    )

  it('a URL that is none of a database, without repeating it', async () => {
    const error = await refused({ database: 'https://user:secret@host' })
    expect(error).toMatchObject({ name: 'ValidationError', field: 'database' })
    expect(String(error)).not.toContain('secret')
  })

  it('an id that is none', async () => {
    expect(await refused({ actor: 'alice' })).toMatchObject({ name: 'ValidationError', field: 'actor' })
    expect(await refused({}, 'budget')).toMatchObject({ name: 'ValidationError', field: 'budgetVersionId' })
  })

  it('a user of another organisation, and a budget that is not there', async () => {
    const elsewhere = await signedInImporter(stack)
    const { budget } = await tenant.newBudget()
    const error = await refused({ actor: elsewhere.user.id }, budget.id)
    expect(error).toBeInstanceOf(ImportError)
    expect(error).toMatchObject({ cause: { name: 'ValidationError', field: 'actor' } })
    expect(await refused({})).toMatchObject({ name: 'ImportError', code: 'not_found' })
  })

  it('a password that is wrong, as no reason to try again', async () => {
    const url = new URL(stack.databaseUrl)
    url.password = 'wrong'
    const error = await refused({ database: url })
    expect(error).toMatchObject({ name: 'ImportError', retryable: false })
    expect(isCellsError((error as ImportError).cause)).toBe(true)
  })

  it.each(['require', 'verify-full', 'verify-ca'])(
    'a server that speaks no TLS, where the URL says sslmode=%s',
    async (mode) => {
      const url = new URL(stack.databaseUrl)
      url.searchParams.set('sslmode', mode)
      const error = await refused({ database: url })
      expect(error).toMatchObject({ name: 'ImportError' })
      expect(String((error as ImportError).cause)).toMatch(/SSL/)
    },
  )

  it('a certificate that is not there, before anything is asked', async () => {
    const url = new URL(stack.databaseUrl)
    url.searchParams.set('sslmode', 'verify-ca')
    url.searchParams.set('sslrootcert', '/nowhere/root.crt')
    expect(await refused({ database: url })).toMatchObject({ name: 'ValidationError', field: 'database' })
  })

  it('a server that is not there, after trying again', async () => {
    const error = await refused({ database: 'postgres://postgres:x@127.0.0.1:1/postgres' })
    expect(error).toMatchObject({ name: 'ImportError', code: 'network', retryable: true })
  })
})

it.each(['sslmode=disable', 'ssl=false', 'sslmode=prefer', 'sslmode=allow'])(
  'a server that speaks no TLS serves a URL with %s',
  async (setting) => {
    const { budget } = await tenant.newBudget()
    const url = new URL(stack.databaseUrl)
    url.search = setting
    const report = await importCells(target(budget.id, { database: url }), rows(2))
    expect(report.counts).toMatchObject({ created: 2 })
  },
)

localOnly('it ends connections of the database').it(
  'a connection that is lost costs a repeat, and no cell is written twice',
  async () => {
    const { budget } = await tenant.newBudget()
    const report = await importCells(target(budget.id), rows(400), {
      batchSize: 20,
      onProgress: ({ batches }) => {
        if (batches % 6 !== 0) return
        void stack.sql`SELECT pg_terminate_backend(pid) FROM pg_stat_activity
        WHERE application_name = 'efir-cells import' AND datname = current_database()`.catch(() => undefined)
      },
    })
    expect(report.counts).toMatchObject({ created: 400, unchanged: 0 })
    expect(await dump(budget.id)).toHaveLength(400)
  },
)
