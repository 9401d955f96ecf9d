import type { CellTable } from './cell-table.ts'
import type { VisibleCell } from './facts.ts'
import { SelectorIndex } from './selector-index.ts'
import type { Selector } from './selector.ts'

interface Entry<Argument> {
  readonly listener: (argument: Argument) => void
  /** The last round that was begun when it subscribed: it is told of later ones only. */
  readonly since: number
  isActive: boolean
}

/** Who listens to the cells of one selection. */
export interface RangeWatch {
  readonly selector: Selector
  readonly entries: Set<Entry<readonly VisibleCell[]>>
  /** Told of changed slots before anybody is called, so that all who read during the round read the same. */
  readonly marks: Set<(slots: readonly number[]) => void>
}

interface Round {
  readonly number: number
  readonly slots: readonly number[]
  readonly watches: ReadonlyMap<RangeWatch, readonly number[]>
}

/**
 * Calls listeners, one round a commit, round after round: what a listener writes is told in a round of its own, after
 * the one that runs. Who subscribes during a round hears from the next one on; who unsubscribes hears nothing more.
 */
export class Listeners {
  readonly #show: (slot: number) => VisibleCell
  readonly #onError: (error: unknown) => void
  readonly #cells = new Map<number, Set<Entry<VisibleCell>>>()
  readonly #ranges: SelectorIndex<RangeWatch>
  readonly #rounds: Round[] = []
  #round = 0
  isTelling = false

  constructor(table: CellTable, show: (slot: number) => VisibleCell, onError: (error: unknown) => void) {
    this.#show = show
    this.#onError = onError
    this.#ranges = new SelectorIndex(table)
  }

  /** Whether anybody would hear of a change of this slot. */
  cares(slot: number): boolean {
    return this.#ranges.size > 0 || this.#cells.has(slot)
  }

  hasCell(slot: number): boolean {
    return this.#cells.has(slot)
  }

  /** What it returns says whether it ended anything: it does once. */
  ofCell(slot: number, listener: (cell: VisibleCell) => void): () => boolean {
    const entry = { listener, since: this.#round, isActive: true }
    const entries = this.#cells.get(slot)
    if (entries === undefined) this.#cells.set(slot, new Set([entry]))
    else entries.add(entry)
    return () => {
      if (!entry.isActive) return false
      entry.isActive = false
      const left = this.#cells.get(slot)
      if (left?.delete(entry) === true && left.size === 0) this.#cells.delete(slot)
      return true
    }
  }

  ofRange(selector: Selector, listener: (changed: readonly VisibleCell[]) => void): () => void {
    const watch = this.#watch(selector)
    const entry = { listener, since: this.#round, isActive: true }
    watch.entries.add(entry)
    return () => {
      entry.isActive = false
      watch.entries.delete(entry)
      this.#leave(watch)
    }
  }

  /** For who keeps something made of the selection's cells: `mark` is called before any listener. */
  mark(selector: Selector, mark: (slots: readonly number[]) => void): () => void {
    const watch = this.#watch(selector)
    watch.marks.add(mark)
    return () => {
      watch.marks.delete(mark)
      this.#leave(watch)
    }
  }

  tell(slots: readonly number[]): void {
    const watches = new Map<RangeWatch, number[]>()
    if (this.#ranges.size > 0) {
      for (const slot of slots) {
        this.#ranges.forEach(slot, (watch) => {
          const changed = watches.get(watch)
          if (changed === undefined) watches.set(watch, [slot])
          else changed.push(slot)
        })
      }
    }
    for (const [watch, changed] of watches) for (const mark of watch.marks) mark(changed)
    this.#round += 1
    this.#rounds.push({ number: this.#round, slots, watches })
    if (this.isTelling) return
    this.isTelling = true
    try {
      for (let round = this.#rounds.shift(); round !== undefined; round = this.#rounds.shift())
        this.#run(round)
    } finally {
      this.isTelling = false
    }
  }

  #run({ number, slots, watches }: Round): void {
    for (const slot of slots) {
      const entries = this.#cells.get(slot)
      if (entries !== undefined) this.#call(entries, number, () => this.#show(slot))
    }
    for (const [watch, changed] of watches) {
      let cells: readonly VisibleCell[] | undefined
      this.#call(
        watch.entries,
        number,
        () => (cells ??= Object.freeze(changed.map((slot) => this.#show(slot)))),
      )
    }
  }

  #call<Argument>(entries: ReadonlySet<Entry<Argument>>, round: number, argument: () => Argument): void {
    for (const entry of entries) {
      if (!entry.isActive || entry.since >= round) continue
      try {
        entry.listener(argument())
      } catch (error) {
        this.#onError(error)
      }
    }
  }

  #watch(selector: Selector): RangeWatch {
    const found = this.#ranges.get(selector.key)
    if (found !== undefined) return found
    const watch = { selector, entries: new Set<Entry<readonly VisibleCell[]>>(), marks: new Set<never>() }
    this.#ranges.add(watch)
    return watch
  }

  #leave(watch: RangeWatch): void {
    if (watch.entries.size === 0 && watch.marks.size === 0) this.#ranges.delete(watch)
  }
}
