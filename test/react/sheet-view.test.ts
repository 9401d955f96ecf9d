import fc from 'fast-check'
import { expect, it } from 'vitest'
import { cellKey, type Budget, type Sheet, type StoredCell } from '@efir/cells'
import { SheetView } from '../../src/react/sheet-view.ts'
import { CellStore } from '../../src/store/cell-store.ts'

// What a component is shown between the server's snapshot and the loaded sheet, in every order of what may happen.

const fields = ['a', 'b'] as const
type Field = (typeof fields)[number]

type Event =
  /** Somebody writes, or deletes. */
  | { readonly type: 'write' | 'delete'; readonly field: Field }
  /** The sheet is opened; a commit arrives; the read of the sheet is answered; or nobody looks for a while. */
  | { readonly type: 'open' | 'deliver' | 'load' | 'look' }

const event: fc.Arbitrary<Event> = fc.oneof(
  fc.record({
    type: fc.constantFrom('write' as const, 'delete' as const),
    field: fc.constantFrom(...fields),
  }),
  fc.record({ type: fc.constantFrom('open' as const, 'deliver' as const, 'load' as const, 'look' as const) }),
)

interface Truth {
  readonly version: number
  readonly isDeleted: boolean
}

const row = (field: Field, version: number): StoredCell => ({
  module: 'm',
  entity: null,
  field,
  period: null,
  exists: true,
  id: `00000000-0000-4000-8000-00000000000${fields.indexOf(field)}`,
  kind: 'number',
  value: String(version),
  valueType: 'input',
  isLocked: false,
  lockReason: null,
  version,
  modifiedBy: null,
  modifiedAt: '2026-11-28T00:00:00Z',
})

/** A database with two cells, of which one is there at the beginning, and the sheet that is opened on it. */
class World {
  readonly view: SheetView
  readonly shown = new Map<Field, (number | null)[]>()
  readonly #truth = new Map<Field, Truth>([['a', { version: 1, isDeleted: false }]])
  readonly #commits: { readonly revision: number; readonly field: Field; readonly now: Truth }[] = []
  readonly #store = new CellStore()
  readonly #watches
  #revision = 1
  #delivered = 0
  #isOpen = false
  #isLoaded = false
  #open: (sheet: Sheet) => void = () => undefined
  #ready: () => void = () => undefined

  constructor(withInitial: boolean) {
    const budget = { open: () => new Promise<Sheet>((resolve) => (this.#open = resolve)) }
    const initial = withInitial ? { revision: 1, cells: [row('a', 1)] } : undefined
    this.view = new SheetView(
      { key: '', budget: budget as unknown as Budget, given: undefined, filter: {}, options: {} },
      { initial },
    )
    this.view.hold()
    this.#watches = new Map(fields.map((field) => [field, this.view.cell(cellKey({ module: 'm', field }))]))
    for (const [field, watch] of this.#watches) watch.subscribe(() => this.#look(field))
    for (const field of fields) this.#look(field)
  }

  async take(happening: Event): Promise<void> {
    if (happening.type === 'write' || happening.type === 'delete')
      this.#change(happening.field, happening.type === 'delete')
    if (happening.type === 'open' && !this.#isOpen) await this.#openSheet()
    if (happening.type === 'deliver' && this.#isOpen) this.#deliver()
    if (happening.type === 'load' && this.#isOpen && !this.#isLoaded) await this.#load()
    for (const field of fields) this.#look(field)
  }

  async finish(): Promise<void> {
    await this.take({ type: 'open' })
    await this.take({ type: 'load' })
    while (this.#delivered < this.#commits.length) await this.take({ type: 'deliver' })
  }

  /** What is in the database: a version, or `null`. */
  truth(field: Field): number | null {
    const now = this.#truth.get(field)
    return now === undefined || now.isDeleted ? null : now.version
  }

  #change(field: Field, isDeleted: boolean): void {
    const before = this.#truth.get(field)
    if (isDeleted && (before === undefined || before.isDeleted)) return
    const now = { version: (before?.version ?? 0) + 1, isDeleted }
    this.#truth.set(field, now)
    this.#commits.push({ revision: ++this.#revision, field, now })
  }

  async #openSheet(): Promise<void> {
    this.#isOpen = true
    const store = this.#store
    const nothing = { subscribe: () => () => undefined, getSnapshot: () => [], getServerSnapshot: () => [] }
    const ready = new Promise<void>((resolve) => (this.#ready = resolve))
    const sheet = {
      cell: store.cell.bind(store),
      range: store.range.bind(store),
      pending: nothing,
      ready: () => ready,
    }
    this.#open(sheet as unknown as Sheet)
    await settled()
  }

  #deliver(): void {
    const commit = this.#commits[this.#delivered]
    if (commit === undefined) return
    this.#delivered += 1
    const { revision, field, now } = commit
    const { id, module, entity, period } = row(field, now.version)
    if (now.isDeleted) {
      const deleted = [{ id, module, entity, field, period, version: now.version }]
      this.#store.confirm({ revision, deleted })
    } else this.#store.confirm({ revision, cells: [row(field, now.version)] })
  }

  async #load(): Promise<void> {
    this.#isLoaded = true
    const read = this.#store.beginSnapshot({})
    const held = fields.flatMap((field) => this.truth(field) ?? []).length
    read.page(
      this.#revision,
      fields.flatMap((field) => {
        const version = this.truth(field)
        return version === null ? [] : [row(field, version)]
      }),
    )
    read.end()
    expect(this.#store.size).toBe(held)
    this.#ready()
    await settled()
  }

  #look(field: Field): void {
    const { cell, isReady } = this.#watches.get(field)!.getSnapshot()
    const shown = this.shown.get(field) ?? []
    this.shown.set(field, shown)
    if (!isReady) return
    const version = cell.exists ? cell.base.version : null
    if (shown.at(-1) !== version || shown.length === 0) shown.push(version)
  }
}

const settled = async (): Promise<void> => {
  for (let turn = 0; turn < 5; turn++) await Promise.resolve()
}

/** Versions only grow, and what is gone comes back as something newer. */
function expectNoOlder(shown: readonly (number | null)[]): void {
  const versions = shown.filter((version) => version !== null)
  expect(versions, shown.join()).toEqual([...new Set(versions)].sort((one, other) => one - other))
}

it('shows no older value ever, and in the end what the database has', async () => {
  await fc.assert(
    fc.asyncProperty(fc.boolean(), fc.array(event, { maxLength: 25 }), async (withInitial, events) => {
      const world = new World(withInitial)
      for (const happening of events) await world.take(happening)
      await world.finish()
      for (const field of fields) {
        expectNoOlder(world.shown.get(field)!)
        expect(world.shown.get(field)!.at(-1)).toBe(world.truth(field))
      }
    }),
    { numRuns: 500 },
  )
})

it('never takes back what the sheet had already when it was deleted again before the sheet was ready', async () => {
  const world = new World(true)
  await world.take({ type: 'write', field: 'a' })
  await world.take({ type: 'delete', field: 'a' })
  for (const type of ['open', 'deliver', 'deliver', 'look'] as const) await world.take({ type })
  expect(world.shown.get('a')).toEqual([1, 2, null])
  await world.finish()
  expect(world.shown.get('a')).toEqual([1, 2, null])
})
