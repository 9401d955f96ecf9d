import { ValidationError } from './errors.ts'
import type { CallOptions } from './transport/port.ts'

/** How a list is fetched. */
export interface PageOptions extends CallOptions {
  /** What one round trip brings at most. Each list has its own default and limit. */
  readonly pageSize?: number | undefined
}

/** @throws {ValidationError} where the page size is not acceptable. */
export function toPageSize(pageSize: number | undefined, usual: number, most: number): number {
  if (pageSize === undefined) return usual
  if (Number.isInteger(pageSize) && pageSize >= 1 && pageSize <= most) return pageSize
  throw new ValidationError('pageSize', pageSize, `a whole number from 1 to ${most}`)
}

/**
 * Something that comes page by page, fetched while it is consumed. Iterate it for its items, or
 * {@link PagedList.pages} for whole pages. It can be iterated more than once; each time it is fetched anew. A page that
 * cannot be fetched rejects the step of the iteration that asked for it.
 *
 * @example
 * ```ts
 * import type { Cells, Mention } from '@efir/cells'
 *
 * async function newest(cells: Cells, most: number) {
 *   const mentions: Mention[] = []
 *   for await (const mention of cells.inbox({ unread: true }, { pageSize: most })) {
 *     if (mentions.push(mention) === most) break // the next page is not fetched
 *   }
 *   return mentions
 * }
 * void newest
 * ```
 */
export class PagedList<Item, Page extends { readonly next: unknown }> implements AsyncIterable<Item> {
  readonly #fetch: (after: Page['next'] | null) => Promise<Page>
  readonly #itemsOf: (page: Page) => readonly Item[]

  /** @internal */
  constructor(
    fetch: (after: Page['next'] | null) => Promise<Page>,
    itemsOf: (page: Page) => readonly Item[],
  ) {
    this.#fetch = fetch
    this.#itemsOf = itemsOf
  }

  /** The first page alone. */
  async first(): Promise<Page> {
    return await this.#fetch(null)
  }

  /** Page by page. */
  async *pages(): AsyncGenerator<Page, void, undefined> {
    let after: Page['next'] | null = null
    do {
      const page: Page = await this.#fetch(after)
      yield page
      after = page.next
    } while (after !== null)
  }

  /** Item by item. */
  async *[Symbol.asyncIterator](): AsyncGenerator<Item, void, undefined> {
    for await (const page of this.pages()) yield* this.#itemsOf(page)
  }
}
