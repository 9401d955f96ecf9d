import { execFile } from 'node:child_process'
import { mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { afterAll, describe, expect, it } from 'vitest'
import { costOfKeys } from '../../bench/react/trace.ts'
import type { Report } from '../../bench/report.ts'
import { hasChromium } from '../browser/support/chromium.ts'

const root = join(import.meta.dirname, '..', '..')
const directory = mkdtempSync(join(tmpdir(), 'cells-bench-react-'))
afterAll(() => rmSync(directory, { recursive: true, force: true }))

describe('the suite react', () => {
  it('has the rows of the design; another’s change renders one cell', { timeout: 120_000 }, async () => {
    const file = join(directory, 'react.json')
    const given = ['bench/run.ts', 'react', '--scale', '0.03', '--json', file]
    await promisify(execFile)(process.execPath, ['--import', './scripts/from-source.mjs', ...given], {
      cwd: root,
    })
    const { rows } = JSON.parse(readFileSync(file, 'utf8')) as Report
    expect(rows.map(({ name, unit }) => [name, unit])).toEqual([
      ['foreign.change.renders', 'renders'],
      ['typing.scripting', 'ms'],
      ['scrolling.frame', 'ms'],
      ['size.react', 'bytes'],
    ])
    const [renders, typing, scrolling] = rows
    if (!hasChromium) {
      expect(renders!.note).toMatch(/no Chromium/)
      return
    }
    expect(renders).toMatchObject({ p50: 1, max: 1, baseline: 1 })
    expect(typing!.p50).toBeGreaterThan(0)
    expect(typing!.baseline).toBeGreaterThan(0)
    expect(scrolling!.frames).toBeGreaterThan(10)
  })
})

describe('what a key costs in a trace', () => {
  const event = (name: string, ts: number, dur: number, more: object = {}) => ({
    name,
    ph: 'X',
    pid: 1,
    tid: 1,
    ts,
    dur,
    // As a thread that has the machine to itself.
    tts: ts,
    tdur: dur,
    ...more,
  })
  const key = (ts: number, dur: number) =>
    event('EventDispatch', ts, dur, { args: { data: { type: 'keydown' } } })
  const trace = (...traceEvents: object[]) => Buffer.from(JSON.stringify({ traceEvents }))

  it('counts scripting that lies in one another once, up to the next key', () => {
    const measured = costOfKeys(
      trace(
        key(1_000, 500),
        event('FunctionCall', 1_100, 300),
        event('RunMicrotasks', 1_400, 200),
        event('TimerFire', 5_000, 1_000),
        event('Layout', 7_000, 900),
        key(11_000, 100),
        event('FunctionCall', 20_500, 1_000),
        event('FunctionCall', 30_000, 5_000),
      ),
    )
    expect(measured.map(({ scripting }) => scripting)).toEqual([1.6, 0.6])
  })

  it('tells style and layout that scripting waits for apart', () => {
    const measured = costOfKeys(
      trace(
        key(1_000, 5_000),
        event('FunctionCall', 1_500, 1_000),
        event('UpdateLayoutTree', 2_000, 300),
        event('Layout', 2_400, 2_600),
        event('Layout', 2_500, 1_000),
        event('Layout', 8_000, 900),
      ),
    )
    expect(measured).toEqual([{ scripting: 2.1, layout: 2.9, elapsed: 2.1 }])
  })

  it('looks at the thread of the page alone', () => {
    const elsewhere = event('FunctionCall', 1_200, 9_000, { tid: 2 })
    expect(costOfKeys(trace(key(1_000, 100), elsewhere, key(20_000, 100)))).toEqual([
      { scripting: 0.1, layout: 0, elapsed: 0.1 },
      { scripting: 0.1, layout: 0, elapsed: 0.1 },
    ])
  })

  it('goes by the clock of the thread, and tells that of the wall', () => {
    const interrupted = event('FunctionCall', 2_000, 9_000, { tts: 1_500, tdur: 400 })
    expect(costOfKeys(trace(key(1_000, 100), interrupted))).toEqual([
      { scripting: 0.5, layout: 0, elapsed: 9.1 },
    ])
  })

  it('is of no key where none was pressed', () => {
    expect(costOfKeys(trace(event('FunctionCall', 1, 1)))).toEqual([])
  })
})
