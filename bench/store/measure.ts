import { execFile } from 'node:child_process'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { setFlagsFromString } from 'node:v8'
import { runInNewContext } from 'node:vm'
import type { StoredCell } from '../../src/model/cell.ts'
import { seeded } from '../data/random.ts'
import { percentile } from '../measure.ts'
import { rounded, type Row } from '../report.ts'
import type { SuiteContext } from '../suite.ts'
import { changed, page } from './cells.ts'
import type { Subject } from './subject.ts'
import { subjectNames, subjects, type SubjectName } from './subjects.ts'

const rounds = { warmUp: 1, counted: 5 }

interface Sample {
  readonly wall: number
  readonly cpu: number
}

/** Makes a subject ready, then says what is to be measured; the result of that is checked. */
type Work = (subject: Subject, round: number) => { readonly measured: () => void; readonly check: () => void }

export async function measureStores({ scale, wants, progress }: SuiteContext): Promise<Row[]> {
  const cells = page(0, Math.round(100_000 * scale))
  const few = Math.round(10_000 * scale)
  const works: Record<string, Work> = {
    'load.100000': loading(cells),
    'write.10000x10000': writing(cells, few),
    'groupUndo.10000': undoing(cells, few),
  }
  const rows: Row[] = []
  for (const [name, work] of Object.entries(works)) {
    if (!wants(name)) continue
    progress(name)
    rows.push(rowOf(name, await inTurn(work)))
  }
  return rows
}

function loading(cells: readonly StoredCell[]): Work {
  return (subject) => ({
    measured: () => subject.load([cells]),
    check() {
      for (const cell of cells) expect(subject.valueOf(cell), cell.value)
    },
  })
}

function writing(cells: readonly StoredCell[], count: number): Work {
  return (subject, round) => {
    const random = seeded(round)
    const listened = pick(cells, count, round)
    const versions = new Map(listened.map((cell) => [cell, cell.version]))
    const writes = listened.map(() => {
      const cell = listened[random.below(count)]!
      const version = versions.get(cell)! + 1
      versions.set(cell, version)
      return changed(cell, version, random)
    })
    const heard = listening(subject, cells, listened)
    return {
      measured() {
        for (const next of writes) subject.write(next)
      },
      check() {
        expect(heard.calls, count)
        expect(
          heard.length,
          writes.reduce((sum, { value }) => sum + value!.length, 0),
        )
        const last = new Map(writes.map((next) => [next.id, next]))
        for (const next of last.values()) expect(subject.valueOf(next), next.value)
      },
    }
  }
}

function undoing(cells: readonly StoredCell[], count: number): Work {
  return (subject, round) => {
    const random = seeded(round)
    const listened = pick(cells, count, round)
    const heard = listening(subject, cells, listened)
    subject.step(listened.map((cell) => changed(cell, cell.version + 1, random)))
    const restored = listened.map((cell) => Object.freeze({ ...cell, version: cell.version + 2 }))
    heard.calls = 0
    return {
      measured: () => subject.undo(restored),
      check() {
        expect(heard.calls, count)
        for (const cell of listened) expect(subject.valueOf(cell), cell.value)
      },
    }
  }
}

function listening(subject: Subject, cells: readonly StoredCell[], listened: readonly StoredCell[]) {
  subject.load([cells])
  const heard = { calls: 0, length: 0 }
  for (const cell of listened) {
    subject.listen(cell, (value) => {
      heard.calls += 1
      heard.length += value?.length ?? 0
    })
  }
  return heard
}

/** Cells that hold numbers, each once. */
function pick(cells: readonly StoredCell[], count: number, seed: number): StoredCell[] {
  const random = seeded(90 + seed)
  const picked = new Set<StoredCell>()
  while (picked.size < count) {
    const cell = cells[random.below(cells.length)]!
    if (cell.kind === 'number') picked.add(cell)
  }
  return [...picked]
}

function expect(actual: unknown, wanted: unknown): void {
  if (actual !== wanted) throw new Error(`A store is wrong: ${String(actual)} instead of ${String(wanted)}.`)
}

/** All subjects in every round, who begins changing from round to round; each in a fresh store and on a swept heap. */
async function inTurn(work: Work): Promise<Record<SubjectName, Sample[]>> {
  const samples = Object.fromEntries(subjectNames.map((name) => [name, [] as Sample[]])) as Record<
    SubjectName,
    Sample[]
  >
  for (let round = 0; round < rounds.warmUp + rounds.counted; round += 1) {
    for (let turn = 0; turn < subjectNames.length; turn += 1) {
      const name = subjectNames[(round + turn) % subjectNames.length]!
      const { measured, check } = work(await subjects[name](), round)
      collect()
      const cpu = process.cpuUsage()
      const began = performance.now()
      measured()
      const wall = performance.now() - began
      const used = process.cpuUsage(cpu)
      check()
      if (round >= rounds.warmUp) samples[name].push({ wall, cpu: (used.user + used.system) / 1000 })
    }
  }
  return samples
}

function collect(): void {
  setFlagsFromString('--expose-gc')
  ;(runInNewContext('gc') as () => void)()
}

/** The baseline is the best of the peers; each has a column of its own, ratios being ours over theirs. */
function rowOf(name: string, samples: Record<SubjectName, readonly Sample[]>): Row {
  const median = (subject: SubjectName, what: keyof Sample) =>
    percentile(
      samples[subject].map((sample) => sample[what]),
      0.5,
    )
  const wall = (subject: SubjectName) => median(subject, 'wall')
  const p95 = percentile(
    samples.ours.map((sample) => sample.wall),
    0.95,
  )
  return {
    ...besidePeers(name, 'ms', wall, p95),
    ...Object.fromEntries(subjectNames.map((subject) => [`${subject}.cpu`, rounded(median(subject, 'cpu'))])),
  }
}

function besidePeers(
  name: string,
  unit: string,
  of: (subject: SubjectName) => number,
  p95: number | null,
): Row {
  const peers = subjectNames.filter((subject) => subject !== 'ours')
  const baseline = Math.min(...peers.map(of))
  return {
    name,
    unit,
    p50: rounded(of('ours')),
    p95: p95 === null ? null : rounded(p95),
    baseline: rounded(baseline),
    ratio: rounded(of('ours') / baseline),
    ...Object.fromEntries(
      peers.flatMap((peer) => [
        [peer, rounded(of(peer))],
        [`${peer}.ratio`, rounded(of('ours') / of(peer))],
      ]),
    ),
  }
}

/** After a collection, in a process of its own: a million cells of ours, a tenth of that of everybody. */
export async function measureMemory({ scale, progress }: SuiteContext): Promise<Row> {
  const bytes = new Map<SubjectName, number>()
  for (const name of subjectNames) {
    progress(`bytesPerCell ${name}`)
    bytes.set(name, await memoryOf(name, Math.round(100_000 * scale)))
  }
  progress('bytesPerCell ours, ten times as many')
  const atMillion = await memoryOf('ours', Math.round(1_000_000 * scale))
  return {
    ...besidePeers('bytesPerCell', 'bytes', (name) => bytes.get(name)!, null),
    tenTimesAsMany: rounded(atMillion),
  }
}

async function memoryOf(name: SubjectName, cells: number): Promise<number> {
  const loader = ['--expose-gc', '--import', './scripts/from-source.mjs']
  const program = join(import.meta.dirname, 'memory.ts')
  const { stdout } = await promisify(execFile)(process.execPath, [...loader, program, name, String(cells)], {
    cwd: join(import.meta.dirname, '..', '..'),
  })
  return Number(stdout)
}
