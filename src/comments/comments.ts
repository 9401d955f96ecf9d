import { toOperationId } from '../asking.ts'
import type { Call } from '../call.ts'
import { toReference } from '../change.ts'
import { ValidationError } from '../errors.ts'
import { toText, toUuid, type CellAddress } from '../model/address.ts'
import type { Cell } from '../model/cell.ts'
import { PagedList, toPageSize, type PageOptions } from '../paged-list.ts'
import { checkCount, selectCells, type CellSelection } from '../selection.ts'
import type { CallOptions } from '../transport/port.ts'
import { encodeReference } from '../transport/wire.ts'
import { CommentCounts } from './comment-counts.ts'
import { readCounts, readCountsOf, readMarked, readState, readThreads, readWritten } from './comment-wire.ts'
import type {
  CellComment,
  CommentOptions,
  CommentThread,
  EditCommentOptions,
  InboxFilter,
  InboxPage,
  Mention,
  ThreadPage,
  ThreadState,
} from './comment.ts'
import { inboxOf } from './inbox.ts'

/** A comment, or its id. */
export type CommentReference = CellComment | string
/** A thread, any comment of it, or the thread's id. */
export type ThreadReference = CommentThread | ThreadState | CellComment | string

/** What people say about the cells of one budget: {@link Budget.comments}. */
export class Comments {
  readonly #call: Call

  /** @internal */
  constructor(call: Call) {
    this.#call = call
  }

  /**
   * Begins a thread on a cell. Where nobody has written the cell yet, an empty one is made, which is no step to undo.
   * Sent again after a lost reply, it is still one comment.
   *
   * @throws {NotFoundError} where the budget, or the cell as it was read, is not there, or not the caller's to see.
   * @throws {ValidationError} where the text has not 1 to 10,000 characters, or somebody mentioned is no member.
   * @example
   * ```ts
   * import type { Budget } from '@efir/cells'
   *
   * async function ask(budget: Budget, colleague: string) {
   *   const cell = await budget.read({ module: 'staff', field: 'posts', period: '2026' })
   *   const question = await budget.comments.add(cell, 'Check with HR', { mentions: [colleague] })
   *   await budget.comments.reply(question, 'They say 12.')
   *   await budget.comments.resolve(question)
   * }
   * void ask
   * ```
   */
  async add(cell: Cell | CellAddress, text: string, options: CommentOptions = {}): Promise<CellComment> {
    const p_reference = encodeReference(toReference(cell, 'cell'))
    return await this.#add({ p_reference, ...toWords(text, options) }, options)
  }

  /**
   * Answers in a thread; any comment of it will do.
   *
   * @throws {NotFoundError} where the thread is not there, or not the caller's to see.
   * @throws {ValidationError} where the text has not 1 to 10,000 characters, or somebody mentioned is no member.
   */
  async reply(to: ThreadReference, text: string, options: CommentOptions = {}): Promise<CellComment> {
    return await this.#add({ p_parent_id: toThreadId(to), ...toWords(text, options) }, options)
  }

  /**
   * Changes the text of a comment of one's own, and the mentions where they are given.
   *
   * @throws {ForbiddenError} where it is somebody else's.
   * @throws {NotFoundError} where it is deleted, not there, or not the caller's to see.
   * @throws {ValidationError} where the text has not 1 to 10,000 characters, or somebody mentioned is no member.
   */
  async edit(
    comment: CommentReference,
    text: string,
    options: EditCommentOptions = {},
  ): Promise<CellComment> {
    const parameters = { p_comment_id: toCommentId(comment, 'comment'), ...toWords(text, options) }
    return (await this.#call('edit_comment', parameters, readWritten, options)).comment
  }

  /**
   * Takes away the text of a comment of one's own; its place in the thread stays. Again is no error.
   *
   * @throws {ForbiddenError} where it is somebody else's.
   * @throws {NotFoundError} where it is not there, or not the caller's to see.
   */
  async delete(comment: CommentReference, options: CallOptions = {}): Promise<CellComment> {
    const parameters = { p_comment_id: toCommentId(comment, 'comment') }
    return (await this.#call('delete_comment', parameters, readWritten, options)).comment
  }

  /**
   * Says that a thread is settled; any member may. Again is no error, and leaves who and when as they were.
   *
   * @throws {NotFoundError} where it is not there, or not the caller's to see.
   * @throws {ValidationError} where the id is that of an answer.
   */
  async resolve(thread: ThreadReference, options: CallOptions = {}): Promise<ThreadState> {
    return await this.#settle('resolve_thread', thread, options)
  }

  /**
   * Says that a thread is not settled after all; any member may. Again is no error.
   *
   * @throws {NotFoundError} where it is not there, or not the caller's to see.
   * @throws {ValidationError} where the id is that of an answer.
   */
  async reopen(thread: ThreadReference, options: CallOptions = {}): Promise<ThreadState> {
    return await this.#settle('reopen_thread', thread, options)
  }

  /**
   * Threads, newest first, each with all its comments: of some cells, of those that a filter finds, or of the whole
   * budget; 50 in a round trip (`pageSize`: up to 500).
   *
   * @throws {ValidationError} where a cell, the filter or the page size is not acceptable.
   * @example
   * ```ts
   * import type { Budget } from '@efir/cells'
   *
   * async function open(budget: Budget) {
   *   for await (const thread of budget.comments.list({ filter: { module: 'staff' }, resolved: false })) {
   *     console.log(thread.address.field, thread.unread, thread.comments.map(({ text }) => text))
   *   }
   * }
   * void open
   * ```
   */
  list(
    which: Partial<CellSelection> & {
      /** `true` for settled threads only, `false` for the others only. */
      readonly resolved?: boolean | undefined
    } = {},
    options: PageOptions = {},
  ): PagedList<CommentThread, ThreadPage> {
    const { cells, filter = cells === undefined ? {} : undefined } = which
    const { parameters } = selectCells({ cells, filter } as CellSelection)
    const p_limit = toPageSize(options.pageSize, 50, 500)
    const { resolved: p_resolved = null } = which
    return new PagedList(
      (p_after) =>
        this.#call('list_comments', { ...parameters, p_resolved, p_after, p_limit }, readThreads, options, {
          items: p_limit,
        }),
      (page) => page.threads,
    )
  }

