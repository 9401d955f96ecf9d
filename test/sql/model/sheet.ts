/** One budget of the model with short words, for tests that read like the sentences they prove. */
import { readCell } from './rule.ts'
import { apply, budgetOf, createWorld, preview, type World } from './world.ts'
import type {
  Call,
  ChangeType,
  Item,
  ItemResult,
  Mode,
  Outcome,
  Reply,
  TurnReply,
  Value,
  WriteReply,
} from './types.ts'

/** A put that deletes the cell. */
export const DELETE = { delete: true } as const

export type Puts = Readonly<Record<string, Value | typeof DELETE>>
export type WriteOptions = {
  readonly session?: string
  readonly type?: ChangeType
  readonly mode?: Mode
  readonly base?: number
  readonly operation?: string
}

/** Written as an atomic, manual write of one user, on whatever is there, unless told otherwise. */
export class Sheet {
  world: World
  #operations = 0

  constructor(seeds: Readonly<Record<string, Value>> = {}) {
    this.world = createWorld({ b: seeds })
  }

  get budget() {
    return budgetOf(this.world, 'b')
  }

  call(call: Call): Reply {
    const [world, reply] = apply(this.world, call)
    this.world = world
    return reply
  }

  write(user: string | null, puts: Puts, options: WriteOptions = {}): WriteReply {
    const items = Object.entries(puts).map(([cell, put]) => this.item(cell, put, options.base))
    return this.writeItems(user, items, options)
  }

  writeItems(user: string | null, items: readonly Item[], options: WriteOptions = {}): WriteReply {
    return this.call({
      kind: 'write',
      budget: 'b',
      user,
      items,
      mode: options.mode ?? 'atomic',
      type: options.type ?? 'manual',
      session: options.session ?? null,
      operation: options.operation ?? this.#operation(),
    }) as WriteReply
  }

  item(cell: string, put: Puts[string], base?: number): Item {
    return { cell, put: put === DELETE ? 'gone' : { value: put as Value }, base: base ?? null }
  }

  undo(user: string, operation = this.#operation()): Record<string, Outcome> {
    return outcomes(this.call({ kind: 'undo', budget: 'b', user, operation }) as TurnReply)
  }

  redo(user: string, operation = this.#operation()): Record<string, Outcome> {
    return outcomes(this.call({ kind: 'redo', budget: 'b', user, operation }) as TurnReply)
  }

  preview(user: string, kind: 'undo' | 'redo'): Record<string, Outcome> {
    return outcomes(preview(this.world, 'b', kind, user))
  }

  restore(user: string, cells: readonly string[], revision: number, mode: Mode = 'atomic'): WriteReply {
    return this.call({
      kind: 'restore',
      budget: 'b',
      user,
      cells,
      revision,
      mode,
      operation: this.#operation(),
    }) as WriteReply
  }

  lock(...cells: string[]): void {
    this.call({ kind: 'lock', budget: 'b', user: 'boss', cells })
  }

  unlock(...cells: string[]): void {
    this.call({ kind: 'unlock', budget: 'b', user: 'boss', cells })
  }

  deny(user: string, cell: string): void {
    this.call({ kind: 'deny', budget: 'b', user, cell })
  }

  /** The value shown, undefined where there is no cell. */
  value(cell: string): Value | undefined {
    return this.cell(cell)?.value
  }

  cell(cell: string) {
    return readCell(this.budget, cell)
  }

  version(cell: string): number | undefined {
    return this.cell(cell)?.version
  }

  /** How many steps the user could undo and redo. */
  depth(user: string): [undo: number, redo: number] {
    const { undo, redo } = this.budget.stacks[user] ?? { undo: [], redo: [] }
    return [undo.length, redo.length]
  }

  #operation(): string {
    return `operation ${(this.#operations += 1)}`
  }
}

/** What became of each item; the reason alone where the call was refused. */
export function results(reply: WriteReply): readonly ItemResult['outcome'][] | string {
  return 'refused' in reply ? `refused: ${reply.refused}` : reply.results.map(({ outcome }) => outcome)
}

const outcomes = ({ cells }: TurnReply): Record<string, Outcome> =>
  Object.fromEntries(cells.map(({ cell, outcome }) => [cell, outcome]))
