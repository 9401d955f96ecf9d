import type { ResolvedAddress } from '../model/address.ts'
import type { AnyCell, StoredCell } from '../model/cell.ts'
import type { CellInput } from '../model/value.ts'

/** What the rest of the library asks of an application's modules. All of it passes where none are defined. */
export interface ModuleRules {
  /** @throws {ValidationError} where a defined module has no such cell. */
  checkAddress(address: ResolvedAddress, path: string): void
  /**
   * A value as the application has it, in the form that is stored.
   * @throws {ValidationError} where it is none of its field's.
   */
  toInput(address: ResolvedAddress, value: unknown, path: string): CellInput
  /** A cell as it is stored, with the value that its field makes of it. Never throws: see `UnreadableCell`. */
  toTyped(cell: StoredCell): AnyCell & { readonly exists: true }
}

export const noRules: ModuleRules = {
  checkAddress: () => undefined,
  toInput: (_, value) => value as CellInput,
  toTyped: (cell) => cell,
}
