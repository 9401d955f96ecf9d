import type { Call } from '../call.ts'
import { PagedList, toPageSize, type PageOptions } from '../paged-list.ts'
import type { InboxFilter, InboxPage, Mention } from './comment.ts'
import { commentCalls } from './load-calls.ts'

/** The mentions of the caller, in whichever budgets the call is about. */
export function inboxOf(
  call: Call,
  { unread = false }: InboxFilter = {},
  options: PageOptions = {},
): PagedList<Mention, InboxPage> {
  const p_limit = toPageSize(options.pageSize, 50, 500)
  return new PagedList(
    async (p_after) => {
      const { inboxPage } = await commentCalls()
      return await inboxPage(call, { p_unread: unread, p_after, p_limit }, options)
    },
    (page) => page.items,
  )
}
