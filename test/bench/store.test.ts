import { execFile } from 'node:child_process'
import { mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { seeded } from '../../bench/data/random.ts'
import { changed, page } from '../../bench/store/cells.ts'
import { subjectNames, subjects } from '../../bench/store/subjects.ts'
import type { Report } from '../../bench/report.ts'

const root = join(import.meta.dirname, '..', '..')
const directory = mkdtempSync(join(tmpdir(), 'cells-bench-store-'))
afterAll(() => rmSync(directory, { recursive: true, force: true }))

describe('the suite store', () => {
  let report: Report

  beforeAll(async () => {
    const file = join(directory, 'store.json')
    const given = ['bench/run.ts', 'store', '--scale', '0.01', '--json', file]
    await promisify(execFile)(process.execPath, ['--import', './scripts/from-source.mjs', ...given], {
      cwd: root,
    })
    report = JSON.parse(readFileSync(file, 'utf8')) as Report
  }, 120_000)

  it('has the rows of the design, each with a column a peer', () => {
    expect(report.rows.map(({ name, unit }) => [name, unit])).toEqual([
      ['load.100000', 'ms'],
      ['write.10000x10000', 'ms'],
      ['groupUndo.10000', 'ms'],
      ['bytesPerCell', 'bytes'],
    ])
    for (const row of report.rows) {
      const peers = ['tinybase', 'tanstackDb', 'yjs'].map((peer) => row[peer])
      expect(row.baseline).toBe(Math.min(...peers.map(Number)))
      expect(row.baseline).toBeGreaterThan(0)
    }
  })
})

describe.each(subjectNames)('the subject %s', (name) => {
  it('does the work that is measured', async () => {
    const subject = await subjects[name]()
    const cells = page(0, 50).filter(({ kind }) => kind === 'number')
    const next = cells.map((cell) => changed(cell, cell.version + 1, seeded(1)))
    const heard: (string | null)[] = []
    subject.load([cells.slice(0, 20), cells.slice(20)])
    for (const cell of cells) subject.listen(cell, (value) => heard.push(value))
    subject.write(next[0]!)
    expect(heard.splice(0)).toEqual([next[0]!.value])
    subject.step(next.slice(1))
    expect(new Set(heard)).toEqual(new Set(next.slice(1).map(({ value }) => value)))
    heard.length = 0
    subject.undo(cells.slice(1).map((cell) => ({ ...cell, version: cell.version + 2 })))
    expect(heard.toSorted()).toEqual(
      cells
        .slice(1)
        .map(({ value }) => value)
        .toSorted(),
    )
    expect(cells.slice(1).map((cell) => subject.valueOf(cell))).toEqual(
      cells.slice(1).map(({ value }) => value),
    )
    expect(subject.valueOf(cells[0]!)).toBe(next[0]!.value)
  })
})
