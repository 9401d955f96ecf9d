import fc from 'fast-check'
import assert from 'node:assert/strict'
import type { ResolvedAddress, StoredCell } from '@efir/cells'
import { CellStore, type SnapshotRead } from '../../src/store/cell-store.ts'
import type { CellSelection, Facts, PendingValue, VisibleCell } from '../../src/store/facts.ts'
import { address, gone, idOf, number, stored, text } from './cells.ts'

// A database that makes commits, a store that hears of them in any order, and a plain model of what the store must show:
// of everything that was said about a cell, what is true as of the latest revision.

const e1 = '11111111-1111-4111-8111-111111111111'
const e2 = '22222222-2222-4222-8222-222222222222'
const addresses = [
  address('m', 'f', e1, '2025-09'),
  address('m', 'f', e1, '2025-10'),
  address('m', 'f', e2, '2025-09'),
  address('m', 'g', e2),
  address('n', 'f'),
].sort((one, other) => (idOf(one) < idOf(other) ? -1 : 1))
const selections: CellSelection[] = [
  {},
  { entity: e1 },
  { module: 'm', field: ['f', 'g'], period: '2025-09' },
  { entity: [e2, null] },
  { period: null },
]

const cell = fc.nat({ max: addresses.length - 1 })
const selection = fc.nat({ max: selections.length - 1 })
const content = fc.constantFrom<PendingValue>(
  number('1'),
  number('2.5'),
  text('two'),
  { number: null, text: null },
  'deleted',
)
const changes = fc.array(fc.record({ cell, content }), { minLength: 1, maxLength: 3 })

/** One thing that happens; each is one commit of the store at the most. */
export const step = fc.oneof(
  { arbitrary: fc.record({ do: fc.constant('write'), changes }), weight: 4 },
  {
    arbitrary: fc.record({ do: fc.constant('hear'), commit: fc.nat(), hasRevision: fc.boolean() }),
    weight: 6,
  },
  { arbitrary: fc.record({ do: fc.constant('overlay'), cell, content: fc.option(content) }), weight: 3 },
  { arbitrary: fc.record({ do: fc.constant('settle'), cell, commit: fc.nat() }), weight: 2 },
  { arbitrary: fc.record({ do: fc.constant('begin'), selection }), weight: 1 },
  { arbitrary: fc.record({ do: fc.constant('page'), read: fc.nat() }), weight: 4 },
  { arbitrary: fc.record({ do: fc.constant('listen'), cell }), weight: 2 },
  { arbitrary: fc.record({ do: fc.constant('listenRange'), selection }), weight: 1 },
  { arbitrary: fc.record({ do: fc.constant('leave'), listener: fc.nat() }), weight: 2 },
)
type Step = typeof step extends fc.Arbitrary<infer T> ? T : never

type Said = { readonly as: 'row'; readonly cell: StoredCell } | { readonly as: 'gone' | 'absent' }
interface Known {
  /** When this came to be so, and when it was last known to be so still. */
  readonly since: number
  readonly asOf: number
  readonly said: Said
}

interface Read {
  readonly selection: CellSelection
  readonly snapshot: SnapshotRead
  readonly waiting: number[][]
  least: number
}

interface Shown {
  readonly cell: VisibleCell
  readonly text: string
}

interface Listening {
  readonly addresses: readonly number[]
  readonly calls: (readonly VisibleCell[])[]
  readonly leave: () => void
}

function matches(at: ResolvedAddress, wanted: CellSelection): boolean {
  return (['module', 'entity', 'field', 'period'] as const).every((part) => {
    const given = wanted[part]
    return given === undefined || [given].flat().includes(at[part])
  })
}

const membersOf = (wanted: CellSelection) =>
  addresses.flatMap((at, index) => (matches(at, wanted) ? [index] : []))

class Simulation {
  readonly store = new CellStore({
    onListenerError: (error) => {
      throw error
    },
  })
  // The database.
  readonly commits: Facts[] = []
  readonly rows: (StoredCell | undefined)[] = addresses.map(() => undefined)
  readonly versions = addresses.map(() => 0)
  readonly changed = new Map<StoredCell, number>()
  // The model.
  readonly known: (Known | undefined)[] = addresses.map(() => undefined)
  readonly pending: (PendingValue | undefined)[] = addresses.map(() => undefined)
  readonly reads: Read[] = []
  // The watchers.
  shown: (Shown | undefined)[] = addresses.map(() => undefined)
  readonly ranges = selections.map((wanted) => this.store.range(wanted))
  snapshots: (readonly VisibleCell[] | undefined)[] = selections.map(() => undefined)
  readonly listening: Listening[] = []
  readonly newest = addresses.map(() => 0)

