import {
  cellKey,
  ValidationError,
  type CellKey,
  type CellsSnapshot,
  type PendingWrite,
  type Sheet,
  type SheetFilter,
  type VisibleCell,
} from '../index.ts'
import { CellPlace } from './cell-place.ts'
import { CellWatch, unknownCell, type CellWatchPorts, type ShownCell } from './cell-watch.ts'
import { snapshotCells, type KnownCells } from './cells-snapshot.ts'
import { RangeWatch, type RangeWatchPorts } from './range-watch.ts'
import { SheetConnection, type ConnectionSettings } from './sheet-connection.ts'
import { matchesFilter, normalFilter } from './sheet-filter.ts'
import { compareCells, missingCell } from './shown-cell.ts'

/** What a view may show before it has its sheet. */
export interface ViewBeginning {
  /** What a server read and rendered. */
  readonly initial?: Pick<CellsSnapshot, 'cells'> | undefined
  /** The view of the same budget that this one takes the place of. */
  readonly before?: SheetView | undefined
}

const none: readonly VisibleCell[] = Object.freeze([])

/**
 * What the components of one provider see of a sheet: its cells, and until it has them what is known besides: what a
 * server rendered, or the sheet that was there before. No cell ever goes back to an older version.
 */
export class SheetView {
  readonly settings: ConnectionSettings
  readonly connection: SheetConnection
  readonly #initial: KnownCells | undefined
  /** The sheet before this one, until this one is ready. */
  #before: KnownCells | undefined
  #holdBefore: (() => () => void) | undefined
  #letGoBefore: () => void = () => undefined
  #sheet: Sheet | null = null
  /** Cells that the sheet had before it was ready: from then on it is believed. */
  readonly #passed = new Set<CellKey>()
  readonly #watches = new Map<CellKey, Set<CellWatch>>()
  readonly #ranges = new Set<RangeWatch>()
  #writes: ReadonlyMap<CellKey, PendingWrite> = new Map()
  #stop: () => void = () => undefined

  constructor(settings: ConnectionSettings, { initial, before }: ViewBeginning = {}) {
    this.settings = settings
    this.connection = new SheetConnection(settings)
    this.#initial = initial && snapshotCells(initial)
    this.#before = before && {
      cell: (place) => before.#known(place),
      range: (filter) => before.#gather(filter),
    }
    this.#holdBefore = before?.hold
    // For as long as the connection lives, which is this view's own.
    this.connection.state.subscribe(() => this.#connected())
    if (settings.given !== undefined) this.#connected()
  }

  /** Whether every cell is known, be it from a snapshot. */
  get isKnown(): boolean {
    return this.#initial !== undefined || this.#isReady
  }

