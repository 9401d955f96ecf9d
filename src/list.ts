import type { StoredCell } from './model/cell.ts'
import type { CellPage } from './transport/port.ts'

type FetchPage<Read> = (after: string | null, limit: number) => Promise<CellPage<Read>>

/**
 * The cells of a budget that a filter names, fetched page by page while they are consumed. Iterate it for cells, or
 * {@link CellList.pages} for whole pages with the revision that each shows. It can be iterated more than once.
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
      const page: CellPage<Read> = await this.#fetch(after, limit)
      yield page
      after = page.next
      // Fewer than asked for, and not the end: the server cannot do more at once, so do not ask it again.
      limit = Math.max(1, Math.min(limit, page.cells.length))
    } while (after !== null)
  }

  /** Cell by cell, in the order of their ids. */
  async *[Symbol.asyncIterator](): AsyncGenerator<Read, void, undefined> {
    for await (const page of this.pages()) yield* page.cells
  }
}
