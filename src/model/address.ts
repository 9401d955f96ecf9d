import { ValidationError } from '../errors.ts'
import type { CellKey, EntityId } from './ids.ts'

/** Names one cell of a budget. `entity` and `period` may be absent (or `null`) and still name exactly one cell. */
export interface CellAddress {
  /** The module's code, 1 to 50 characters, e.g. `revenue`. */
  readonly module: string
  /** What the value is about, as a UUID; absent for a value of the module itself. */
  readonly entity?: EntityId | null | undefined
  /** The field's name, 1 to 100 characters, e.g. `tuition_rate_sar`. */
  readonly field: string
  /** The period's code, 1 to 20 characters, e.g. `2025-09`; absent for a value without a period. */
  readonly period?: string | null | undefined
}

/** An address with nothing left open: what the library itself hands out. */
export interface ResolvedAddress {
  readonly module: string
  readonly entity: EntityId | null
  readonly field: string
  readonly period: string | null
}

const uuid = /^[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}$/

/** @throws {ValidationError} where it is not a UUID. Returns it in lower case, as Postgres prints it. */
export function toUuid(given: unknown, field: string): string {
  const text = typeof given === 'string' ? given.toLowerCase() : ''
  if (!uuid.test(text)) throw new ValidationError(field, given, 'a UUID')
  return text
}

/** @throws {ValidationError} naming the part that is not acceptable. */
export function resolveAddress(address: CellAddress, field = 'address'): ResolvedAddress {
  if (typeof address !== 'object' || (address as unknown) === null) {
    throw new ValidationError(field, address, 'a cell, or the address of one')
  }
  return {
    module: toText(address.module, `${field}.module`, 50),
    entity: isAbsent(address.entity) ? null : toUuid(address.entity, `${field}.entity`),
    field: toText(address.field, `${field}.field`, 100),
    period: isAbsent(address.period) ? null : toText(address.period, `${field}.period`, 20),
  }
}

/**
 * The address of a cell as one stable string; {@link parseCellKey} is its inverse.
 *
 * @throws {ValidationError} naming the part that is not acceptable.
 * @example
 * ```ts
 * import { cellKey, parseCellKey } from '@efir/cells'
 *
 * const key = cellKey({ module: 'revenue', field: 'growth', period: '2025-09' })
 * parseCellKey(key).period // '2025-09'
 * ```
 */
export function cellKey(address: CellAddress): CellKey {
  const { module, entity, field, period } = resolveAddress(address)
  return JSON.stringify([module, entity, field, period]) as CellKey
}

/**
 * The address that {@link cellKey} made a key of.
 *
 * @throws {ValidationError} where the text is no such key.
 */
export function parseCellKey(key: string): ResolvedAddress {
  let parts: unknown
  try {
    parts = JSON.parse(key)
  } catch {
    parts = undefined
  }
  if (!Array.isArray(parts) || parts.length !== 4) {
    throw new ValidationError('key', key, 'a key made by cellKey()')
  }
  const [module, entity, field, period] = parts as [string, string | null, string, string | null]
  return resolveAddress({ module, entity, field, period }, 'key')
}

function isAbsent(part: string | null | undefined): part is null | undefined {
  return part === null || part === undefined
}

/** @throws {ValidationError} where it is not text of so many characters, or Postgres cannot hold it. */
export function toText(given: unknown, field: string, limit: number, least = 1): string {
  // Postgres counts characters where JavaScript counts UTF-16 units.
  if (
    typeof given !== 'string' ||
    given.length < least ||
    (given.length > limit && Array.from(given).length > limit) ||
    !isStorableText(given)
  ) {
    throw new ValidationError(field, given, `text of ${least} to ${limit} characters`)
  }
  return given
}

/** Postgres holds neither NUL characters nor halves of surrogate pairs. */
export function isStorableText(text: string): boolean {
  return !text.includes('\u0000') && text.isWellFormed()
}
