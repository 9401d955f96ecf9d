import type { ListOptions } from '../list.ts'
import type { AddressFilter, CallOptions } from '../transport/port.ts'

/** What reads cells: a budget. */
export interface CellReading {
  /** Reads one cell. */
  readonly read: (...parameters: never[]) => unknown
  /** Reads many in one call. */
  readonly readMany: (...parameters: never[]) => unknown
  /** Lists what a filter names. */
  readonly list: (filter: AddressFilter, options: ListOptions) => unknown
}

/**
 * The cells of a budget as they were at a revision or a time. Made by {@link Budget.asOf}. All that it reads is of one
 * revision. Cells made later, or deleted by then, are missing.
 */
export class PastBudget<Reader extends CellReading> {
  /** One cell, as it was. To write on top of it is to conflict, if it has changed since. */
  readonly read: Reader['read']
  /** Up to 10,000 cells, in the order asked for, as they were. */
  readonly readMany: Reader['readMany']
  readonly #reader: Reader
  readonly #revision: (options: CallOptions) => Promise<number>

  /** @internal */
  constructor(reader: Reader, revision: (options: CallOptions) => Promise<number>) {
    this.read = reader.read.bind(reader)
    this.readMany = reader.readMany.bind(reader)
    this.#reader = reader
    this.#revision = revision
  }

  /**
   * Which revision it is. A time is as of the last revision before the first commit that was begun after it.
   *
   * @throws {ValidationError} where the log does not reach there: not yet, or no longer.
   * @throws {NotFoundError} where the budget is not the caller's to see.
   */
  async revision(options: CallOptions = {}): Promise<number> {
    return await this.#revision(options)
  }

  /**
   * Every cell that there was then and that the filter names, fetched page by page while it is consumed. A page can hold fewer cells than
   * asked for, even none, and not be the last.
   */
  list(filter: AddressFilter = {}, options: ListOptions = {}): ReturnType<Reader['list']> {
    return this.#reader.list(filter, options) as ReturnType<Reader['list']>
  }
}
