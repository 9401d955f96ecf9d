import type { CellAddress } from '../index.ts'

/** What became of cells, counted. */
export interface ImportCounts {
  /** Cells that are new. A cell that had been deleted and comes back counts as updated. */
  readonly created: number
  readonly updated: number
  /** Cells that showed the value already. */
  readonly unchanged: number
  /** Cells of the filter that the source does not name: mode `replace`. */
  readonly deleted: number
  /** Values that were left empty in the source, and so say nothing. */
  readonly skipped: number
  /** Records and values that cannot be stored as given. */
  readonly invalid: number
  /** Cells that an earlier record names already. */
  readonly duplicate: number
  /** Cells that are there already: mode `insert`. */
  readonly exists: number
  /** Cells that are not there: mode `update`. */
  readonly missing: number
  readonly locked: number
  readonly forbidden: number
  /** Cells to be deleted that somebody wrote to meanwhile, and so stay: mode `replace`. */
  readonly conflict: number
}

/** Why a record, or one of its cells, was not imported. */
export type RejectStatus =
  'invalid' | 'duplicate' | 'exists' | 'missing' | 'locked' | 'forbidden' | 'conflict'

/** One cell or record that was not imported. */
export interface ImportReject {
  /** Line of a text, row of a sheet, place in an iterable, from 1; `null` for a cell that the source does not name. */
  readonly line: number | null
  /** The column that is not acceptable or that the cell is from, as the source calls it. */
  readonly column: string | null
  readonly status: RejectStatus
  /** A sentence for a person. */
  readonly reason: string
  /** The cell, where the record names one. */
  readonly cell: CellAddress | null
  /** The record as it was read, as one line of text. */
  readonly record: string
}

/** How far an import is. */
export interface ImportProgress {
  /** Records read from the source and settled. */
  readonly records: number
  /** Batches answered. */
  readonly batches: number
  /** Bytes of the source that have been read, and of how many where that is known. */
  readonly bytes: number
  readonly totalBytes: number | undefined
  readonly counts: ImportCounts
}

/** What became of an import. */
export interface ImportReport {
  readonly importId: string
  /**
   * The step for undo that the import is; `null` where nothing was written. While it is the newest step of whoever
   * imported, `budget.undo()` takes the whole import back.
   */
  readonly sessionId: string | null
  /** More than one where the step was undone while the import was still writing: what came then is a step of its own. */
  readonly sessionIds: readonly string[]
  /** The budget's revision after the last batch; `null` where none was sent. */
  readonly revision: number | null
  /** Records of the source, rejected and empty ones included. */
  readonly records: number
  readonly counts: ImportCounts
  /** Whether it went on from a checkpoint. */
  readonly resumed: boolean
  readonly dryRun: boolean
}

export const noCounts: ImportCounts = Object.freeze({
  created: 0,
  updated: 0,
  unchanged: 0,
  deleted: 0,
  skipped: 0,
  invalid: 0,
  duplicate: 0,
  exists: 0,
  missing: 0,
  locked: 0,
  forbidden: 0,
  conflict: 0,
})

export function addCounts(one: ImportCounts, other: ImportCounts): ImportCounts {
  const names = Object.keys(noCounts) as (keyof ImportCounts)[]
  return Object.fromEntries(names.map((name) => [name, one[name] + other[name]])) as unknown as ImportCounts
}
