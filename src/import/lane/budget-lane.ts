import { ProtocolError, type Budget, type Cell, type WriteOutcome } from '../../index.ts'
import type { ImportCounts, RejectStatus } from '../report.ts'
import { columnsOf } from './columns-of.ts'
import { readImportReply } from './import-reply.ts'
import type { ImportLane, LaneReply } from './lane.ts'

/** Cells that one call reads. */
const mostRead = 10_000

/** Through the API, as whoever is signed in. */
export function budgetLane(budget: Budget): ImportLane {
  return {
    budgetVersionId: budget.id,
    batchSize: { usual: 5_000, most: 10_000 },
    write(items, rule, { operationId, session, signal }) {
      const parameters = {
        p_cells: columnsOf(items),
        p_rule: rule,
        p_session_id: session.id,
        p_session_label: session.label,
      }
      const named = { items: items.length, operationId, divides: true }
      return budget.call('import_cells', parameters, readImportReply, { signal }, named)
    },
    async delete(cells, call) {
      const changes = cells.map((cell) => ({ cell, delete: true as const }))
      const reply = await budget.writeMany(changes, {
        ...call,
        mode: 'partial',
        changeType: 'import',
        divide: false,
      })
      return toReply(reply)
    },
    async read(items, signal) {
      const cells: Cell[] = []
      for (let start = 0; start < items.length; start += mostRead) {
        const some = items.slice(start, start + mostRead).map(({ cell }) => cell)
        cells.push(...(await budget.readMany(some, { signal })))
      }
      return cells
    },
    list: (filter, pageSize, signal) => budget.list(filter, { pageSize, signal }).pages(),
    close: () => Promise.resolve(),
  }
}

type Judged = keyof ImportCounts | { readonly status: RejectStatus; readonly reason: string }

function toReply({ revision, sessionId, outcomes }: Awaited<ReturnType<Budget['writeMany']>>): LaneReply {
  const counts: Record<string, number> = {}
  const problems: LaneReply['problems'][number][] = []
  for (const outcome of outcomes) {
    const judged = judgeDeletion(outcome)
    const name = typeof judged === 'string' ? judged : judged.status
    counts[name] = (counts[name] ?? 0) + 1
    if (typeof judged !== 'string') problems.push({ index: outcome.index, ...judged })
  }
  return { revision, sessionId, counts, problems }
}

function judgeDeletion(outcome: WriteOutcome): Judged {
  switch (outcome.status) {
    case 'written':
      return 'deleted'
    case 'unchanged':
      return 'unchanged'
    case 'conflict':
      return {
        status: 'conflict',
        reason: 'Somebody wrote to the cell while the import was running; it stays.',
      }
    case 'locked': {
      const { lockReason } = outcome.cell
      const reason = `The cell is locked${lockReason === null ? '' : `: ${lockReason}`}.`
      return { status: 'locked', reason }
    }
    case 'forbidden':
      return { status: 'forbidden', reason: outcome.message }
    case 'not_found':
      return { status: 'missing', reason: outcome.message }
    case 'invalid':
      return { status: 'invalid', reason: outcome.message }
    case 'lease_lost':
      // An import holds no leases.
      throw new ProtocolError('write_cells answered that a lease is lost, to a call without one.')
    case 'failed':
      // Parts of a batch fail by themselves; this call is never divided.
      throw outcome.error
  }
}
