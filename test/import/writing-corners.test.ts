import { readFileSync, readdirSync } from 'node:fs'
import { join } from 'node:path'
import { pathToFileURL } from 'node:url'
import { describe, expect, it } from 'vitest'
import { NotFoundError, type Budget, type Cell, type StoredCell, type WriteOutcome } from '@efir/cells'
import { compare, toCounts } from '../../src/import/dry-run.ts'
import { budgetLane } from '../../src/import/lane/budget-lane.ts'
import type { ImportItem } from '../../src/import/map/items.ts'
import { checkpointFile, readState } from '../../src/import/resume/checkpoint.ts'
import { wideRows } from '../../src/import/write/rows.ts'
import { openSink } from '../../src/import/write/sink.ts'
import { writeXlsx } from '../../src/import/write/write-xlsx.ts'
import { missingCell } from '../../src/model/cell.ts'
import { ownFolder } from './support/place.ts'

const cell = (more: Partial<StoredCell> = {}): StoredCell => ({
  ...{ module: 'staff', entity: null, field: 'posts', period: '2026', exists: true, id: 'c1' },
  ...{ kind: 'number', value: '1', valueType: 'input', isLocked: false, lockReason: null },
  ...{ version: 1, modifiedBy: null, modifiedAt: '2026-11-23T08:00:00+00:00', ...more },
})

async function* pages(...some: StoredCell[][]) {
  for (const cells of some) yield await Promise.resolve(cells)
}

describe('a wide table', () => {
  it('has a row for all periods of a field, a column for none, and no empty cells', async () => {
    const { header, chunks } = await wideRows(
      pages(
        [cell(), cell({ period: null, value: '7' })],
        [cell({ period: '2025', value: '0' }), cell({ field: 'note', kind: 'empty', value: null })],
      ),
      10,
    )
    expect(header).toEqual(['module', 'entity', 'field', 'kind', 'none', '2025', '2026'])
    expect((await Array.fromAsync(chunks)).flat()).toEqual([
      [
        ...[{ text: 'staff' }, null, { text: 'posts' }, { text: 'number' }],
        ...[{ number: '7' }, { number: '0' }, { number: '1' }],
      ],
    ])
  })

  it('is refused where there are more cells than it may hold, or a period is called as a column is', async () => {
    await expect(wideRows(pages([cell(), cell()], [cell()]), 2)).rejects.toMatchObject({
      field: 'shape',
      allowed: "'long' for more than 2 cells",
    })
    await expect(wideRows(pages([cell({ period: 'kind' })]), 2)).rejects.toMatchObject({
      allowed: "'long', for a period is called kind",
    })
  })
})

describe('a workbook', () => {
  const write = async (rows: readonly unknown[]) =>
    await Array.fromAsync(writeXlsx({ header: ['a'], chunks: pages(rows as never) as never }))

  it.each([
    ['more rows than a sheet has', Array.from({ length: 1_048_576 }, () => []), 'a sheet has 1,048,576 rows'],
    ['a text longer than a cell holds', [[{ text: 'x'.repeat(32_768) }]], 'a text has 32768 characters'],
  ])('is refused for %s', async (_, rows, why) => {
    await expect(write(rows)).rejects.toMatchObject({
      ...{ code: 'invalid', field: 'format', allowed: `csv or ndjson, for ${why}` },
    })
  })
})

describe('a sink', () => {
  const bytes = new TextEncoder().encode('cells')

  it.each([
    ['a URL of another kind', new URL('https://project.example/plan.csv')],
    ['what nothing can be written to', {}],
    ['a file in a folder that is not there', join('/nowhere', 'plan.csv')],
  ])('that is %s is refused', async (_, sink) => {
    await expect(openSink(sink as never)).rejects.toMatchObject({ code: 'invalid', field: 'sink' })
  })

  it('of a file is there as a whole, or not at all', async () => {
    const folder = ownFolder()
    const path = join(folder, 'plan.csv')
    const whole = await openSink(pathToFileURL(path))
    await whole.write(bytes)
    expect(readdirSync(folder)).toEqual(['plan.csv.partial'])
    await whole.finish()
    expect(readFileSync(path, 'utf8')).toBe('cells')

    const broken = await openSink(path)
    await broken.write(new TextEncoder().encode('half'))
    await broken.abandon()
    expect(readFileSync(path, 'utf8')).toBe('cells')
    expect(readdirSync(folder)).toEqual(['plan.csv'])
  })

  it('of a device is written to as it is', async () => {
    for (const end of ['finish', 'abandon'] as const) {
      const device = await openSink('/dev/null')
      await device.write(bytes)
      await device[end]()
    }
    expect(readdirSync('/dev')).not.toContain('null.partial')
  })

  it('of Node that fails rejects with its error', async () => {
    const failing = {
      write: (_: Uint8Array, done: (error?: Error | null) => void) => {
        done(new Error('the disk is full'))
        return true
      },
      once: () => undefined,
      off: () => undefined,
    }
    const sink = await openSink(failing)
    await expect(sink.write(bytes)).rejects.toThrow('the disk is full')
    await sink.abandon()
  })
})

