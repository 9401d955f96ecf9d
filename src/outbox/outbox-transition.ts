import { cellKey } from '../model/address.ts'
import type { Cell } from '../model/cell.ts'
import type { PendingValue } from '../store/facts.ts'
import type { WriteItem } from '../transport/port.ts'
import { answer, reject, see } from './outbox-answer.ts'
import { OutboxDraft } from './outbox-draft.ts'
import {
  isPending,
  type NewWrite,
  type Operation,
  type OutboxEvent,
  type OutboxHelp,
  type OutboxState,
  type OutboxStep,
  type Write,
} from './outbox-state.ts'

// Pure: which writes are waiting, and what is sent together.

/** Operations under way at the same time, at most: what a browser has connections for. */
const operationLimit = 6
/** Items of one operation, at most. */
const itemLimit = 10_000

/** The one decision. */
export function outboxTransition(before: OutboxState, event: OutboxEvent, help: OutboxHelp): OutboxStep {
  const draft = new OutboxDraft(before, help)
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

/** A new write takes the place of one that still waits, and of one that was refused: the user has typed over it. */
function add(draft: OutboxDraft, given: NewWrite, after = 0): void {
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
function send(draft: OutboxDraft, upTo: number): void {
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

function resume(draft: OutboxDraft): void {
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
function rebaseMoved(draft: OutboxDraft, key: string, row: Cell, version: number): void {
  for (const write of draft.of(key)) {
    const { base } = write
    // Of a cell that is missing nobody knows the version.
    if (write.state === 'waiting' && (!base.exists || base.version === version - 1)) {
      draft.put({ ...write, base: row })
    }
  }
}

function again(draft: OutboxDraft, id: number, newId: number, value: PendingValue | undefined): void {
  const write = draft.get(id)
  if (write === undefined || isPending(write)) return
  const { cell, session, policy, origin } = write
  draft.remove(write)
  const base = draft.help.confirmed(cell)
  // Under no lease: the one that it had may be the reason that it was refused, and the user has looked at the cell.
  add(draft, { id: newId, cell, value: value ?? write.value, base, session, policy, origin })
}

/** What is under way cannot be called back. */
function drop(draft: OutboxDraft, id: number): void {
  const write = draft.get(id)
  if (write === undefined || write.state === 'sending') return
  draft.remove(write)
  draft.effects.push({ type: 'dropped', write })
  if (write.operationId === null) return
  // The operation would write it after all: the others of it go on by another.
  for (const other of draft.carriedBy(write.operationId)) draft.put({ ...other, operationId: null })
  draft.forget(write.operationId)
}
