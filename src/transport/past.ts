import type { MomentParameters } from '../model/moment.ts'
import type { CellsReader, Send } from './port.ts'
import { decodeCellPage, decodeCellsReply, encodeFilter, encodeReference } from './wire.ts'

/** Reads cells as they were. */
export function pastReader(send: Send, moment: MomentParameters): CellsReader {
  let when = moment
  /** All answers are of one revision: a time may mean another one later, when slow transactions have landed. */
  const pin = <Reply extends { readonly revision: number }>(reply: Reply): Reply => {
    // Before the first revision there is only an older log, which knows nothing but times.
    if (when.p_at !== null && reply.revision > 0) when = { p_revision: reply.revision, p_at: null }
    return reply
  }
  return {
    async readCells(budgetVersionId, references, options) {
      const parameters = {
        p_budget_version_id: budgetVersionId,
        p_references: references.map(encodeReference),
        ...when,
      }
      const call = { operation: 'read_cells_as_of', budgetVersionId, items: references.length, parameters }
      return pin(await send({ ...call, decode: decodeCellsReply }, options))
    },
    async listCells(budgetVersionId, filter, after, limit, options) {
      const parameters = {
        p_budget_version_id: budgetVersionId,
        p_filter: encodeFilter(filter),
        p_after: after,
        p_limit: limit,
        ...when,
      }
      const call = { operation: 'cells_as_of', budgetVersionId, items: limit, parameters }
      return { ...pin(await send({ ...call, decode: decodeCellPage }, options)), limit }
    },
  }
}
