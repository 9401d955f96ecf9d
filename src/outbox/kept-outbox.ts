import { resolveAddress, type CellAddress } from '../model/address.ts'
import type { OutboxState } from './outbox-state.ts'

// The outbox as text, for whoever takes it up again: another page of another day, perhaps of another version of this
// library. Read with as much doubt as an answer from the network.

/** Raised when a reader of before would misunderstand. */
const format = 1

/** What a newer version of this library has kept: it is readable, but not here. */
export class NewerFormat extends Error {}

export function encodeOutbox({ writes, operations }: OutboxState): string {
  return JSON.stringify({ format, writes, operations })
}

/** @throws where it is not the text of an outbox; {@link NewerFormat} where it is one of a newer version. */
export function decodeOutbox(text: string): OutboxState {
  const kept: unknown = JSON.parse(text)
  check(isRecord(kept) && typeof kept.format === 'number', 'format')
  if (kept.format > format) throw new NewerFormat(`The format is ${kept.format}.`)
  const { writes, operations } = kept
  check(kept.format === format && isArrayOf(writes, isWrite) && isArrayOf(operations, isOperation), 'format')
  const state = { writes, operations } as unknown as OutboxState
  const known = new Set(state.writes.map(({ id }) => id))
  check(known.size === state.writes.length, 'a write twice')
  check(
    state.operations.every((made) => made.writes.length === made.items.length),
    'an operation whose items are not its writes',
  )
  return state
}

type Unknown = Readonly<Record<string, unknown>>

const states: readonly unknown[] = ['waiting', 'sending', 'retrying', 'conflict', 'rejected']
const policies: readonly unknown[] = ['reject', 'lastWrite', 'increment', 'custom']

function isWrite(write: Unknown): boolean {
  const { id, cell, value, base, session, policy, state } = write
  const { operationId, tries, replaces, theirs, rejection, lease } = write
  return (
    Number.isSafeInteger(id) &&
    isAddress(cell) &&
    (value === 'deleted' || isValue(value)) &&
    isCell(base) &&
    isSession(session) &&
    policies.includes(policy) &&
    states.includes(state) &&
    isTextOrNull(operationId) &&
    Number.isSafeInteger(tries) &&
    isArray(replaces, Number.isSafeInteger) &&
    isTokenOrNone(lease) &&
    (state === 'conflict' ? isCell(theirs) : true) &&
    (state === 'rejected' ? isRecord(rejection) && typeof rejection.status === 'string' : true)
  )
}

function isOperation({ id, session, writes, items }: Unknown): boolean {
  return (
    typeof id === 'string' &&
    isSession(session) &&
    isArray(writes, Number.isSafeInteger) &&
    isArrayOf(items, isItem)
  )
}

function isItem({ reference, value, base, lease }: Unknown): boolean {
  return (
    isAddress(reference) &&
    (value === null || isValue(value)) &&
    Number.isSafeInteger(base) &&
    isTokenOrNone(lease)
  )
}

function isTokenOrNone(lease: unknown): boolean {
  return lease === undefined || Number.isSafeInteger(lease)
}

function isValue(value: unknown): boolean {
  return isRecord(value) && isTextOrNull(value.number) && isTextOrNull(value.text)
}

function isCell(cell: unknown): boolean {
  return (
    isAddress(cell) &&
    isRecord(cell) &&
    typeof cell.exists === 'boolean' &&
    Number.isSafeInteger(cell.version)
  )
}

function isAddress(address: unknown): boolean {
  resolveAddress(address as CellAddress)
  return true
}

function isSession(session: unknown): boolean {
  return (
    session === null || (isRecord(session) && typeof session.id === 'string' && isTextOrNull(session.label))
  )
}

function isTextOrNull(value: unknown): boolean {
  return value === null || typeof value === 'string'
}

function isRecord(value: unknown): value is Unknown {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}

function isArrayOf(value: unknown, is: (item: Unknown) => boolean): boolean {
  return isArray(value, (item) => isRecord(item) && is(item))
}

function isArray(value: unknown, is: (item: unknown) => boolean): boolean {
  return Array.isArray(value) && value.every(is)
}

function check(isSo: boolean, what: string): asserts isSo {
  if (!isSo) throw new SyntaxError(`It is not a kept outbox (${what}).`)
}
