import type { ChangeCursor, ChangePage, ChangeRecord } from './changes-wire.ts'

type FetchPage = (before: ChangeCursor | null) => Promise<ChangePage>

/**
 * The records that a filter names, newest first, fetched page by page while they are consumed. Iterate it for changes,
 * or {@link ChangeList.pages} for whole pages, each with the cursor that a list made later goes on from. It can be
 * iterated more than once; what is written meanwhile comes before the first page, never into the middle.
 */
export class ChangeList implements AsyncIterable<ChangeRecord> {
  readonly #fetch: FetchPage
  readonly #before: ChangeCursor | null

  /** @internal */
  constructor(fetch: FetchPage, before: ChangeCursor | null) {
    this.#fetch = fetch
    this.#before = before
  }

  /** Page by page. A page can hold fewer changes than asked for, even none, and not be the last. */
  async *pages(): AsyncGenerator<ChangePage, void, undefined> {
    let before = this.#before
    do {
      const page = await this.#fetch(before)
      yield page
      before = page.next
    } while (before !== null)
  }

  /** Change by change. */
  async *[Symbol.asyncIterator](): AsyncGenerator<ChangeRecord, void, undefined> {
    for await (const page of this.pages()) yield* page.changes
  }
}
