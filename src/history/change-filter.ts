import { ValidationError } from '../errors.ts'
import { resolveAddress, type CellAddress } from '../model/address.ts'
import type { AnyCell, CellRow } from '../model/cell.ts'
import type { CellId, SessionId, UserId } from '../model/ids.ts'
import type { AddressFilter } from '../transport/port.ts'
import type { LoggedChangeType } from './changes-wire.ts'

/** One of a kind, or some of them. */
export type OneOrMore<T> = T | readonly T[]

/** Which changes; every member is optional, members are ANDed. */
export interface ChangeFilter extends AddressFilter {
  /**
   * A cell as it was read, or the id of one, or some of these. Or one address, also of a cell that is gone; it stands for `module`,
   * `entity`, `field` and `period`.
   */
  readonly cell?: OneOrMore<CellRow | CellId> | AnyCell | CellAddress | undefined
  /** The ids of sessions. */
  readonly session?: OneOrMore<SessionId> | undefined
  /** User ids; `null` for what services did. */
  readonly user?: OneOrMore<UserId | null> | undefined
  /** The kinds of work. */
  readonly type?: OneOrMore<LoggedChangeType> | undefined
}

/** The rest of it goes down as it is: the database refuses what it does not know, and names it. */
export function encodeChangeFilter(filter: ChangeFilter): Record<string, unknown> {
  const { cell, ...rest } = filter
  if (cell === undefined) return rest
  if (isSome(cell)) return { ...rest, cell: cell.map(toId) }
  if (typeof cell === 'string' || ('exists' in cell && cell.exists)) return { ...rest, cell: toId(cell) }
  const address = resolveAddress(cell, 'filter.cell')
  const twice = Object.keys(address).find((name) => name in rest)
  if (twice === undefined) return { ...rest, ...address }
  throw new ValidationError(
    `filter.${twice}`,
    filter[twice as keyof ChangeFilter],
    'nothing beside an address',
  )
}

function toId(cell: CellRow | CellId): string {
  return typeof cell === 'string' ? cell : cell.id
}

function isSome<T>(given: T | readonly T[]): given is readonly T[] {
  return Array.isArray(given)
}
