import type { ExternalStore, PendingWrite, Sheet, VisibleCell } from '../index.ts'
import type { CellPlace } from './cell-place.ts'
import { isSameCell, missingCell } from './shown-cell.ts'
import { Watchers } from './watchers.ts'

/** A cell as a component shows it. Frozen, and the same object until its content changes. */
export interface ShownCell {
  readonly cell: VisibleCell
  /** Whether the value is known: from the sheet, or from the snapshot that the server rendered. */
  readonly isReady: boolean
  /** The newest write of this cell that is not confirmed, or was refused. */
  readonly write: PendingWrite | null
}

/** What a cell's watch asks of its view. */
export interface CellWatchPorts {
  readonly sheet: () => Sheet | null
  readonly show: (place: CellPlace) => ShownCell
  readonly showServer: (place: CellPlace) => ShownCell
  /** Listens to the view, until the returned function is called. */
  readonly join: (watch: CellWatch) => () => void
}

/** One cell of a view as an external store. While nobody listens, it costs a commit nothing. */
export class CellWatch implements ExternalStore<ShownCell> {
  readonly place: CellPlace
  readonly subscribe: (listener: () => void) => () => void
  readonly #ports: CellWatchPorts
  readonly #watchers: Watchers
  #last: ShownCell | undefined
  #told: ShownCell | undefined
  #server: ShownCell | undefined
  #stop: () => void = () => undefined

  constructor(place: CellPlace, ports: CellWatchPorts) {
    this.place = place
    this.#ports = ports
    this.#watchers = new Watchers(() => {
      this.#told = this.getSnapshot()
      const leave = ports.join(this)
      this.attach()
      return () => {
        leave()
        this.#stop()
      }
    })
    this.subscribe = this.#watchers.subscribe
  }

  readonly getSnapshot = (): ShownCell => {
    const { cell, isReady, write } = this.#ports.show(this.place)
    const last = this.#last
    const isSame = last !== undefined && isSameCell(cell, last.cell)
    if (isSame && isReady === last.isReady && write === last.write) return last
    this.#last = Object.freeze({ cell: isSame ? last.cell : cell, isReady, write })
    return this.#last
  }

  /** Where nothing changed since, the browser's first snapshot is the same object: nothing is rendered again. */
  readonly getServerSnapshot = (): ShownCell => {
    this.#server ??= this.#ports.showServer(this.place)
    this.#last ??= this.#server
    return this.#server
  }

  /** Listens to the sheet that is there now. */
  attach(): void {
    this.#stop()
    const sheet = this.#ports.sheet()
    this.#stop = sheet === null ? () => undefined : this.place.in(sheet).subscribe(() => this.look())
  }

  /** Tells, where there is something new. */
  look(): void {
    const now = this.getSnapshot()
    if (now === this.#told) return
    this.#told = now
    this.#watchers.tell()
  }
}

/** What a server shows of a cell that nothing is known about. */
export function unknownCell(place: CellPlace): ShownCell {
  return Object.freeze({ cell: missingCell(place.address), isReady: false, write: null })
}