  /**
   * How many comments, unresolved threads and unread comments many cells have, in one round trip.
   *
   * @throws {NotFoundError} where the budget is not the caller's to see.
   * @throws {ValidationError} where a cell or the filter is not acceptable.
   * @example
   * ```ts
   * import type { Budget, Cell } from '@efir/cells'
   *
   * async function marks(budget: Budget, cells: Cell[]) {
   *   const counts = await budget.comments.counts({ cells })
   *   return cells.map((cell) => counts.of(cell).unread > 0)
   * }
   * void marks
   * ```
   */
  async counts(which: CellSelection, options: CallOptions = {}): Promise<CommentCounts> {
    const { items, parameters } = selectCells(which)
    const reader = which.cells === undefined ? readCounts : readCountsOf(items)
    const reply = await this.#call('comment_counts', parameters, reader, options, { items })
    return new CommentCounts(reply, which.cells)
  }

  /**
   * The caller has read these comments, and what stands before them in their threads, or all of the budget. Resolves
   * with the number of threads in which that was news.
   *
   * @throws {ForbiddenError} where the caller is a program, which reads nothing.
   * @throws {NotFoundError} where the budget is not the caller's to see.
   * @throws {ValidationError} where an id is none, or there are more than 10,000.
   */
  async markRead(comments: readonly CommentReference[] | 'all', options: CallOptions = {}): Promise<number> {
    if (comments !== 'all') checkCount(comments, 'comments')
    const ids =
      comments === 'all' ? null : comments.map((comment, index) => toCommentId(comment, `comments[${index}]`))
    if (ids?.length === 0) return 0
    let threads = 0
    for (;;) {
      const page = await this.#call('mark_read', { p_comment_ids: ids }, readMarked, options, {
        items: ids?.length ?? 1,
      })
      threads += page.threads
      if (!page.more) return threads
    }
  }

  /**
   * The comments of this budget that mention the signed-in user, newest first, 50 in a round trip (`pageSize`: up to
   * 500). {@link Cells.inbox} has those of all budgets.
   *
   * @throws {ValidationError} where the page size is not acceptable.
   */
  inbox(which?: InboxFilter, options?: PageOptions): PagedList<Mention, InboxPage> {
    return inboxOf(this.#call, which, options)
  }

  async #add(parameters: object, options: CommentOptions): Promise<CellComment> {
    const operationId = toOperationId(options.operationId)
    const reply = await this.#call('add_comment', { ...parameters }, readWritten, options, { operationId })
    return reply.comment
  }

  async #settle(operation: string, thread: ThreadReference, options: CallOptions): Promise<ThreadState> {
    const parameters = { p_thread_id: toThreadId(thread) }
    return await this.#call(operation, parameters, readState, options)
  }
}

function toWords(text: string, { mentions }: EditCommentOptions) {
  const p_text = toText(text, 'text', 10_000)
  if (p_text.trim() === '') throw new ValidationError('text', text, 'more than blanks')
  if (mentions !== undefined) checkCount(mentions, 'mentions', 100)
  return { p_text, p_mentions: mentions?.map((user, index) => toUuid(user, `mentions[${index}]`)) ?? null }
}

function toCommentId(comment: CommentReference | null, field: string): string {
  return toUuid(typeof comment === 'object' ? comment?.id : comment, field)
}

/** Of a comment, the id of its thread; else its own. */
function toThreadId(thread: ThreadReference | null): string {
  if (typeof thread !== 'object' || thread === null) return toUuid(thread, 'thread')
  return toUuid('threadId' in thread ? thread.threadId : thread.id, 'thread')
}
