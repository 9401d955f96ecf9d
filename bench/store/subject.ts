import type { StoredCell } from '../../src/model/cell.ts'

/** A store of cells with nothing in it yet, which does what the rows of the bench ask for. */
export interface Subject {
  /** Takes a whole budget in, page by page. */
  load(pages: Iterable<readonly StoredCell[]>): void
  /** Calls `heard` with the cell's new value after each commit that changed it. */
  listen(cell: StoredCell, heard: (value: string | null) => void): void
  /** One change of somebody else's, in a commit of its own. */
  write(next: StoredCell): void
  /** A step of the user's: many cells in one commit, to be undone as one. */
  step(next: readonly StoredCell[]): void
  /** Undoes that step, where the user sees it. `restored` is what the server answers, for who keeps its undo there. */
  undo(restored: readonly StoredCell[]): void
  valueOf(cell: StoredCell): string | null
}
