import type { VisibleCell } from './facts.ts'
import { WeakValues } from './weak-values.ts'

/** The cells that were handed out, by slot: held while somebody listens, otherwise only while somebody else holds them. */
export class ShownCells {
  readonly #held = new Map<number, VisibleCell | undefined>()
  readonly #others: WeakValues<number, VisibleCell>

  constructor(onGone: (slot: number) => void) {
    this.#others = new WeakValues(onGone)
  }

  get isEmpty(): boolean {
    return this.#held.size === 0 && this.#others.isEmpty
  }

  get(slot: number): VisibleCell | undefined {
    return this.#held.get(slot) ?? this.#others.get(slot)
  }

  set(slot: number, cell: VisibleCell): void {
    if (this.#held.has(slot)) this.#held.set(slot, cell)
    else this.#others.set(slot, cell)
  }

  delete(slot: number): void {
    if (this.#held.has(slot)) this.#held.set(slot, undefined)
    else this.#others.delete(slot)
  }

  hold(slot: number): void {
    if (this.#held.has(slot)) return
    this.#held.set(slot, this.#others.get(slot))
    this.#others.delete(slot)
  }

  letGo(slot: number): void {
    const cell = this.#held.get(slot)
    this.#held.delete(slot)
    if (cell !== undefined) this.#others.set(slot, cell)
  }
}
