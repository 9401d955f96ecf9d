import type { ResolvedAddress } from '../model/address.ts'
import type { Cell } from '../model/cell.ts'
import type { PendingValue } from '../store/facts.ts'
import type { WriteItem, WriteResult } from '../transport/port.ts'
import type { ConflictSides, PolicyName, Resolution } from './conflict-policy.ts'

// What the outbox holds, and all that can happen to it. outbox-transition.ts decides, outbox.ts acts. All of the state is plain
// JSON, so that it can outlive the page.

/**
 * `retrying`: sent, and not answered; it may have landed, and is sent again under the same operation id. Without one, the
 * answer was that it has not landed.
 */
export type WriteState = 'waiting' | 'sending' | 'retrying' | 'conflict' | 'rejected'

/** Why the database, or the way to it, refused a write for good. */
export type Rejection =
  | Extract<WriteResult, { status: 'locked' | 'lease_lost' | 'forbidden' | 'not_found' | 'invalid' }>
  | { readonly status: 'failed'; readonly code: string; readonly message: string }

export interface WriteSession {
  readonly id: string
  readonly label: string | null
}

/** One value that the user wants one cell to have. */
export interface Write {
  readonly id: number
  readonly cell: ResolvedAddress
  readonly value: PendingValue
  /** The cell as the user saw it below the first of his own unsettled writes to it. */
  readonly base: Cell
  readonly session: WriteSession | null
  readonly policy: PolicyName
  /** Which sheet it came from. */
  readonly origin: number
  /** The token of the lease that it lands under, and else not at all. */
  readonly lease?: number | undefined
  readonly state: WriteState
  readonly operationId: string | null
  /** Conflicts that the policy has settled so far. */
  readonly tries: number
  /** Earlier writes to the cell that it took the place of: what becomes of it becomes of them. */
  readonly replaces: readonly number[]
  readonly theirs?: Cell
  readonly rejection?: Rejection
}

/** One call of `write_cells`, the same each time that it is sent. */
export interface Operation {
  readonly id: string
  readonly session: WriteSession | null
  readonly isSending: boolean
  readonly writes: readonly number[]
  readonly items: readonly WriteItem[]
}

export interface OutboxState {
  /** In the order in which they were made. */
  readonly writes: readonly Write[]
  readonly operations: readonly Operation[]
}

export type NewWrite = Pick<
  Write,
  'id' | 'cell' | 'value' | 'base' | 'session' | 'policy' | 'origin' | 'lease'
>

/** What an own operation did to a cell. */
export interface SeenRow {
  readonly key: string
  readonly row: Cell
}

export type OutboxEvent =
  /** New writes; they take the place of no waiting one that was made up to `after`, where that is said. */
  | { readonly type: 'write'; readonly writes: readonly NewWrite[]; readonly after?: number | undefined }
  /** Send what can be sent; nothing newer than `upTo`, where that is said. */
  | { readonly type: 'send'; readonly upTo?: number | undefined }
  /** The reply: results in the order of the operation's items, and the rows that follow from them. */
  | {
      readonly type: 'answered'
      readonly operationId: string
      readonly results: readonly WriteResult[]
      readonly rows: readonly (Cell | null)[]
    }
  /** The operation was seen in the log, or in a broadcast. */
  | { readonly type: 'seen'; readonly operationId: string; readonly rows: readonly SeenRow[] }
  | { readonly type: 'unanswered'; readonly operationId: string }
  | { readonly type: 'refused'; readonly operationId: string; readonly rejection: Rejection }
  /** The server can be reached again. */
  | { readonly type: 'resume' }
  /** Cells that the user himself moved by another way: undo, redo, restore. */
  | { readonly type: 'moved'; readonly rows: readonly (SeenRow & { readonly version: number })[] }
  /** A refused write, once more, on top of what is there now; with another value where one is given. */
  | { readonly type: 'again'; readonly id: number; readonly newId: number; readonly value?: PendingValue }
  | { readonly type: 'drop'; readonly ids: readonly number[] }

export type OutboxEffect =
  | { readonly type: 'send'; readonly operation: Operation }
  /** What the cells of these writes are to show may have changed. */
  | { readonly type: 'show'; readonly cells: ReadonlyMap<string, ResolvedAddress> }
  /** Resume after so many milliseconds. */
  | { readonly type: 'resume-later'; readonly after: number }
  | { readonly type: 'settled'; readonly write: Write; readonly row: Cell }
  | { readonly type: 'conflict'; readonly write: Write; readonly theirs: Cell }
  | { readonly type: 'rejected'; readonly write: Write; readonly rejection: Rejection }
  | { readonly type: 'dropped'; readonly write: Write }

/** What a decision is made with, besides state and event. */
export interface OutboxHelp {
  newOperationId(): string
  resolve(write: Write, sides: ConflictSides): Resolution
  /** The newest row of a cell that is known. */
  confirmed(cell: ResolvedAddress): Cell
}

export interface OutboxStep {
  readonly state: OutboxState
  readonly effects: readonly OutboxEffect[]
}

export const emptyOutbox: OutboxState = { writes: [], operations: [] }

/** Whether a write still counts as what the user wants the cell to be. */
export function isPending({ state }: Write): boolean {
  return state === 'waiting' || state === 'sending' || state === 'retrying'
}

/** The sheet that writes of an earlier page came from is gone. */
const nobodysOrigin = 0

/**
 * The outbox as it can be taken up again after the page was gone: what was under way may have landed. The ids of its writes
 * become less than `before`: they were made before anything here.
 */
export function reopened({ writes, operations }: OutboxState, before: number): OutboxState {
  const highest = writes.reduce((most, { id }) => Math.max(most, id), 0)
  const renamed = (id: number): number => id - highest - 1 + before
  return {
    writes: writes.map((write) => ({
      ...write,
      id: renamed(write.id),
      replaces: write.replaces.map(renamed),
      origin: nobodysOrigin,
      state: write.state === 'sending' ? 'retrying' : write.state,
    })),
    operations: operations.map((operation) => ({
      ...operation,
      isSending: false,
      writes: operation.writes.map(renamed),
    })),
  }
}
