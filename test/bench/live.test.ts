import { execFile } from 'node:child_process'
import { mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import type { Report } from '../../bench/report.ts'

const root = join(import.meta.dirname, '..', '..')
const directory = mkdtempSync(join(tmpdir(), 'cells-bench-live-'))
afterAll(() => rmSync(directory, { recursive: true, force: true }))

describe('the suite live', () => {
  let report: Report

  beforeAll(async () => {
    const file = join(directory, 'live.json')
    const given = ['bench/run.ts', 'live', '--scale', '0.01', '--json', file]
    await promisify(execFile)(process.execPath, ['--import', './scripts/from-source.mjs', ...given], {
      cwd: root,
    })
    report = JSON.parse(readFileSync(file, 'utf8')) as Report
  }, 180_000)

  it('has the rows of the design, and what a change costs', () => {
    expect(report.rows.map(({ name, unit }) => [name, unit])).toEqual([
      ['edit.latency', 'ms'],
      ['open.1000000', 'ms'],
      ['bytesPerCell', 'bytes'],
      ['change.100', 'cpu ms'],
    ])
    for (const { name, p50 } of report.rows) expect(p50, name).toBeGreaterThan(0)
  })

  it('has ten users edit one budget: each is told of every write of the others, once, and none is refused', () => {
    const [row] = report.rows
    expect(row).toMatchObject({ users: 10, missed: 0, doubled: 0, refused: 0, different: 0 })
    expect(row?.written).toBeGreaterThan(10)
    expect(row?.baseline).toBeGreaterThan(0)
  })

  it('holds a cell in at most 300 bytes', () => {
    const row = report.rows.find(({ name }) => name === 'bytesPerCell')
    // Of few cells, each carries more of what is there once; the full size is for `npm run bench`.
    expect(row?.p50).toBeLessThan(300)
  })
})
