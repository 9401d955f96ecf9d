import type { LiveContext } from '../live.ts'
import { memoryStorage } from '../outbox/storage.ts'
import { systemEnvironment } from '../sync/environment.ts'
import { broadcastStream } from '../transport/broadcast-stream.ts'
import { systemClock } from '../transport/clock.ts'
import { rowStream } from '../transport/row-stream.ts'
import { LiveBudget } from './live-budget.ts'
import { toSelection } from './selection.ts'
import { Sheet, type SheetFilter } from './sheet.ts'
import type { OpenOptions } from './sheet-types.ts'

/** The live budgets of each client. */
const budgets = new WeakMap<LiveContext, Map<string, LiveBudget>>()

/** Opens a sheet on the budget's live data, which all sheets of one client share. */
export function openSheet(
  context: LiveContext,
  budgetVersionId: string,
  filter: SheetFilter,
  options: OpenOptions,
): Sheet {
  const selection = toSelection(filter)
  let own = budgets.get(context)
  if (own === undefined) budgets.set(context, (own = new Map()))
  const held = own
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
  return new Sheet(live, selection, options)
}
