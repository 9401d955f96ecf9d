import { EventEmitter } from 'eventemitter3'
import { Budget } from './budget.ts'
import { callsOf } from './call.ts'
import type { InboxFilter, InboxPage, Mention } from './comments/comment.ts'
import { inboxOf } from './comments/inbox.ts'
import { ValidationError } from './errors.ts'
import type { CellsEvents } from './events.ts'
import { sheetOpener } from './live.ts'
import { toUuid } from './model/address.ts'
import type { BudgetVersionId } from './model/ids.ts'
import type { Modules } from './modules/modules.ts'
import type { NoModules } from './modules/types.ts'
import type { PagedList, PageOptions } from './paged-list.ts'
import { resolveOptions, type CellsOptions } from './options.ts'
import type { Watchers } from './transport/observer.ts'
import { openTransport } from './transport/open.ts'
import { supabaseServer, type AnySupabaseClient } from './transport/supabase.ts'

/** The entry to every budget that the signed-in user may see. Made by {@link createCells}. */
export interface Cells<M extends Modules = NoModules> {
  /**
   * One budget version: the same object whenever it is asked for. Nothing is fetched yet.
   *
   * @throws {ValidationError} where the id is not a UUID.
   */
  budget(budgetVersionId: BudgetVersionId): Budget<M>
  /**
   * The comments that mention the signed-in user, newest first, in all budgets that he may see.
   *
   * @throws {ValidationError} where the page size is not acceptable.
   * @example
   * ```ts
   * import type { Cells } from '@efir/cells'
   *
   * async function badge(cells: Cells) {
   *   const { unread } = await cells.inbox({}, { pageSize: 1 }).first()
   *   return unread
   * }
   * void badge
   * ```
   */
  inbox(which?: InboxFilter, options?: PageOptions): PagedList<Mention, InboxPage>
  /**
   * Tells of what happens to calls, whoever made them: `retry` before a request is sent again, `unauthorized` when the
   * user has to sign in. Returns what ends it.
   *
   * @example
   * ```ts
   * import type { Cells } from '@efir/cells'
   *
   * function askToSignIn(cells: Cells, show: () => void) {
   *   return cells.on('unauthorized', show)
   * }
   * void askToSignIn
   * ```
   */
  on<Name extends keyof CellsEvents>(name: Name, listener: CellsEvents[Name]): () => void
}

/**
 * Planning cells on top of a supabase-js client: its URL, its key and its signed-in user are used as they are.
 *
 * @throws {ValidationError} where an option is not acceptable.
 * @example
 * ```ts
 * import { createClient } from '@supabase/supabase-js'
 * import { createCells } from '@efir/cells'
 *
 * const supabase = createClient('http://127.0.0.1:54321', 'anon-key')
 * const cells = createCells(supabase)
 * const budget = cells.budget('0199a3c4-0000-7000-8000-000000000001')
 * void budget
 * ```
 */
export function createCells<M extends Modules = NoModules>(
  supabase: AnySupabaseClient,
  options: CellsOptions<M> = {},
): Cells<M> {
  if (typeof (supabase as Partial<AnySupabaseClient> | undefined)?.schema !== 'function') {
    throw new ValidationError(
      'supabase',
      supabase,
      'a client made by createClient() of @supabase/supabase-js',
    )
  }
  const { databaseSchema, stream, policy, rules } = resolveOptions(options)
  const events = new EventEmitter<keyof CellsEvents>()
  const emit: Watchers['emit'] = (name, event) => void events.emit(name, event)
  const server = supabaseServer(supabase, databaseSchema)
  const transport = openTransport(server, policy, { ...options, emit })
  const open = sheetOpener({ transport, supabase, databaseSchema, stream, logger: options.logger })
  const budgets = new Map<string, Budget<M>>()
  return {
    budget(budgetVersionId) {
      const id = toUuid(budgetVersionId, 'budgetVersionId')
      const budget = budgets.get(id) ?? new Budget<M>(id, transport, rules, open)
      budgets.set(id, budget)
      return budget
    },
    inbox: (which, options) => inboxOf(callsOf(transport, null), which, options),
    on(name, listener) {
      events.on(name, listener)
      return () => events.off(name, listener)
    },
  }
}