  do(step: Step): void {
    switch (step.do) {
      case 'write':
        this.write(step.changes)
        return
      case 'hear':
        this.hear(step.commit, step.hasRevision)
        return
      case 'overlay':
        this.store.overlay([[this.at(step.cell), step.content]])
        this.pending[step.cell] = step.content ?? undefined
        return
      case 'settle':
        this.store.commit(() => {
          this.store.overlay([[this.at(step.cell), null]])
          this.pending[step.cell] = undefined
          this.hear(step.commit, true)
        })
        return
      case 'begin':
        this.begin(selections[step.selection]!)
        return
      case 'page':
        this.page(step.read)
        return
      case 'listen': {
        const calls: (readonly VisibleCell[])[] = []
        const leave = this.store.subscribe(this.at(step.cell), (cell) => calls.push([cell]))
        this.listening.push({ addresses: [step.cell], calls, leave })
        return
      }
      case 'listenRange': {
        const calls: (readonly VisibleCell[])[] = []
        const wanted = selections[step.selection]!
        const leaveCells = this.store.subscribeRange(wanted, (cells) => calls.push(cells))
        const leaveRange = this.ranges[step.selection]!.subscribe(() => undefined)
        const leave = () => [leaveCells, leaveRange].forEach((end) => end())
        this.listening.push({ addresses: membersOf(wanted), calls, leave })
        return
      }
      case 'leave': {
        const [left] = this.listening.splice(step.listener % Math.max(1, this.listening.length), 1)
        left?.leave()
        left?.leave()
      }
    }
  }

  at(index: number): ResolvedAddress {
    return addresses[index]!
  }

  write(changes: readonly { readonly cell: number; readonly content: PendingValue }[]): void {
    const revision = this.commits.length + 1
    const touched = new Set<number>()
    for (const { cell, content } of changes) {
      if (touched.has(cell) || (content === 'deleted' && this.rows[cell] === undefined)) continue
      touched.add(cell)
      const version = (this.versions[cell] = this.versions[cell]! + 1)
      if (content === 'deleted') {
        this.rows[cell] = undefined
        continue
      }
      this.rows[cell] = stored(this.at(cell), {
        version,
        kind: content.number !== null ? 'number' : content.text !== null ? 'text' : 'empty',
        value: content.number ?? content.text,
        isLocked: version % 3 === 0,
        lockReason: version % 3 === 0 ? 'Approved' : null,
        modifiedAt: `2026-09-01T10:00:00.${String(revision).padStart(5, '0')}1+00:00`,
      })
    }
    for (const cell of touched) if (this.rows[cell] !== undefined) this.changed.set(this.rows[cell], revision)
    this.commits.push({
      revision,
      cells: [...touched].flatMap((cell) => this.rows[cell] ?? []),
      deleted: [...touched].flatMap((cell) =>
        this.rows[cell] === undefined ? [gone(this.at(cell), this.versions[cell]!)] : [],
      ),
    })
  }

  hear(which: number, hasRevision: boolean): void {
    const commit = this.commits[which % Math.max(1, this.commits.length)]
    if (commit === undefined) return
    this.store.confirm(hasRevision ? commit : { ...commit, revision: null })
    const asOf = commit.revision ?? 0
    for (const cell of commit.cells ?? []) this.learn(cell, asOf, asOf, { as: 'row', cell }, hasRevision)
    for (const one of commit.deleted ?? []) this.learn(one, asOf, asOf, { as: 'gone' }, hasRevision)
  }

  learn(at: ResolvedAddress, since: number, asOf: number, said: Said, hasRevision = true): void {
    const index = addresses.findIndex((one) => idOf(one) === idOf(at))
    const known = this.known[index]
    if (!hasRevision) {
      // Only its version says that it is newer; when the read began it was, for all that is known, not yet.
      if (known === undefined || known.said.as === 'absent' || since <= known.since) return
      this.known[index] = { ...known, since, said }
    } else if (known === undefined || since > known.since) this.known[index] = { since, asOf, said }
    else if (since === known.since && asOf > known.asOf) this.known[index] = { ...known, asOf }
  }

  begin(wanted: CellSelection): void {
    const all = membersOf(wanted)
    const middle = Math.ceil(all.length / 2)
    const waiting = [all.slice(0, middle), all.slice(middle)]
    this.reads.push({
      selection: wanted,
      snapshot: this.store.beginSnapshot(wanted),
      waiting,
      least: Infinity,
    })
  }

