import type { Clock } from './clock.ts'
import { pastReader } from './past.ts'
import type { CellsTransport, Send } from './port.ts'
import {
  decodeCellPage,
  decodeCellsReply,
  decodeWriteReply,
  encodeFilter,
  encodeItem,
  encodeReference,
} from './wire.ts'

/** What the library needs of a server, as calls of the database's functions. */
export function cellsTransport(send: Send, clock: Clock): CellsTransport {
  return {
    send,
    clock,
    asOf(moment) {
      return { ...this, ...pastReader(send, moment) }
    },
    readCells(budgetVersionId, references, options) {
      const parameters = {
        p_budget_version_id: budgetVersionId,
        p_references: references.map(encodeReference),
      }
      const call = { operation: 'read_cells', budgetVersionId, items: references.length, parameters }
      return send({ ...call, decode: decodeCellsReply }, options)
    },
    async listCells(budgetVersionId, filter, after, limit, options) {
      const parameters = {
        p_budget_version_id: budgetVersionId,
        p_filter: encodeFilter(filter),
        p_after: after,
        p_limit: limit,
      }
      const call = { operation: 'list_cells', budgetVersionId, items: limit, parameters }
      return { ...(await send({ ...call, decode: decodeCellPage }, options)), limit }
    },
    writeCells({ budgetVersionId, items, mode, operationId, session, changeType }, options) {
      const parameters = {
        p_budget_version_id: budgetVersionId,
        p_items: items.map(encodeItem),
        p_mode: mode,
        p_operation_id: operationId,
        p_session_id: session?.id ?? null,
        p_session_label: session?.label ?? null,
        p_change_type: changeType,
      }
      const call = { operation: 'write_cells', budgetVersionId, items: items.length, operationId, parameters }
      return send({ ...call, decode: decodeWriteReply }, options)
    },
  }
}