  /** Opens the sheet, and keeps it open until the returned function is called. */
  readonly hold = (): (() => void) => {
    // Its store is shared: what it has loaded, this one need not show as unknown.
    if (this.#holdBefore !== undefined) this.#letGoBefore = this.#holdBefore()
    this.#holdBefore = undefined
    const letGo = this.connection.hold()
    return () => {
      letGo()
      this.#letGoBefore()
    }
  }

  /**
   * One cell.
   *
   * @throws {ValidationError} where the sheet's filter does not name it.
   */
  cell(key: CellKey): CellWatch {
    const place = new CellPlace(key)
    const { filter } = this.settings
    if (!matchesFilter(place.address, filter)) {
      throw new ValidationError(
        'cell',
        key,
        `a cell that the filter of the sheet names: ${JSON.stringify(filter)}`,
      )
    }
    return new CellWatch(place, this.#cellPorts)
  }

  /** The cells that the sheet and the filter both name, in the order of their addresses. */
  range(filter: SheetFilter): RangeWatch {
    return new RangeWatch(normalFilter(filter), this.#rangePorts)
  }

  /**
   * The sheet, to write to a cell of it.
   *
   * @throws {ValidationError} where it is not open yet, or has not loaded this cell: a write would be based on nothing.
   */
  sheetFor(place: CellPlace): Sheet {
    const sheet = this.#sheet
    if (sheet === null) {
      throw new ValidationError('sheet', 'not open yet', 'a sheet that is open: useSheet() tells when')
    }
    const { base, isPending } = place.in(sheet).getSnapshot()
    if (!this.#isReady && !base.exists && !isPending) {
      throw new ValidationError('sheet', 'still loading', 'a sheet that is ready: useReady() tells when')
    }
    return sheet
  }

  get #isReady(): boolean {
    return this.connection.state.getSnapshot().isReady
  }

  readonly #cellPorts: CellWatchPorts = {
    sheet: () => this.#sheet,
    show: (place) => this.#show(place),
    showServer: (place) => {
      const cell = this.#initial?.cell(place)
      return cell === undefined ? unknownCell(place) : Object.freeze({ cell, isReady: true, write: null })
    },
    join: (watch) => {
      const { key } = watch.place
      const watches = this.#watches.get(key) ?? new Set()
      this.#watches.set(key, watches.add(watch))
      return () => {
        if (watches.delete(watch) && watches.size === 0) this.#watches.delete(key)
      }
    },
  }

  readonly #rangePorts: RangeWatchPorts = {
    sheet: () => this.#sheet,
    isReady: () => this.#isReady,
    gather: (filter) => this.#gather(filter),
    gatherServer: (filter) => Object.freeze([...(this.#initial?.range(filter) ?? none)].sort(compareCells)),
    join: (watch) => {
      this.#ranges.add(watch)
      return () => this.#ranges.delete(watch)
    },
  }

  #show(place: CellPlace): ShownCell {
    const known = this.#known(place)
    return {
      cell: known ?? missingCell(place.address),
      isReady: known !== undefined,
      write: this.#writes.get(place.key) ?? null,
    }
  }

  /** The cell, from the sheet or from what was known before, whichever is newer; `undefined` where nobody knows. */
  #known(place: CellPlace): VisibleCell | undefined {
    if (!matchesFilter(place.address, this.settings.filter)) return undefined
    const now = this.#sheet === null ? undefined : place.in(this.#sheet).getSnapshot()
    if (now?.isPending === true) return now
    const before = this.#before?.cell(place) ?? this.#initial?.cell(place)
    if (now === undefined) return before
    if (now.base.exists && !this.#isReady) this.#passed.add(place.key)
    // What does not exist has no version to compare: it is gone, once the sheet has had it or has all.
    const isTold = now.base.exists || this.#isReady || this.#passed.has(place.key)
    if (before === undefined) return isTold ? now : undefined
    if (now.base.exists) return now.base.version >= before.base.version ? now : before
    return isTold ? now : before
  }

  #gather(filter: SheetFilter): readonly VisibleCell[] {
    const lists = [
      this.#sheet?.range(filter).getSnapshot(),
      this.#before?.range(filter),
      this.#initial?.range(filter),
    ]
    const keys = new Set(lists.flatMap((list) => (list ?? none).map((cell) => cellKey(cell))))
    const cells = [...keys].flatMap((key) => this.#known(new CellPlace(key)) ?? [])
    return Object.freeze(cells.filter(({ exists }) => exists).sort(compareCells))
  }

  #connected(): void {
    const { sheet, isReady, error } = this.connection.state.getSnapshot()
    if (isReady || error !== null) this.#letGoBefore()
    if (isReady) {
      this.#before = undefined
      this.#passed.clear()
    }
    if (sheet !== this.#sheet) {
      this.#stop()
      // Its cells stay to be seen while another sheet is opened in its place.
      if (this.#sheet !== null) this.#before = cellsOf(this.#sheet)
      this.#sheet = sheet
      this.#stop = sheet?.pending.subscribe(() => this.#written()) ?? (() => undefined)
      this.#written()
      for (const watch of this.#everyWatch()) watch.attach()
    }
    for (const watch of this.#everyWatch()) watch.look()
  }

  #written(): void {
    const before = this.#writes
    const pending = this.#sheet?.pending.getSnapshot() ?? []
    this.#writes = new Map(pending.map((write) => [cellKey(write.cell), write]))
    for (const key of new Set([...before.keys(), ...this.#writes.keys()])) {
      for (const watch of this.#watches.get(key) ?? []) watch.look()
    }
  }

  #everyWatch(): readonly (CellWatch | RangeWatch)[] {
    return [...[...this.#watches.values()].flatMap((watches) => [...watches]), ...this.#ranges]
  }
}

/** The cells that a sheet had. */
function cellsOf(sheet: Sheet): KnownCells {
  return {
    cell: (place) => {
      const cell = sheet.get(place.address)
      return cell.base.exists ? cell : undefined
    },
    range: (filter) => sheet.range(filter).getSnapshot(),
  }
}
