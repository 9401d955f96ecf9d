/**
 * The words of the model: what a budget holds and what can be asked of it. Plain readonly data, so that a
 * state can be kept, compared and printed.
 */

/** A decimal as canonical text, a text, or nothing (an empty cell). */
export type Value = string | { readonly text: string } | null

/** What there is to see at a cell's address: a value (perhaps an empty one), or no cell at all. */
export type Content = { readonly value: Value } | 'gone'

export type ChangeType = 'manual' | 'spread' | 'import' | 'calculation'

type Row = {
  readonly cell: string
  /** Null: a program (the service key), not a person. */
  readonly user: string | null
  readonly before: Content
  readonly after: Content
  /** The cell's version once this had happened. */
  readonly version: number
  readonly revision: number
}

type ValueType = 'input' | 'calculated' | 'imported'

/** A change in the sense of the rule. Its place in the log is its place in the order, for ever. */
export type Change = Row & {
  readonly kind: 'change'
  readonly type: ChangeType
  /** The undo step it belongs to; null when nobody can undo it. */
  readonly step: string | null
}

/** The record of an undo or redo of a step at one cell: a fact about changes, itself no change. */
export type Mark = Row & { readonly kind: 'undo' | 'redo'; readonly step: string }

export type Entry = Change | Mark

type Step = { readonly id: string; readonly user: string; readonly session: string | null }

type Stacks = { readonly undo: readonly string[]; readonly redo: readonly string[] }

export type Budget = {
  readonly name: string
  readonly revision: number
  /** What cells held before there was a log: an adopted database. */
  readonly seeds: Readonly<Record<string, Value>>
  readonly versions: Readonly<Record<string, number>>
  readonly locked: readonly string[]
  /** `user cell`: what the host does not let this user write. */
  readonly denied: readonly string[]
  readonly log: readonly Entry[]
  readonly steps: readonly Step[]
  readonly stacks: Readonly<Record<string, Stacks>>
}

/** A cell as a read shows it; null where there is none. */
export type Cell = {
  readonly value: Value
  readonly valueType: ValueType
  readonly version: number
  readonly locked: boolean
}

export type Item = {
  readonly cell: string
  readonly put: Content
  /** The version the write is based on; 0 for "there is none yet", null for "whatever is there". */
  readonly base: number | null
}

export type Mode = 'atomic' | 'partial'

export type WriteCall = {
  readonly kind: 'write'
  readonly budget: string
  readonly user: string | null
  readonly items: readonly Item[]
  readonly mode: Mode
  readonly type: ChangeType
  /** The session the caller groups by; null: this call is a step of its own. */
  readonly session: string | null
  readonly operation: string
}

export type TurnCall = {
  readonly kind: 'undo' | 'redo'
  readonly budget: string
  readonly user: string
  readonly operation: string
}

export type RestoreCall = {
  readonly kind: 'restore'
  readonly budget: string
  readonly user: string
  readonly cells: readonly string[]
  readonly revision: number
  readonly mode: Mode
  readonly operation: string
}

export type LockCall = {
  readonly kind: 'lock' | 'unlock'
  readonly budget: string
  readonly user: string
  readonly cells: readonly string[]
}

export type PermitCall = {
  readonly kind: 'permit' | 'deny'
  readonly budget: string
  readonly user: string
  readonly cell: string
}

export type Call = WriteCall | TurnCall | RestoreCall | LockCall | PermitCall

export type ItemResult =
  | { readonly outcome: 'written'; readonly version: number }
  | { readonly outcome: 'unchanged' | 'conflict' | 'locked'; readonly current: Cell | null }
  | { readonly outcome: 'forbidden' }
  | { readonly outcome: 'invalid'; readonly field: 'key' }

export type Outcome = 'reverted' | 'superseded' | 'locked' | 'forbidden' | 'missing'

export type TurnReply = {
  /** The step that moved; null when the stack was empty. */
  readonly step: string | null
  /** By name of the cell. */
  readonly cells: readonly { readonly cell: string; readonly outcome: Outcome }[]
}

export type Refusal = {
  readonly refused: 'invalid' | 'forbidden' | 'locked' | 'conflict'
  /** The items that were not good. */
  readonly items: readonly { readonly index: number; readonly result: ItemResult }[]
}

export type WriteReply = { readonly revision: number; readonly results: readonly ItemResult[] } | Refusal

export type Reply = WriteReply | (TurnReply & { readonly revision: number }) | { readonly revision: number }
