import type { ResolvedAddress } from '../model/address.ts'
import { missingCell, type StoredCell } from '../model/cell.ts'
import { sameStoredCell, samePending, visibleCell } from './visible.ts'
import { CellTable } from './cell-table.ts'
import type { CellSelection, ExternalStore, Facts, GoneCell, PendingValue, VisibleCell } from './facts.ts'
import { Listeners } from './listeners.ts'
import { CellRange } from './range.ts'
import { Selector } from './selector.ts'
import { ShownCells } from './shown-cells.ts'
import { WeakValues } from './weak-values.ts'

/** A read of everything that a selection has, page by page, while changes go on. */
export interface SnapshotRead {
  /** Takes a page in: a fact like any other. Pages may come in any order, and twice. */
  page(revision: number, cells: readonly StoredCell[]): void
  /**
   * After the last page. Cells of the selection that no page showed, and that nothing newer than the read confirmed, are
   * gone. Returns the revision from which to ask for changes: the least that a page showed. A read that is given up
   * is just never ended.
   */
  end(): number
}

export interface CellStoreOptions {
  /** Told what a listener threw. @default it is thrown again by itself, so that it is seen as uncaught */
  readonly onListenerError?: ((error: unknown) => void) | undefined
}

interface Before {
  readonly hadRow: boolean
  readonly version: number
  readonly pending: PendingValue | undefined
  readonly shown: VisibleCell | undefined
  /** Another timeline's row may have the same version and another content. */
  isReplaced: boolean
}

/**
 * The cells of one budget as a client knows them, and the only place that holds them: for each cell what the database
 * confirmed, and over it the newest pending write. Facts may come in any order, late and twice; a version never goes
 * back. Listeners are called once a commit, after all of it is in, for what changed.
 */
export class CellStore {
  readonly #table = new CellTable()
  readonly #pending = new Map<number, PendingValue>()
  readonly #shown = new ShownCells((slot) => this.#idle.push(slot))
  readonly #handles = new WeakValues<string, ExternalStore<VisibleCell>>()
  readonly #ranges = new WeakValues<string, CellRange>()
  readonly #listeners: Listeners
  /** As of when what has been read whole is known: what is not here, older facts cannot bring in. */
  #floors: { readonly selector: Selector; readonly revision: number }[] = []
  /** Slots that may have lost the last reason to be kept. */
  #idle: number[] = []
  #depth = 0
  #touched = new Map<number, Before>()
  /** Rows as they came in, of slots that somebody will ask for now: they need not be made again from the columns. */
  readonly #fresh = new Map<number, StoredCell>()

  constructor({ onListenerError = throwLater }: CellStoreOptions = {}) {
    this.#listeners = new Listeners(this.#table, (slot) => this.#show(slot), onListenerError)
  }

  /** How many cells the database has, as far as is known here. */
  get size(): number {
    return this.#table.rows
  }

