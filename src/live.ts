import type { CellsLogger } from './events.ts'
import type { Sheet, SheetFilter } from './sheet/sheet.ts'
import type { OpenOptions } from './sheet/sheet-types.ts'
import type { CellsTransport } from './transport/port.ts'
import type { AnySupabaseClient } from './transport/supabase.ts'

/** How a client hears of changes. */
export type StreamKind = 'broadcast' | 'postgres_changes' | 'none'

/** What live sheets need of the client that opens them. */
export interface LiveContext {
  readonly transport: CellsTransport
  readonly supabase: AnySupabaseClient
  readonly databaseSchema: string
  readonly stream: StreamKind
  readonly logger: CellsLogger | undefined
}

/** Opens a sheet of a budget. */
export type OpenSheet = (budgetVersionId: string, filter: SheetFilter, options: OpenOptions) => Promise<Sheet>

/** The door to live sheets; what is behind it is loaded when the first one is opened. */
export function sheetOpener(context: LiveContext): OpenSheet {
  return async (budgetVersionId, filter, options) => {
    options.signal?.throwIfAborted()
    const { openSheet } = await import('./sheet/open.ts')
    return openSheet(context, budgetVersionId, filter, options)
  }
}
