import { ValidationError } from '../errors.ts'
import { resolveAddress, toUuid, type CellAddress, type ResolvedAddress } from '../model/address.ts'
import type { Cell, StoredCell } from '../model/cell.ts'
import type { AddressFilter } from '../transport/port.ts'
import { loggedChangeTypes, type LoggedChangeType } from './changes-wire.ts'

/** One of a kind, or some of them. */
export type OneOrMore<T> = T | readonly T[]

/** Which changes; every member is optional, members are ANDed. */
export interface ChangeFilter extends AddressFilter {
  /**
   * A cell as it was read, or its id, or some of these. Or one address, also of a cell that is gone; then `module`, `entity`,
   * `field` and `period` are said already.
   */
  readonly cell?: OneOrMore<StoredCell | string> | Cell | CellAddress | undefined
  /** The ids of sessions. */
  readonly session?: OneOrMore<string> | undefined
  /** User ids; `null` for what services did. */
  readonly user?: OneOrMore<string | null> | undefined
  readonly type?: OneOrMore<LoggedChangeType> | undefined
}

/** @throws {ValidationError} naming the member that is not acceptable. */
export function encodeChangeFilter(filter: ChangeFilter): Record<string, unknown> {
  const { cell, entity, session, user, type, ...rest } = filter
  return {
    // Whatever else it has goes down too, to be refused: passed over, a misspelt member would mean every change.
    ...rest,
    ...(entity !== undefined && { entity: each(entity, (id) => toUuidOrNull(id, 'filter.entity')) }),
    ...(session !== undefined && { session: each(session, (id) => toUuid(id, 'filter.session')) }),
    ...(user !== undefined && { user: each(user, (id) => toUuidOrNull(id, 'filter.user')) }),
    ...(type !== undefined && { type: each(type, toType) }),
    ...(cell !== undefined && encodeCell(cell, filter)),
  }
}

function encodeCell(
  cell: NonNullable<ChangeFilter['cell']>,
  filter: ChangeFilter,
): { readonly cell: unknown } | ResolvedAddress {
  if (isSome(cell)) return { cell: cell.map((one) => toCellId(one)) }
  if (typeof cell === 'string' || ('exists' in cell && cell.exists)) return { cell: toCellId(cell) }
  const said = (['module', 'entity', 'field', 'period'] as const).find((name) => filter[name] !== undefined)
  if (said === undefined) return resolveAddress(cell, 'filter.cell')
  throw new ValidationError(`filter.${said}`, filter[said], 'nothing beside the address of a cell')
}

const toCellId = (cell: StoredCell | string): string =>
  toUuid(typeof cell === 'string' ? cell : cell.id, 'filter.cell')

const toUuidOrNull = (id: string | null, field: string): string | null =>
  id === null ? null : toUuid(id, field)

function toType(type: LoggedChangeType): LoggedChangeType {
  if (loggedChangeTypes.includes(type)) return type
  throw new ValidationError('filter.type', type, loggedChangeTypes.join(', '))
}

function each<T>(given: OneOrMore<T>, check: (one: T) => T): OneOrMore<T> {
  return isSome(given) ? given.map(check) : check(given)
}

function isSome<T>(given: T | readonly T[]): given is readonly T[] {
  return Array.isArray(given)
}
