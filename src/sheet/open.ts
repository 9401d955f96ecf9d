import { ValidationError } from '../errors.ts'
import type { CellsLogger } from '../events.ts'
import type { ModuleRules } from '../modules/rules.ts'
import { memoryStorage } from '../outbox/storage.ts'
import type { CellsSnapshot } from '../snapshot.ts'
import type { CellSelection } from '../store/facts.ts'
import { systemEnvironment } from '../sync/environment.ts'
import { selectionKey } from '../sync/scope.ts'
import { broadcastStream } from '../transport/broadcast-stream.ts'
import { systemClock } from '../transport/clock.ts'
import { rowStream } from '../transport/row-stream.ts'
import type { CellsTransport } from '../transport/port.ts'
import type { StreamKind } from '../transport/stream.ts'
import { projectOf, signedInUser, type AnySupabaseClient } from '../transport/supabase.ts'
import { LiveBudget } from './live-budget.ts'
import { toSelection } from './selection.ts'
import { Sheet } from './sheet.ts'
import type { OpenOptions, SheetFilter } from './sheet-types.ts'

/** What live sheets need of the client that opens them. */
export interface LiveContext {
  readonly transport: CellsTransport
  readonly supabase: AnySupabaseClient
  readonly databaseSchema: string
  readonly stream: StreamKind
  readonly logger: CellsLogger | undefined
}

/** The live budgets of each client. */
const budgets = new WeakMap<LiveContext, Map<string, LiveBudget>>()

/** Opens a sheet on the budget's live data, which all sheets of one client share. */
export async function openSheet(
  context: LiveContext,
  budgetVersionId: string,
  filter: SheetFilter,
  options: OpenOptions,
  rules: ModuleRules,
): Promise<Sheet> {
  const selection = toSelection(filter)
  const { persist = false } = options
  const mayPersist =
    typeof persist === 'boolean' || typeof (persist as Partial<typeof persist> | null)?.write === 'function'
  if (!mayPersist) throw new ValidationError('persist', persist, 'true, false, or a storage')
  if (options.initial !== undefined) checkInitial(options.initial, budgetVersionId, selection)
  const held = budgets.get(context) ?? new Map<string, LiveBudget>()
  budgets.set(context, held)
  let live = held.get(budgetVersionId)
  if (live === undefined) {
    const { transport, supabase, databaseSchema, stream, logger } = context
    live = new LiveBudget(
      budgetVersionId,
      {
        transport,
        logger,
        clock: systemClock,
        environment: systemEnvironment,
        storage: memoryStorage,
        userId: () => signedInUser(supabase),
        openStream: {
          broadcast: () => broadcastStream(supabase),
          postgres_changes: () => rowStream(supabase, databaseSchema),
          none: () => undefined,
        }[stream](),
      },
      () => held.delete(budgetVersionId),
    )
    held.set(budgetVersionId, live)
  }
  const sheet = new Sheet(live, selection, options, rules)
  if (persist !== false) {
    await live.keep(async (sink) => {
      const { keepOutbox } = await import('../outbox/keep-outbox.ts')
      const { supabase, databaseSchema } = context
      const place = [projectOf(supabase), databaseSchema, budgetVersionId]
      return await keepOutbox(persist, place, live.ports, sink)
    })
  }
  return sheet
}

/** Of other cells, it would be believed for ever: nothing but changes is read after it. */
function checkInitial(
  initial: CellsSnapshot | null,
  budgetVersionId: string,
  selection: CellSelection,
): void {
  const { budgetVersionId: of, filter, revision, cells } = (initial ?? {}) as Partial<CellsSnapshot>
  if (!Number.isSafeInteger(revision) || !Array.isArray(cells) || filter === undefined) {
    throw new ValidationError('initial', initial, 'what budget.snapshot() gave')
  }
  if (of !== budgetVersionId) {
    throw new ValidationError('initial.budgetVersionId', of, `a snapshot of this budget: ${budgetVersionId}`)
  }
  if (selectionKey(toSelection(filter)) !== selectionKey(selection)) {
    throw new ValidationError(
      'initial.filter',
      filter,
      `the filter of the sheet: ${JSON.stringify(selection)}`,
    )
  }
}