describe('a checkpoint', () => {
  it('may be named by a URL; what is no file is refused', async () => {
    const folder = ownFolder()
    const checkpoint = checkpointFile(pathToFileURL(join(folder, 'import.json')))
    expect(await checkpoint.load()).toBeUndefined()
    await checkpoint.save('{}')
    expect(await checkpoint.load()).toBe('{}')
    await expect(checkpointFile(pathToFileURL(folder)).load()).rejects.toMatchObject({
      ...{ code: 'invalid', field: 'checkpoint', given: folder },
    })
  })

  const state = {
    ...{ version: 1, importId: 'i', sessionId: 's', label: 'l', options: 'o', size: null, settled: 0 },
    ...{ digest: '', records: 0, counts: {}, sessionIds: [], revision: null, rejectBytes: 0, parts: {} },
    phase: 'writing',
  }

  it.each([
    ['of a source of 7 bytes', { size: 7 }, null],
    ['of a source of unknown bytes', {}, 7],
    ['something else', { settled: -1 }, null],
    ['something else', { phase: 'resting' }, null],
  ])('%s is that of another import', (given, more, size) => {
    expect(() => readState(JSON.stringify({ ...state, ...more }), { options: 'o', size })).toThrow(
      expect.objectContaining({ field: 'checkpoint', given }) as Error,
    )
    expect(readState(JSON.stringify(state), { options: 'o', size: null })).toEqual(state)
  })
})

describe('what the API answers to the deletions of an import', () => {
  const lane = (outcomes: readonly WriteOutcome[]) =>
    budgetLane({
      id: 'b',
      writeMany: () => Promise.resolve({ revision: 7, operationId: 'o', sessionId: 's', outcomes }),
    } as unknown as Budget)
  const call = {} as never
  const conflict = {
    status: 'conflict',
    index: 0,
    base: null,
    baseVersion: 0,
    mine: '1',
    theirs: null,
  } as const

  it.each<[WriteOutcome, object]>([
    [
      { status: 'forbidden', index: 0, message: 'No.' },
      { status: 'forbidden', reason: 'No.' },
    ],
    [
      { status: 'not_found', index: 0, message: 'None.' },
      { status: 'missing', reason: 'None.' },
    ],
    [
      { status: 'invalid', index: 0, field: 'number', message: 'Bad.' },
      { status: 'invalid', reason: 'Bad.' },
    ],
    [
      conflict,
      { status: 'conflict', reason: 'Somebody wrote to the cell while the import was running; it stays.' },
    ],
    [
      { status: 'locked', index: 0, cell: cell({ isLocked: true }) },
      { status: 'locked', reason: 'The cell is locked.' },
    ],
  ])('%j is a reject with its reason', async (outcome, problem) => {
    const reply = await lane([outcome]).delete([cell()], call)
    expect(reply.problems).toEqual([{ index: 0, ...problem }])
    expect(Object.values(reply.counts)).toEqual([1])
  })

  it('is no lease that is lost, for it holds none', async () => {
    const lost = { status: 'lease_lost', index: 0, cell: null, heldBy: null, heldUntil: null } as const
    await expect(lane([lost]).delete([cell()], call)).rejects.toMatchObject({ code: 'protocol' })
  })

  it('is an error where the call failed', async () => {
    const error = new NotFoundError('gone', [])
    await expect(lane([{ status: 'failed', index: 0, error }]).delete([cell()], call)).rejects.toBe(error)
  })

  it('of a deletion tells what went, what was nothing, and what somebody wrote meanwhile', async () => {
    const gone = { status: 'written', index: 0, cell: missingCell(cell()) } as const
    const reply = await lane([
      gone,
      { ...gone, status: 'unchanged', index: 1 },
      { ...conflict, index: 2 },
    ]).delete([cell(), cell(), cell()], call)
    expect(reply.counts).toEqual({ deleted: 1, unchanged: 1, conflict: 1 })
    expect(reply.problems).toMatchObject([{ index: 2, status: 'conflict' }])
  })
})

describe('a dry run', () => {
  const record = { line: 3, values: [] }
  const item = (value: ImportItem['value']) => ({ cell: cell(), value, record }) as unknown as ImportItem
  const absent = missingCell(cell())

  it.each<[string, Cell, ImportItem['value'], 'insert' | 'update' | 'upsert', string]>([
    ['the same number', cell(), '1.00', 'upsert', 'unchanged'],
    ['another number', cell(), '2', 'upsert', 'updated'],
    ['the same digits as text', cell(), { text: '1' }, 'upsert', 'updated'],
    ['the same text', cell({ kind: 'text', value: 'x' }), { text: 'x' }, 'upsert', 'unchanged'],
    ['nothing, where there is nothing', absent, null, 'upsert', 'unchanged'],
    ['nothing, where there is something', cell(), null, 'upsert', 'updated'],
    ['a new cell', absent, '1', 'upsert', 'created'],
    ['a cell that is there', cell(), '1', 'insert', 'exists'],
    ['a cell that is not there', absent, '1', 'update', 'missing'],
    ['a locked cell', cell({ isLocked: true }), '2', 'upsert', 'locked'],
  ])('of %s says so', (_, before, value, rule, status) => {
    const differences = compare([item(value)], [before], rule)
    expect(differences).toMatchObject([{ status, line: 3, before, after: value }])
    const { counts, problems } = toCounts(differences)
    expect(counts).toEqual({ [status]: 1 })
    expect(problems).toHaveLength(['exists', 'missing', 'locked'].includes(status) ? 1 : 0)
  })
})
