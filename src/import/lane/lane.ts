import type { Cell, CellFilter, CellPage } from '../../index.ts'
import type { ImportItem } from '../map/items.ts'
import type { ImportCounts, RejectStatus } from '../report.ts'

/** What a cell must be like to be written: absent (`insert`), there (`update`), or either. */
export type BaseRule = 'insert' | 'update' | 'upsert'

/** One call that writes cells or deletes them. */
export interface LaneCall {
  /** Sent again under the same name, it takes effect once and is answered the same. */
  readonly operationId: string
  readonly session: { readonly id: string; readonly label: string }
  readonly signal: AbortSignal | undefined
}

/** What became of a call's cells. */
export interface LaneReply {
  readonly revision: number
  readonly sessionId: string
  readonly counts: Partial<ImportCounts>
  /** Those that were not written, by their place in the call. */
  readonly problems: readonly {
    readonly index: number
    readonly status: RejectStatus
    readonly reason: string
  }[]
}

/** A way into one budget. What is too much for it at once is refused whole, as a `CellsError` of code `too_large`. */
export interface ImportLane {
  readonly budgetVersionId: string
  /** Cells in one call. */
  readonly batchSize: { readonly usual: number; readonly most: number }
  write(items: readonly ImportItem[], rule: BaseRule, call: LaneCall): Promise<LaneReply>
  /** Deletes cells that are still at the version that they were listed at. */
  delete(cells: readonly Cell[], call: LaneCall): Promise<LaneReply>
  /** The cells as they are now, in the order of the items. */
  read(items: readonly ImportItem[], signal: AbortSignal | undefined): Promise<readonly Cell[]>
  list(filter: CellFilter, pageSize: number, signal: AbortSignal | undefined): AsyncIterable<CellPage>
  /** Lets go of what it holds open. */
  close(): Promise<void>
}
