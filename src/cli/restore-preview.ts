import {
  cellKey,
  type AddressFilter,
  type Budget,
  type Cell,
  type Moment,
  type ResolvedAddress,
} from '../index.ts'
import { CommandError } from './exit-codes.ts'

/** What a restore would find to do. */
export type RestorePreview = {
  readonly revision: number
  readonly restoredRevision: number
  readonly cells: readonly { readonly now: Cell; readonly then: Cell }[]
}

/** What the database takes in one restore. */
const most = 10_000

/**
 * The cells that do not show what they showed then. It reads the log back to that moment, and of the cells only those
 * that it names: the budget may be much larger.
 */
export async function previewRestore(
  budget: Budget,
  moment: Moment,
  filter: AddressFilter,
  signal: AbortSignal,
): Promise<RestorePreview> {
  const past = budget.asOf(moment)
  const restoredRevision = await past.revision({ signal })
  const { addresses, revision } = await changedSince(budget, restoredRevision, filter, signal)
  const cells: { now: Cell; then: Cell }[] = []
  for (let begin = 0; begin < addresses.length; begin += most) {
    const some = addresses.slice(begin, begin + most)
    const [nows, thens] = await Promise.all([
      budget.readMany(some, { signal }),
      budget.asOf({ revision: restoredRevision }).readMany(some, { signal }),
    ])
    nows.forEach((now, index) => {
      const then = thens[index]
      if (then !== undefined && isDifferent(now, then)) cells.push({ now, then })
    })
  }
  if (cells.length > most) {
    throw new CommandError(
      'usage',
      `${cells.length.toLocaleString('en')} cells differ, and one restore takes 10,000: say which, with --module, --entity, --field or --period.`,
    )
  }
  return { revision, restoredRevision, cells }
}

async function changedSince(budget: Budget, restored: number, filter: AddressFilter, signal: AbortSignal) {
  const addresses = new Map<string, ResolvedAddress>()
  let newest = restored
  for await (const page of budget.history.list(filter, { pageSize: 1000, signal }).pages()) {
    newest = Math.max(newest, page.revision)
    for (const { revision, address } of page.changes) {
      // Newest first: all that follow are older still.
      if ((revision ?? 0) <= restored) return { addresses: [...addresses.values()], revision: newest }
      addresses.set(cellKey(address), address)
    }
  }
  return { addresses: [...addresses.values()], revision: newest }
}

/** As the database sees it: an empty cell that is gone by now stays gone. */
function isDifferent(now: Cell, then: Cell): boolean {
  if (now.kind !== then.kind || now.value !== then.value) return true
  return now.exists && !then.exists
}
