import { cellKey, type ResolvedAddress } from '../model/address.ts'
import { missingCell, type Cell } from '../model/cell.ts'
import type { PendingValue } from '../store/facts.ts'
import type { WriteItem, WriteResult } from '../transport/port.ts'
import { shows, type ConflictSides, type PolicyName, type Resolution } from './conflict-policy.ts'

// Pure: which writes are waiting, what is sent together, and what an answer means for what waits behind it. outbox.ts acts
// for it. All of the state is plain JSON, so that it can outlive the page.

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

/** Operations under way at the same time, at most: what a browser has connections for. */
const operationLimit = 6
/** Items of one operation, at most. */
const itemLimit = 10_000
/** Conflicts that a policy may settle for one write before the user is asked. */
const resolutionLimit = 5
/** Conflicts with nothing that anybody knows of, sent again before they are taken at their word. */
const unseenLimit = 3

export function outboxTransition(before: OutboxState, event: OutboxEvent, help: OutboxHelp): OutboxStep {
  const draft = new Draft(before, help)
  switch (event.type) {
    case 'write':
      for (const write of event.writes) add(draft, write, event.after)
      break
    case 'send':
      send(draft, event.upTo ?? Infinity)
      break
    case 'answered':
      answer(draft, event)
      break
    case 'seen':
      see(draft, event.operationId, event.rows)
      break
    case 'unanswered':
      for (const write of draft.carriedBy(event.operationId)) draft.put({ ...write, state: 'retrying' })
      draft.operations = draft.operations.map((operation) =>
        operation.id === event.operationId ? { ...operation, isSending: false } : operation,
      )
      draft.forgetEmpty()
      break
    case 'refused':
      for (const write of draft.carriedBy(event.operationId)) reject(draft, write, event.rejection)
      draft.forget(event.operationId)
      break
    case 'resume':
      resume(draft)
      break
    case 'moved':
      for (const { key, row, version } of event.rows) rebaseMoved(draft, key, row, version)
      break
    case 'again':
      again(draft, event.id, event.newId, event.value)
      break
    case 'drop':
      for (const id of event.ids) drop(draft, id)
      break
  }
  return draft.finish()
}

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

