import type { StoredCell } from './model/cell.ts'
import type { CellPage } from './transport/port.ts'

/**
 * The cells of a budget that a filter names, fetched page by page while they are consumed. Iterate it for cells, or
 * {@link CellList.pages} for whole pages with the revision that each shows. It can be iterated more than once.
 */
export class CellList implements AsyncIterable<StoredCell> {
  readonly #fetch: (after: string | null) => Promise<CellPage>

  constructor(fetch: (after: string | null) => Promise<CellPage>) {
    this.#fetch = fetch
  }

  /** Page by page, in the order of the cells' ids. */
  async *pages(): AsyncGenerator<CellPage, void, undefined> {
    let after: string | null = null
    do {
      const page: CellPage = await this.#fetch(after)
      yield page
      after = page.next
    } while (after !== null)
  }

  async *[Symbol.asyncIterator](): AsyncGenerator<StoredCell, void, undefined> {
    for await (const page of this.pages()) yield* page.cells
  }
}