  page(which: number): void {
    const read = this.reads[which % Math.max(1, this.reads.length)]
    if (read === undefined) return
    const page = read.waiting.shift()
    const revision = this.commits.length
    if (page !== undefined) {
      const cells = page.flatMap((index) => this.rows[index] ?? [])
      read.snapshot.page(revision, cells)
      read.least = Math.min(read.least, revision)
      for (const cell of cells) this.learn(cell, this.changed.get(cell)!, revision, { as: 'row', cell })
      return
    }
    this.reads.splice(this.reads.indexOf(read), 1)
    assert.equal(read.snapshot.end(), read.least)
    for (const index of membersOf(read.selection)) {
      const known = this.known[index]
      const isShown = known?.said.as === 'row' && known.asOf >= read.least
      if (!isShown && (known === undefined || known.asOf <= read.least))
        this.known[index] = { since: read.least, asOf: read.least, said: { as: 'absent' } }
    }
  }

  /** What the model says that a cell shows, as text. */
  expected(index: number): string {
    const said = this.known[index]?.said
    const base = said?.as === 'row' ? said.cell : undefined
    const pending = this.pending[index]
    const [exists, value] =
      pending === undefined
        ? [base !== undefined, base?.value ?? null]
        : pending === 'deleted'
          ? [false, null]
          : [true, pending.number ?? pending.text]
    return JSON.stringify([exists, value, pending !== undefined, base ?? null])
  }

  check(): void {
    const before = this.shown
    const changed = new Set<number>()
    this.shown = addresses.map((at, index) => {
      const cell = this.store.get(at)
      const { exists, value, isPending, base } = cell
      const text = JSON.stringify([exists, value, isPending, base.exists ? ordered(base) : null])
      assert.equal(text, this.expected(index))
      assert.ok(Object.isFrozen(cell))
      const old = before[index]
      if (old !== undefined) assert.equal(old.cell === cell, old.text === text, 'identity is content')
      if (old?.text !== text) changed.add(index)
      if (base.exists) {
        assert.ok(base.version >= this.newest[index]!, 'a version went back')
        this.newest[index] = base.version
        assert.equal(this.store.getById(base.id), cell)
      }
      return { cell, text }
    })
    assert.equal(this.store.size, this.known.filter((one) => one?.said.as === 'row').length)
    this.checkCalls(changed)
    this.checkRanges()
  }

  checkCalls(changed: ReadonlySet<number>): void {
    for (const { addresses: members, calls } of this.listening) {
      const heard = calls.splice(0)
      const due = members.filter((index) => changed.has(index)).map((index) => this.shown[index]!.cell)
      assert.equal(heard.length, due.length > 0 ? 1 : 0, 'one call a commit')
      assert.deepEqual(new Set(heard[0]), new Set(due))
    }
  }

  checkRanges(): void {
    const before = this.snapshots
    this.snapshots = this.ranges.map((range, index) => {
      const snapshot = range.getSnapshot()
      const members = membersOf(selections[index]!)
        .map((member) => this.shown[member]!.cell)
        .filter(({ exists }) => exists)
      assert.deepEqual([...snapshot], members.sort(byAddress))
      const old = before[index]
      const isSame = old?.length === snapshot.length && old.every((one, place) => one === snapshot[place])
      if (old !== undefined) assert.equal(old === snapshot, isSame, 'a range is its content')
      return snapshot
    })
  }
}

const keyOf = ({ module, entity, field, period }: ResolvedAddress) =>
  [module, entity ?? '', field, period ?? ''].join('\u0001')
const byAddress = (one: ResolvedAddress, other: ResolvedAddress) => (keyOf(one) < keyOf(other) ? -1 : 1)

/** With its members in the order that `stored` gives them. */
function ordered(cell: StoredCell): StoredCell {
  return stored(cell, { ...cell })
}

/** `isWatched`: somebody looks at everything after every step; otherwise nobody does before the end. */
export function run(steps: readonly Step[], isWatched: boolean): void {
  const simulation = new Simulation()
  for (const one of steps) {
    if (isWatched) simulation.check()
    simulation.do(one)
  }
  if (!isWatched) for (const { leave } of simulation.listening.splice(0)) leave()
  simulation.check()
  // Whatever was heard so far: who hears everything once has what the database has.
  for (const index of simulation.commits.keys()) simulation.hear(index, true)
  for (const [index, row] of simulation.rows.entries()) {
    assert.equal(simulation.store.get(simulation.at(index)).base.version, row?.version ?? 0)
  }
}
