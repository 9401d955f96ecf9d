import type { Call } from '../call.ts'
import type { CellAddress } from '../model/address.ts'
import type { Cell } from '../model/cell.ts'
import { PagedList, toPageSize, type PageOptions } from '../paged-list.ts'
import { selectCells, type CellSelection } from '../selection.ts'
import type { CallOptions } from '../transport/port.ts'
import type { CommentCounts } from './comment-counts.ts'
import type {
  CellComment,
  CommentOptions,
  CommentReference,
  CommentThread,
  EditCommentOptions,
  InboxFilter,
  InboxPage,
  Mention,
  ThreadPage,
  ThreadReference,
  ThreadState,
} from './comment.ts'
import { inboxOf } from './inbox.ts'
import { commentCalls } from './load-calls.ts'

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
    return await (await commentCalls()).begin(this.#call, cell, text, options)
  }

  /**
   * Answers in a thread; any comment of it will do.
   *
   * @throws {NotFoundError} where the thread is not there, or not the caller's to see.
   * @throws {ValidationError} where the text has not 1 to 10,000 characters, or somebody mentioned is no member.
   */
  async reply(to: ThreadReference, text: string, options: CommentOptions = {}): Promise<CellComment> {
    return await (await commentCalls()).reply(this.#call, to, text, options)
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
    return await (await commentCalls()).edit(this.#call, comment, text, options)
  }

  /**
   * Takes away the text of a comment of one's own; its place in the thread stays. Again is no error.
   *
   * @throws {ForbiddenError} where it is somebody else's.
   * @throws {NotFoundError} where it is not there, or not the caller's to see.
   */
  async delete(comment: CommentReference, options: CallOptions = {}): Promise<CellComment> {
    return await (await commentCalls()).remove(this.#call, comment, options)
  }

  /**
   * Says that a thread is settled; any member may. Again is no error, and leaves who and when as they were.
   *
   * @throws {NotFoundError} where it is not there, or not the caller's to see.
   * @throws {ValidationError} where the id is that of an answer.
   */
  async resolve(thread: ThreadReference, options: CallOptions = {}): Promise<ThreadState> {
    return await (await commentCalls()).settle(this.#call, 'resolve_thread', thread, options)
  }

  /**
   * Says that a thread is not settled after all; any member may. Again is no error.
   *
   * @throws {NotFoundError} where it is not there, or not the caller's to see.
   * @throws {ValidationError} where the id is that of an answer.
   */
  async reopen(thread: ThreadReference, options: CallOptions = {}): Promise<ThreadState> {
    return await (await commentCalls()).settle(this.#call, 'reopen_thread', thread, options)
  }

  /**
   * Threads, newest first, each with all its comments: of some cells, of those that a filter finds, or of the whole
   * budget; 50 in a round trip (`pageSize`: up to 500). Nothing is fetched before it is iterated.
   *
   * @throws {ValidationError} where a cell or the page size is not acceptable; while it is iterated, where the filter is
   * not.
   * @throws {NotFoundError} while it is iterated, where the budget is not the caller's to see.
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
    const selected = selectCells({ cells, filter } as CellSelection)
    const p_limit = toPageSize(options.pageSize, 50, 500)
    const { resolved: p_resolved = null } = which
    return new PagedList(
      async (p_after) => {
        const { threadPage } = await commentCalls()
        return await threadPage(this.#call, selected, { p_resolved, p_after, p_limit }, options)
      },
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
    return await (await commentCalls()).counts(this.#call, which, options)
  }

  /**
   * The caller has read these comments, and what stands before them in their threads, or all of the budget. Resolves
   * with the number of threads in which that was news.
   *
   * @throws {ForbiddenError} where the caller is a program, which reads nothing.
   * @throws {NotFoundError} where the budget is not the caller's to see.
   * @throws {ValidationError} where an id is none, or there are more than 10,000.
   * @example
   * ```ts
   * import type { Budget, CommentThread } from '@efir/cells'
   *
   * async function seen(budget: Budget, { comments }: CommentThread) {
   *   await budget.comments.markRead(comments)
   * }
   * void seen
   * ```
   */
  async markRead(comments: readonly CommentReference[] | 'all', options: CallOptions = {}): Promise<number> {
    return await (await commentCalls()).markRead(this.#call, comments, options)
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
}
