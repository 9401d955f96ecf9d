import { execFile } from 'node:child_process'
import { mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { history } from '../../bench/data/log.ts'
import { shapeOf } from '../../bench/data/shape.ts'
import type { Report, Row } from '../../bench/report.ts'

const root = join(import.meta.dirname, '..', '..')

const bench = (...given: string[]) =>
  promisify(execFile)(process.execPath, ['--import', './scripts/from-source.mjs', 'bench/run.ts', ...given], {
    cwd: root,
  })

const directory = mkdtempSync(join(tmpdir(), 'cells-bench-test-'))
afterAll(() => rmSync(directory, { recursive: true, force: true }))

describe('the suite db', () => {
  let report: Report
  let output: string
  const row = (name: string): Row => report.rows.find((found) => found.name === name)!

  beforeAll(async () => {
    const file = join(directory, 'db.json')
    ;({ stdout: output } = await bench('db', '--scale', '0.001', '--json', file))
    report = JSON.parse(readFileSync(file, 'utf8')) as Report
  }, 120_000)

  it('has the rows of the design, in order, so that runs can be compared over time', () => {
    expect(report.rows.map(({ name }) => name)).toEqual([
      ...['read.key', 'read.history', 'read.comments', 'read.slice', 'read.locked'],
      ...['write.1', 'write.100', 'write.1000', 'write.10000', 'write.linearity', 'write.1.busy'],
      ...['undo.100', 'undo.1000', 'catchup.0', 'catchup.1000', 'storm.random', 'storm.hot'],
    ])
  })

  it('writes suite, date, node and rows, and prints every row', () => {
    expect(Object.keys(report)).toEqual(['suite', 'date', 'node', 'rows'])
    expect(report.suite).toBe('db')
    expect(new Date(report.date).toISOString()).toBe(report.date)
    expect(report.node).toBe(process.version)
    for (const { name } of report.rows) expect(output).toMatch(new RegExp(`^${name} `, 'm'))
  })

  it('gives every row a unit and numbers, or the reason why there are none', () => {
    for (const { name, unit, p50, p95, baseline, ratio, note } of report.rows) {
      expect(unit, name).toMatch(/^(ms|cells\/s|µs\/cell)$/)
      if (p50 === null) expect(note, name).toBe('not installed')
      else expect(p50, name).toBeGreaterThan(0)
      if (p95 !== null) expect(p95, name).toBeGreaterThan(0)
      expect(baseline === null, name).toBe(ratio === null)
    }
  })

  it.each([
    'read.key',
    'read.locked',
    'write.1',
    'write.1000',
    'write.linearity',
    'write.1.busy',
    'storm.hot',
  ])('%s stands beside a baseline', (name) => {
    expect(row(name).baseline).toBeGreaterThan(0)
    expect(row(name).ratio).toBeGreaterThan(0)
  })

  it.each(['storm.random', 'storm.hot'])(
    '%s loses, skips and doubles nothing, and never deadlocks',
    (name) => {
      expect(row(name)).toMatchObject({ deadlocks: 0, lostUpdates: 0, gaps: 0, doubles: 0 })
      expect(row(name)).not.toHaveProperty('errors')
    },
  )
})

describe('the command line', () => {
  it.each([
    [['nonsense'], 'There is no suite "nonsense"'],
    [[], 'Which suite?'],
    [['db', '--smal'], "Unknown option '--smal'"],
    [['db', 'client'], 'One suite at a time'],
    [['db', '--scale', 'big'], '--scale is above 0'],
  ])('refuses %j with a sentence and the usage', async (given, sentence) => {
    const refused = (await bench(...given).catch((error: unknown) => error)) as {
      code: number
      stderr: string
    }
    expect(refused.code).toBe(2)
    expect(refused.stderr).toContain(sentence)
    expect(refused.stderr).toContain('npm run bench -- SUITE')
  })
})

describe('the generated history', () => {
  const shape = shapeOf(0.001)
  const walked = history(shape)
  const changes = [...walked.changes]

  it('has as many changes as asked for, and every cell exactly its version of them', () => {
    expect(changes).toHaveLength(10_000)
    const count = new Int32Array(shape.cells)
    for (const { cell, version } of changes) expect(version).toBe((count[cell] = (count[cell] ?? 0) + 1))
    expect(walked.cells.versions).toEqual(count)
  })

  it('numbers the commits of each budget from 1, without gaps', () => {
    for (const budget of shape.budgets) {
      const revisions = walked.commits
        .filter((commit) => commit.budget === budget)
        .map(({ revision }) => revision)
      expect(revisions).toEqual(revisions.map((_, index) => index + 1))
    }
  })

  it('is the same every time', () => {
    expect([...history(shapeOf(0.001)).changes].at(-1)?.id).toBe(changes.at(-1)?.id)
  })

  it('locks about one cell in a hundred', () => {
    const locked = walked.cells.locked.reduce((sum, one) => sum + one, 0)
    expect(locked / shape.cells).toBeGreaterThan(0.003)
    expect(locked / shape.cells).toBeLessThan(0.03)
  })
})

describe('the suite client', () => {
  it(
    'has the rows of the design beside raw supabase-js, and the size of the core',
    { timeout: 120_000 },
    async () => {
      const file = join(directory, 'client.json')
      await bench('client', '--scale', '0.01', '--json', file)
      const { rows } = JSON.parse(readFileSync(file, 'utf8')) as Report
      expect(rows.map(({ name, unit }) => [name, unit])).toEqual([
        ['write.1', 'ms'],
        ['writeMany.1000', 'ms'],
        ['list.10000', 'ms'],
        ['size.core', 'bytes'],
      ])
      for (const { name, p50, ratio } of rows) {
        expect(p50, name).toBeGreaterThan(0)
        if (name !== 'size.core') expect(ratio, name).toBeGreaterThan(0)
      }
    },
  )
})
