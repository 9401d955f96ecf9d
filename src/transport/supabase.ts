import type { SupabaseClient } from '@supabase/supabase-js'
import { toFailure } from './failure.ts'
import type { CallOptions, CellsTransport } from './port.ts'
import {
  decodeCellPage,
  decodeCellsReply,
  decodeWriteReply,
  encodeFilter,
  encodeItem,
  encodeReference,
} from './wire.ts'

/** Any supabase-js client, whatever database types it was made with. */
// eslint-disable-next-line @typescript-eslint/no-explicit-any -- a client of any database is welcome
export type AnySupabaseClient = SupabaseClient<any, any, any, any, any>

/** The transport over PostgREST RPCs. The only file that calls Supabase. */
export function supabaseTransport(supabase: AnySupabaseClient, schema: string): CellsTransport {
  async function call(
    name: string,
    parameters: Record<string, unknown>,
    { signal }: CallOptions,
  ): Promise<unknown> {
    signal?.throwIfAborted()
    const request = supabase.schema(schema).rpc(name, parameters)
    const reply = await (signal === undefined ? request : request.abortSignal(signal))
    if (reply.error === null) return reply.data as unknown
    signal?.throwIfAborted()
    throw toFailure(reply.error, reply.status)
  }

  return {
    async readCells(budgetVersionId, references, options) {
      const parameters = {
        p_budget_version_id: budgetVersionId,
        p_references: references.map(encodeReference),
      }
      return decodeCellsReply(await call('read_cells', parameters, options))
    },
    async listCells(budgetVersionId, filter, after, limit, options) {
      const parameters = {
        p_budget_version_id: budgetVersionId,
        p_filter: encodeFilter(filter),
        p_after: after,
        p_limit: limit,
      }
      return decodeCellPage(await call('list_cells', parameters, options))
    },
    async writeCells(request, options) {
      const parameters = {
        p_budget_version_id: request.budgetVersionId,
        p_items: request.items.map(encodeItem),
        p_mode: request.mode,
        p_operation_id: request.operationId,
        p_session_id: request.session?.id ?? null,
        p_session_label: request.session?.label ?? null,
        p_change_type: request.changeType,
      }
      return decodeWriteReply(await call('write_cells', parameters, options))
    },
  }
}
