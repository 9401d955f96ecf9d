import { cellKey } from '../model/address.ts'
import { missingCell, type Cell } from '../model/cell.ts'
import { shows, type Resolution } from './conflict-policy.ts'
import type { OutboxDraft } from './outbox-draft.ts'
import { isPending, type OutboxEvent, type Rejection, type SeenRow, type Write } from './outbox-state.ts'

// Pure: what an answer, or the echo of a write, means for it and for what waits behind it.

/** Conflicts that a policy may settle for one write before the user is asked. */
const resolutionLimit = 5
/** Conflicts with nothing that anybody knows of, sent again before they are taken at their word. */
const unseenLimit = 3

export function answer(draft: OutboxDraft, event: Extract<OutboxEvent, { type: 'answered' }>): void {
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
export function see(draft: OutboxDraft, operationId: string, rows: readonly SeenRow[]): void {
  const seen = new Map(rows.map(({ key, row }) => [key, row]))
  for (const write of draft.carriedBy(operationId)) {
    const row = seen.get(cellKey(write.cell))
    if (row !== undefined) settle(draft, write, row)
  }
  draft.forgetEmpty()
}

/** It is in the database. Later writes to the cell are based on it from now on: nobody conflicts with himself. */
function settle(draft: OutboxDraft, write: Write, row: Cell): void {
  draft.remove(write)
  draft.effects.push({ type: 'settled', write, row })
  for (const later of draft.of(cellKey(write.cell))) {
    if (later.state === 'waiting') draft.put({ ...later, base: row })
  }
}

export function reject(draft: OutboxDraft, write: Write, rejection: Rejection): void {
  const rejected: Write = { ...write, state: 'rejected', operationId: null, rejection }
  draft.effects.push({ type: 'rejected', write: rejected, rejection })
  const isTypedOver = draft.of(cellKey(write.cell)).some((other) => other.id > write.id && isPending(other))
  if (isTypedOver) draft.remove(write)
  else draft.put(rejected)
}

/** Somebody was faster. What waits behind the write is one with it: it was typed over the same base. */
function conflict(draft: OutboxDraft, write: Write, found: Cell): void {
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
