import type { ExternalStore, Sheet, SheetFilter, VisibleCell } from '../index.ts'
import { isSameCell } from './shown-cell.ts'
import { Watchers } from './watchers.ts'

/** What a range's watch asks of its view. */
export interface RangeWatchPorts {
  readonly sheet: () => Sheet | null
  /** Whether the sheet alone knows it all. */
  readonly isReady: () => boolean
  /** The cells of the filter, of the sheet and of what is known besides. */
  readonly gather: (filter: SheetFilter) => readonly VisibleCell[]
  readonly gatherServer: (filter: SheetFilter) => readonly VisibleCell[]
  /** Listens to the view, until the returned function is called. */
  readonly join: (watch: RangeWatch) => () => void
}

const none: readonly VisibleCell[] = Object.freeze([])

/** The cells of a view that a filter names, as an external store. While nobody listens, it costs a commit nothing. */
export class RangeWatch implements ExternalStore<readonly VisibleCell[]> {
  readonly subscribe: (listener: () => void) => () => void
  readonly #filter: SheetFilter
  readonly #ports: RangeWatchPorts
  readonly #watchers: Watchers
  #sheet: Sheet | null = null
  #range: ExternalStore<readonly VisibleCell[]> | undefined
  #made: { readonly of: readonly VisibleCell[]; readonly isReady: boolean } | undefined
  #last = none
  #told = none
  #server: readonly VisibleCell[] | undefined
  #stop: () => void = () => undefined

  constructor(filter: SheetFilter, ports: RangeWatchPorts) {
    this.#filter = filter
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

  readonly getSnapshot = (): readonly VisibleCell[] => {
    const of = this.#live()?.getSnapshot() ?? none
    const isReady = this.#ports.isReady()
    if (this.#made?.of === of && this.#made.isReady === isReady) return this.#last
    this.#made = { of, isReady }
    // Until the sheet is ready, cells come from elsewhere too.
    const next = isReady ? of : this.#ports.gather(this.#filter)
    if (!isSameList(next, this.#last)) this.#last = next
    return this.#last
  }

  /** Where nothing changed since, the browser's first snapshot is the same object: nothing is rendered again. */
  readonly getServerSnapshot = (): readonly VisibleCell[] => {
    this.#server ??= this.#ports.gatherServer(this.#filter)
    if (this.#last === none) this.#last = this.#server
    return this.#server
  }

  /** Listens to the sheet that is there now. */
  attach(): void {
    this.#stop()
    this.#stop = this.#live()?.subscribe(() => this.look()) ?? (() => undefined)
  }

  /** Tells, where there is something new. */
  look(): void {
    const now = this.getSnapshot()
    if (now === this.#told) return
    this.#told = now
    this.#watchers.tell()
  }

  #live(): ExternalStore<readonly VisibleCell[]> | undefined {
    const sheet = this.#ports.sheet()
    if (sheet !== this.#sheet) {
      this.#sheet = sheet
      this.#range = sheet?.range(this.#filter)
    }
    return this.#range
  }
}

function isSameList(one: readonly VisibleCell[], other: readonly VisibleCell[]): boolean {
  return one.length === other.length && one.every((cell, index) => isSameCell(cell, other[index] ?? cell))
}
