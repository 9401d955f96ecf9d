import { ProtocolError, type Budget, type CellChange, type WriteOutcome } from '../../index.ts'
import type { ImportCounts, RejectStatus } from '../report.ts'
import type { BaseRule, ImportLane, LaneCall, LaneReply } from './lane.ts'

const bases = { insert: 0, update: 'existing', upsert: 'any' } as const

/** Through the API, as whoever is signed in. */
export function budgetLane(budget: Budget): ImportLane {
  const send = async (changes: readonly CellChange[], call: LaneCall) =>
    await budget.writeMany(changes, { ...call, mode: 'partial', changeType: 'import', divide: false })
  return {
    budgetVersionId: budget.id,
    async write(items, rule, call) {
      const ifVersion = bases[rule]
      const reply = await send(
        items.map(({ cell, value }) => ({ cell, value, ifVersion })),
        call,
      )
      return toReply(reply, (outcome) => judge(outcome, rule))
    },
    async delete(cells, call) {
      const reply = await send(
        cells.map((cell) => ({ cell, delete: true })),
        call,
      )
      return toReply(reply, judgeDeletion)
    },
    read: (items, signal) =>
      budget.readMany(
        items.map(({ cell }) => cell),
        { signal },
      ),
    list: (filter, pageSize, signal) => budget.list(filter, { pageSize, signal }).pages(),
  }
}

type Judged = keyof ImportCounts | { readonly status: RejectStatus; readonly reason: string }

function toReply(
  { revision, sessionId, outcomes }: Awaited<ReturnType<Budget['writeMany']>>,
  decide: (outcome: WriteOutcome) => Judged,
): LaneReply {
  const counts: Record<string, number> = {}
  const problems: LaneReply['problems'][number][] = []
  for (const outcome of outcomes) {
    const judged = decide(outcome)
    const name = typeof judged === 'string' ? judged : judged.status
    counts[name] = (counts[name] ?? 0) + 1
    if (typeof judged !== 'string') problems.push({ index: outcome.index, ...judged })
  }
  return { revision, sessionId, counts, problems }
}

function judge(outcome: WriteOutcome, rule: BaseRule): Judged {
  if (outcome.status === 'written') return outcome.cell.version === 1 ? 'created' : 'updated'
  if (outcome.status === 'conflict') {
    return rule === 'insert'
      ? {
          status: 'exists',
          reason: `The cell is there already, at version ${outcome.theirs?.version ?? '?'}.`,
        }
      : { status: 'missing', reason: 'There is no such cell.' }
  }
  return judgeOther(outcome)
}

function judgeDeletion(outcome: WriteOutcome): Judged {
  if (outcome.status === 'written') return 'deleted'
  if (outcome.status === 'conflict') {
    return {
      status: 'conflict',
      reason: 'Somebody wrote to the cell while the import was running; it stays.',
    }
  }
  return judgeOther(outcome)
}

function judgeOther(outcome: Exclude<WriteOutcome, { status: 'conflict' }>): Judged {
  switch (outcome.status) {
    case 'written':
    case 'unchanged':
      return 'unchanged'
    case 'locked': {
      const { lockReason } = outcome.cell
      return {
        status: 'locked',
        reason: `The cell is locked${lockReason === null ? '' : `: ${lockReason}`}.`,
      }
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
