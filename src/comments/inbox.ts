import type { Call } from '../call.ts'
import { PagedList, toPageSize, type PageOptions } from '../paged-list.ts'
import { readInbox } from './comment-wire.ts'
import type { InboxFilter, InboxPage, Mention } from './comment.ts'

/** The mentions of the caller, in whichever budgets the call is about. */
export function inboxOf(
  call: Call,
  { unread = false }: InboxFilter = {},
  options: PageOptions = {},
): PagedList<Mention, InboxPage> {
  const p_limit = toPageSize(options.pageSize, 50, 500)
  return new PagedList(
    (p_after) =>
      call('inbox', { p_unread: unread, p_after, p_limit }, readInbox, options, { items: p_limit }),
    (page) => page.items,
  )
}
