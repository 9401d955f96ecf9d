import { cellKey, type ResolvedAddress } from '../model/address.ts'
import type { Operation, OutboxEffect, OutboxHelp, OutboxState, OutboxStep, Write } from './outbox-state.ts'

/** A state under construction, indexed for the time that it takes. */
export class OutboxDraft {
  readonly help: OutboxHelp
  readonly effects: OutboxEffect[] = []
  operations: readonly Operation[]
  readonly #writes: Map<number, Write>
  readonly #ofCell = new Map<string, number[]>()
  readonly #touched = new Map<string, ResolvedAddress>()

  constructor({ writes, operations }: OutboxState, help: OutboxHelp) {
    this.help = help
    this.operations = operations
    this.#writes = new Map(writes.map((write) => [write.id, write]))
    for (const write of writes) this.#index(write)
  }

  get writes(): Iterable<Write> {
    return this.#writes.values()
  }

  get(id: number): Write | undefined {
    return this.#writes.get(id)
  }

  /** All writes to a cell, the oldest first. */
  of(key: string): Write[] {
    return (this.#ofCell.get(key) ?? []).flatMap((id) => this.#writes.get(id) ?? [])
  }

  carriedBy(operationId: string): Write[] {
    const operation = this.operations.find(({ id }) => id === operationId)
    return (operation?.writes ?? []).flatMap((id) => {
      const write = this.#writes.get(id)
      return write?.operationId === operationId ? [write] : []
    })
  }

  put(write: Write): void {
    if (!this.#writes.has(write.id)) this.#index(write)
    this.#writes.set(write.id, write)
    this.#touched.set(cellKey(write.cell), write.cell)
  }

  remove(write: Write): void {
    this.#writes.delete(write.id)
    this.#touched.set(cellKey(write.cell), write.cell)
  }

  forget(operationId: string): void {
    this.operations = this.operations.filter(({ id }) => id !== operationId)
  }

  /** An operation that is not under way and carries nothing any more is not sent again. */
  forgetEmpty(): void {
    this.operations = this.operations.filter(
      ({ id, isSending }) => isSending || this.carriedBy(id).length > 0,
    )
  }

  finish(): OutboxStep {
    if (this.#touched.size > 0) this.effects.unshift({ type: 'show', cells: this.#touched })
    return {
      state: { writes: [...this.#writes.values()], operations: this.operations },
      effects: this.effects,
    }
  }

  #index(write: Write): void {
    const key = cellKey(write.cell)
    const ids = this.#ofCell.get(key)
    if (ids === undefined) this.#ofCell.set(key, [write.id])
    else ids.push(write.id)
  }
}