  /** Everything that `work` does is one change to listeners. Returns what it returns. */
  commit<T>(work: () => T): T {
    this.#depth += 1
    try {
      return work()
    } finally {
      this.#depth -= 1
      if (this.#depth === 0) this.#settle()
    }
  }

  /** Takes facts in. What is older than what is held, or the same, changes nothing. */
  confirm({ revision, cells = [], deleted = [] }: Facts): void {
    this.commit(() => {
      for (const cell of cells) this.#confirm(cell, revision)
      for (const gone of deleted) this.#confirmGone(gone, revision)
    })
  }

  /**
   * Sets pending values over cells, and drops them with `null`. To settle a write without a flicker of the old value,
   * drop it and confirm its row in one {@link commit}.
   */
  overlay(changes: Iterable<readonly [address: ResolvedAddress, pending: PendingValue | null]>): void {
    this.commit(() => {
      for (const [address, pending] of changes) this.#overlay(address, pending ?? undefined)
    })
  }

  /**
   * Begins a fresh read. `isRestored`: the budget went back in time (restored from a backup), so what is held now is
   * shown until the read ends, and any fact about it counts more, whatever its version.
   */
  beginSnapshot(selection: CellSelection = {}, { isRestored = false } = {}): SnapshotRead {
    const selector = new Selector(selection, this.#table)
    if (isRestored) {
      this.#floors = []
      this.#table.forEach(undefined, (slot) => this.#table.setKnown(slot, -1))
    }
    let least = Infinity
    return {
      page: (revision, cells) => {
        least = Math.min(least, revision)
        this.confirm({ revision, cells })
      },
      end: () => {
        if (least === Infinity) throw new RangeError('A snapshot has at least one page, be it empty.')
        this.commit(() => this.#endSnapshot(selector, least))
        return least
      },
    }
  }

  /** The cell as it is to be shown; the same object until its content changes. */
  get(address: ResolvedAddress): VisibleCell {
    return this.#show(this.#table.claim(address))
  }

  /** By the database's id; undefined for an id that no known cell has. */
  getById(id: string): VisibleCell | undefined {
    const slot = this.#table.findById(id)
    return slot < 0 ? undefined : this.#show(slot)
  }

  /** One cell as an external store; the same object for the same address while somebody holds it. */
  cell(address: ResolvedAddress): ExternalStore<VisibleCell> {
    const { module, entity, field, period } = address
    const key = JSON.stringify([module, entity, field, period])
    let handle = this.#handles.get(key)
    if (handle === undefined) {
      const own = { module, entity, field, period }
      const getSnapshot = () => this.get(own)
      handle = Object.freeze({
        subscribe: (listener: () => void) => this.subscribe(own, listener),
        getSnapshot,
        getServerSnapshot: getSnapshot,
      })
      this.#handles.set(key, handle)
    }
    return handle
  }

  /**
   * The cells of a selection that are to be seen, in the order of their addresses, as an external store: a frozen array that
   * is the same until its membership or content changes.
   */
  range(selection: CellSelection): ExternalStore<readonly VisibleCell[]> {
    const selector = new Selector(selection, this.#table)
    let range = this.#ranges.get(selector.key)
    if (range === undefined) {
      range = new CellRange(selector, this.#table, this.#listeners, (slot) => this.#show(slot))
      this.#ranges.set(selector.key, range)
    }
    return range
  }

  /** Calls `listener` once after every commit that changed the cell. Returns what ends it. */
  subscribe(address: ResolvedAddress, listener: (cell: VisibleCell) => void): () => void {
    const slot = this.#table.claim(address)
    const unsubscribe = this.#listeners.ofCell(slot, listener)
    this.#shown.hold(slot)
    return () => {
      if (!unsubscribe() || this.#listeners.hasCell(slot)) return
      this.#shown.letGo(slot)
      this.#idle.push(slot)
    }
  }

  /** Calls `listener` once after every commit that changed cells of the selection, with these; `{}` is all. */
  subscribeRange(selection: CellSelection, listener: (changed: readonly VisibleCell[]) => void): () => void {
    return this.#listeners.ofRange(new Selector(selection, this.#table), listener)
  }

  #confirm(cell: StoredCell, revision: number | null): void {
    const table = this.#table
    let slot = table.find(cell)
    if (slot < 0 || table.state(slot) === 'absent') {
      if (revision === null || revision <= this.#floor(cell)) return
      if (slot < 0) slot = table.add(cell)
    } else if (!this.#isNews(slot, cell.version, revision)) return
    // Of a time that was undone by a restore: the same version may hold something else.
    const restored = table.known(slot) < 0 ? table.row(slot) : undefined
    if (restored !== undefined && sameStoredCell(restored, cell)) {
      table.setKnown(slot, revision ?? 0)
      return
    }
    const isWatched = this.#touch(slot, restored !== undefined)
    table.put(slot, cell, revision ?? table.known(slot))
    if (isWatched && Object.isFrozen(cell)) this.#fresh.set(slot, cell)
  }

  #confirmGone(gone: GoneCell, revision: number | null): void {
    const table = this.#table
    let slot = table.find(gone)
    if (slot < 0 || table.state(slot) === 'absent') {
      if (revision === null || revision <= this.#floor(gone)) return
      if (slot < 0) slot = table.add(gone)
    } else if (!this.#isNews(slot, gone.version, revision)) return
    this.#touch(slot)
    table.bury(slot, gone.version, revision ?? table.known(slot))
  }

  #isNews(slot: number, version: number, revision: number | null): boolean {
    const known = this.#table.known(slot)
    const held = this.#table.version(slot)
    if (known < 0 || version > held) return true
    if (version === held && revision !== null && revision > known) this.#table.setKnown(slot, revision)
    return false
  }

  #floor(address: ResolvedAddress): number {
    let floor = -1
    for (const { selector, revision } of this.#floors)
      if (revision > floor && selector.matchesAddress(address)) floor = revision
    return floor
  }

  #endSnapshot(selector: Selector, revision: number): void {
    const table = this.#table
    table.forEach(selector.entities, (slot) => {
      const state = table.state(slot)
      if (state === 'absent' || table.known(slot) > revision || !selector.matches(table, slot)) return
      // A row known as of this very revision was shown by a page, or told by the commit itself. A tombstone has done its
      // work: the floor keeps older rows out from now on.
      if (state === 'row' && table.known(slot) === revision) return
      this.#touch(slot)
      table.forget(slot)
      this.#idle.push(slot)
    })
    this.#floors = this.#floors.filter((floor) => floor.selector.key !== selector.key)
    this.#floors.push({ selector, revision })
  }

  #overlay(address: ResolvedAddress, pending: PendingValue | undefined): void {
    const slot = pending === undefined ? this.#table.find(address) : this.#table.claim(address)
    if (slot < 0 || samePending(this.#pending.get(slot), pending)) return
    this.#touch(slot)
    if (pending === undefined) {
      this.#pending.delete(slot)
      this.#idle.push(slot)
    } else this.#pending.set(slot, pending)
  }

  #show(slot: number): VisibleCell {
    let cell = this.#shown.get(slot)
    if (cell === undefined) {
      const base = this.#fresh.get(slot) ?? this.#table.row(slot) ?? missingCell(this.#table.address(slot))
      cell = visibleCell(base, this.#pending.get(slot))
      this.#shown.set(slot, cell)
    }
    return cell
  }

  /** Before a slot changes: remembers what it showed, where anybody could tell the difference, and says whether so. */
  #touch(slot: number, isReplaced = false): boolean {
    this.#table.generation += 1
    // While a budget is loaded there is nobody yet: nothing is looked up for any of a million cells.
    const isRemembered = this.#touched.size > 0 || this.#fresh.size > 0 || !this.#shown.isEmpty
    if (!isRemembered && !this.#listeners.cares(slot)) return false
    this.#fresh.delete(slot)
    const before = this.#touched.get(slot)
    if (before !== undefined) {
      this.#shown.delete(slot)
      before.isReplaced ||= isReplaced
      return true
    }
    const shown = this.#shown.get(slot)
    if (shown === undefined && !this.#listeners.cares(slot)) return false
    this.#touched.set(slot, {
      hadRow: this.#table.state(slot) === 'row',
      version: this.#table.version(slot),
      pending: this.#pending.get(slot),
      shown,
      isReplaced,
    })
    this.#shown.delete(slot)
    return true
  }

  #settle(): void {
    const touched = this.#touched
    if (touched.size > 0) {
      this.#touched = new Map()
      const changed: number[] = []
      for (const [slot, before] of touched) {
        if (this.#isChanged(slot, before)) changed.push(slot)
        else if (before.shown !== undefined) this.#shown.set(slot, before.shown)
      }
      if (changed.length > 0) this.#listeners.tell(changed)
    }
    if (this.#listeners.isTelling) return
    this.#fresh.clear()
    if (this.#idle.length > 0) this.#releaseIdle()
  }

  #isChanged(slot: number, { hadRow, version, pending, isReplaced }: Before): boolean {
    const hasRow = this.#table.state(slot) === 'row'
    return (
      isReplaced ||
      hasRow !== hadRow ||
      (hasRow && this.#table.version(slot) !== version) ||
      !samePending(this.#pending.get(slot), pending)
    )
  }

  /** Frees the slots that hold nothing and that nobody looks at. */
  #releaseIdle(): void {
    const idle = new Set(this.#idle)
    this.#idle = []
    for (const slot of idle) {
      if (!this.#table.has(slot) || this.#table.state(slot) !== 'absent' || this.#pending.has(slot)) continue
      if (this.#listeners.hasCell(slot) || this.#shown.get(slot) !== undefined) continue
      this.#table.release(slot)
    }
  }
}

function throwLater(error: unknown): void {
  queueMicrotask(() => {
    throw error
  })
}