/** A state under construction, indexed for the time that it takes. */
class Draft {
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

/** A new write takes the place of one that still waits, and of one that was refused: the user has typed over it. */
function add(draft: Draft, given: NewWrite, after = 0): void {
  const write: Write = { ...given, state: 'waiting', operationId: null, tries: 0, replaces: [] }
  const earlier = draft.of(cellKey(write.cell))
  for (const other of earlier) if (!isPending(other)) draft.remove(other)
  const last = earlier.findLast(isPending)
  if (last === undefined) {
    draft.put(write)
    return
  }
  const mayReplace = last.state === 'waiting' && last.id > after && isOneStep(last, write)
  if (!mayReplace) {
    draft.put({ ...write, base: last.base })
    return
  }
  draft.remove(last)
  draft.put({ ...write, base: last.base, replaces: [...last.replaces, last.id] })
}

function isOneStep(one: Write, other: Write): boolean {
  return (
    one.session?.id === other.session?.id &&
    one.policy === other.policy &&
    one.origin === other.origin &&
    one.lease === other.lease
  )
}

/** One write under way for each cell; writes of one session together, others each by itself. */
function send(draft: Draft, upTo: number): void {
  const blocked = new Set<string>()
  const groups = new Map<string, Write[]>()
  for (const write of draft.writes) {
    if (!isPending(write) || write.id > upTo) continue
    const key = cellKey(write.cell)
    if (write.state === 'waiting' && !blocked.has(key)) {
      const group = write.session === null ? `write ${write.id}` : `session ${write.session.id}`
      const members = groups.get(group)
      if (members === undefined) groups.set(group, [write])
      else if (members.length < itemLimit) members.push(write)
    }
    blocked.add(key)
  }
  let free = operationLimit - draft.operations.filter(({ isSending }) => isSending).length
  for (const members of groups.values()) {
    if (free-- <= 0) return
    const id = draft.help.newOperationId()
    const operation: Operation = {
      id,
      session: members[0]?.session ?? null,
      isSending: true,
      writes: members.map((write) => write.id),
      items: members.map(toItem),
    }
    for (const write of members) draft.put({ ...write, state: 'sending', operationId: id })
    draft.operations = [...draft.operations, operation]
    draft.effects.push({ type: 'send', operation })
  }
}

function toItem({ cell, value, base, lease }: Write): WriteItem {
  const item = { reference: cell, value: value === 'deleted' ? null : value, base: base.version }
  return lease === undefined ? item : { ...item, lease }
}

function answer(draft: Draft, event: Extract<OutboxEvent, { type: 'answered' }>): void {
  const operation = draft.operations.find(({ id }) => id === event.operationId)
  operation?.writes.forEach((id, index) => {
    const write = draft.get(id)
    const result = event.results[index]
    // Settled by its echo, or dropped.
    if (write?.operationId !== event.operationId || result === undefined) return
    const row = event.rows[index] ?? missingCell(write.cell)
    switch (result.status) {
      case 'written':
      case 'unchanged': {
        settle(draft, write, row)
        return
      }
      case 'conflict': {
        conflict(draft, write, row)
        return
      }
      case 'failed': {
        const { error } = result
        const mayPass = 'retryable' in error && error.retryable
        if (mayPass) {
          draft.put({ ...write, state: 'retrying', operationId: null })
          return
        }
        reject(draft, write, { status: 'failed', code: error.code, message: error.message })
        return
      }
      case 'locked':
      case 'lease_lost':
      case 'forbidden':
      case 'not_found':
      case 'invalid': {
        reject(draft, write, result)
        return
      }
    }
  })
  draft.forget(event.operationId)
}

/** The echo: the same fact as the reply, for those of the operation's cells that it changed. */
function see(draft: Draft, operationId: string, rows: readonly SeenRow[]): void {
  const seen = new Map(rows.map(({ key, row }) => [key, row]))
  for (const write of draft.carriedBy(operationId)) {
    const row = seen.get(cellKey(write.cell))
    if (row !== undefined) settle(draft, write, row)
  }
  draft.forgetEmpty()
}

/** It is in the database. Later writes to the cell are based on it from now on: nobody conflicts with himself. */
function settle(draft: Draft, write: Write, row: Cell): void {
  draft.remove(write)
  draft.effects.push({ type: 'settled', write, row })
  for (const later of draft.of(cellKey(write.cell))) {
    if (later.state === 'waiting') draft.put({ ...later, base: row })
  }
}

function reject(draft: Draft, write: Write, rejection: Rejection): void {
  const rejected: Write = { ...write, state: 'rejected', operationId: null, rejection }
  draft.effects.push({ type: 'rejected', write: rejected, rejection })
  const isTypedOver = draft.of(cellKey(write.cell)).some((other) => other.id > write.id && isPending(other))
  if (isTypedOver) draft.remove(write)
  else draft.put(rejected)
}

/** Somebody was faster. What waits behind the write is one with it: it was typed over the same base. */
function conflict(draft: Draft, write: Write, found: Cell): void {
  const { help } = draft
  const known = help.confirmed(write.cell)
  const isNews = known.version !== write.base.version || known.exists !== write.base.exists
  // A message can be faster than the commit that it tells of is seen: nobody was faster than the user, but the database
  // did not see yet what he saw. (Or it is gone, and the message of that is still to come.)
  if (!isNews && write.tries < unseenLimit) {
    draft.put({ ...write, state: 'retrying', operationId: null, tries: write.tries + 1 })
    draft.effects.push({ type: 'resume-later', after: 20 * 4 ** write.tries })
    return
  }
  const theirs = isNews && !(found.exists && found.version > known.version) ? known : found
  const waiting = draft.of(cellKey(write.cell)).filter(({ state }) => state === 'waiting')
  const newest = waiting.at(-1) ?? write
  for (const other of [write, ...waiting]) draft.remove(other)
  const replaced = [write, ...waiting].filter(({ id }) => id !== newest.id)
  const merged: Write = {
    ...newest,
    base: write.base,
    state: 'waiting',
    operationId: null,
    tries: write.tries + 1,
    replaces: [...new Set([...replaced, newest].flatMap(({ id, replaces }) => [...replaces, id]))].filter(
      (id) => id !== newest.id,
    ),
  }
  const { value, policy, base } = merged
  if (policy !== 'increment' && shows(theirs, value)) {
    draft.effects.push({ type: 'settled', write: merged, row: theirs })
    return
  }
  const resolution: Resolution =
    merged.tries > resolutionLimit ? { type: 'reject' } : help.resolve(merged, { base, mine: value, theirs })
  if (resolution.type === 'write') draft.put({ ...merged, value: resolution.value, base: theirs })
  else if (resolution.type === 'theirs') draft.effects.push({ type: 'settled', write: merged, row: theirs })
  else {
    const refused: Write = { ...merged, state: 'conflict', theirs }
    draft.put(refused)
    draft.effects.push({ type: 'conflict', write: refused, theirs })
  }
}

function resume(draft: Draft): void {
  for (const write of draft.writes) {
    if (write.state === 'retrying' && write.operationId === null) draft.put({ ...write, state: 'waiting' })
  }
  draft.operations = draft.operations.map((operation) => {
    if (operation.isSending) return operation
    for (const write of draft.carriedBy(operation.id)) draft.put({ ...write, state: 'sending' })
    const again = { ...operation, isSending: true }
    draft.effects.push({ type: 'send', operation: again })
    return again
  })
}

/** What was typed over the row as it was just before is typed over what the user himself made of it. */
function rebaseMoved(draft: Draft, key: string, row: Cell, version: number): void {
  for (const write of draft.of(key)) {
    const { base } = write
    // Of a cell that is missing nobody knows the version.
    if (write.state === 'waiting' && (!base.exists || base.version === version - 1)) {
      draft.put({ ...write, base: row })
    }
  }
}

function again(draft: Draft, id: number, newId: number, value: PendingValue | undefined): void {
  const write = draft.get(id)
  if (write === undefined || isPending(write)) return
  const { cell, session, policy, origin } = write
  draft.remove(write)
  const base = draft.help.confirmed(cell)
  // Under no lease: the one that it had may be the reason that it was refused, and the user has looked at the cell.
  add(draft, { id: newId, cell, value: value ?? write.value, base, session, policy, origin })
}

/** What is under way cannot be called back. */
function drop(draft: Draft, id: number): void {
  const write = draft.get(id)
  if (write === undefined || write.state === 'sending') return
  draft.remove(write)
  draft.effects.push({ type: 'dropped', write })
  if (write.operationId === null) return
  // The operation would write it after all: the others of it go on by another.
  for (const other of draft.carriedBy(write.operationId)) draft.put({ ...other, operationId: null })
  draft.forget(write.operationId)
}
