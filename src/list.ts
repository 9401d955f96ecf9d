import type { StoredCell } from './model/cell.ts'
import type { CallOptions, CellPage, LimitedPage } from './transport/port.ts'

/** How a list is fetched. */
export interface ListOptions extends CallOptions {
  /**
   * Cells per round trip, 1 to 10,000. Where that is too much for the server, the pages become smaller.
   * @default 1000
   */
  readonly pageSize?: number | undefined
}

type FetchPage<Read> = (after: string | null, limit: number) => Promise<LimitedPage<Read>>

/**
 * The cells of a budget that a filter names, fetched page by page while they are consumed. Iterate it for cells, or
 * {@link CellList.pages} for whole pages with the revision that each shows. It can be iterated more than once; each time
 * it is fetched anew. A page that cannot be fetched rejects the step of the iteration that asked for it.
 *
 * @example
 * ```ts
 * import type { Budget } from '@efir/cells'
 *
 * async function copy(budget: Budget, keep: (cells: readonly unknown[], revision: number) => Promise<void>) {
 *   for await (const { cells, revision } of budget.list({}, { pageSize: 5_000 }).pages()) await keep(cells, revision)
 * }
 * void copy
 * ```
 */
export class CellList<Read = StoredCell> implements AsyncIterable<Read> {
  readonly #fetch: FetchPage<Read>
  readonly #pageSize: number

  /** @internal */
  constructor(fetch: FetchPage<Read>, pageSize: number) {
    this.#fetch = fetch
    this.#pageSize = pageSize
  }

  /** Page by page, in the order of the cells' ids. */
  async *pages(): AsyncGenerator<CellPage<Read>, void, undefined> {
    let after: string | null = null
    let limit = this.#pageSize
    do {
      const { limit: able, ...page }: LimitedPage<Read> = await this.#fetch(after, limit)
      yield page
      after = page.next
      // What the server could not do at once, it is not asked again.
      limit = able
    } while (after !== null)
  }

  /** Cell by cell, in the order of their ids. */
  async *[Symbol.asyncIterator](): AsyncGenerator<Read, void, undefined> {
    for await (const page of this.pages()) yield* page.cells
  }
}
