import {
  parseCellKey,
  type CellKey,
  type ExternalStore,
  type ResolvedAddress,
  type Sheet,
  type VisibleCell,
} from '../index.ts'

/** Where a component looks, whichever sheet is there. */
export class CellPlace {
  readonly key: CellKey
  readonly address: ResolvedAddress
  #sheet: Sheet | null = null
  #store: ExternalStore<VisibleCell> | undefined

  constructor(key: CellKey) {
    this.key = key
    this.address = parseCellKey(key)
  }

  /**
   * The cell in a sheet, as an external store.
   *
   * @throws {ValidationError} where the sheet's filter does not name it.
   */
  in(sheet: Sheet): ExternalStore<VisibleCell> {
    if (this.#store === undefined || this.#sheet !== sheet) {
      this.#store = sheet.cell(this.address)
      this.#sheet = sheet
    }
    return this.#store
  }
}
