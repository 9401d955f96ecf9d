import { toReference } from './change.ts'
import { ValidationError } from './errors.ts'
import type { CellAddress } from './model/address.ts'
import type { Cell } from './model/cell.ts'
import type { CellFilter } from './transport/port.ts'
import { encodeReference } from './transport/wire.ts'

/** The cells that a call is about: some (at most 10,000), or those that a filter finds; `{}` finds the whole budget. */
export type CellSelection =
  | { readonly cells: readonly (Cell | CellAddress)[]; readonly filter?: undefined }
  | { readonly filter: CellFilter; readonly cells?: undefined }

/** A selection, checked, as the database's functions take it. */
export interface SelectedCells {
  readonly items: number
  readonly parameters: { readonly p_references: readonly unknown[] | null; readonly p_filter: unknown }
}

/**
 * @throws {ValidationError} where it is not one of the two, or an address in it is not acceptable. What a filter may
 * hold is the database's to say: it refuses members that it does not know.
 */
export function selectCells({ cells, filter }: Partial<CellSelection>): SelectedCells {
  if ((cells === undefined) === (filter === undefined)) {
    throw new ValidationError('cells', cells, 'either { cells } or { filter }')
  }
  if (cells === undefined) {
    if (typeof filter !== 'object' || (filter as unknown) === null || Array.isArray(filter)) {
      throw new ValidationError('filter', filter, 'an object; {} for the whole budget')
    }
    return { items: 1, parameters: { p_references: null, p_filter: filter } }
  }
  checkCount(cells, 'cells')
  const references = cells.map((cell, index) => encodeReference(toReference(cell, `cells[${index}]`)))
  return { items: references.length, parameters: { p_references: references, p_filter: null } }
}

/** @throws {ValidationError} where it is not an array of at most so many. */
export function checkCount(list: readonly unknown[], field: string, most = 10_000): void {
  if (!Array.isArray(list) || list.length > most) {
    throw new ValidationError(field, list, `an array of at most ${most}`)
  }
}
