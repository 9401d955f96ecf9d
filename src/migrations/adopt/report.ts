/** A statement that brings an object of an adopted database to the form of migration 009. */
export type Repair = {
  /** The object, e.g. `policy planning_cells.planning_cells_authenticated_access`. */
  readonly object: string
  /** Why, and where it touches rows, how many. */
  readonly reason: string
  readonly statement: string
}

/** What `migrate` will not decide by itself. */
export type Obstacle = {
  readonly object: string
  readonly message: string
  /** What to do about it. */
  readonly hint: string
}

/** Cells that share one key, which plain UNIQUE let in because NULLs count as distinct there. */
export type DuplicateGroup = {
  readonly budgetVersionId: string
  readonly module: string
  readonly entity: string | null
  readonly field: string
  readonly period: string | null
  /** The cell that stays: the newest by `modified_at`, then by version. */
  readonly keeps: string
  readonly cells: readonly DuplicateCell[]
}

/** One of several cells that share one key. */
export type DuplicateCell = {
  readonly id: string
  readonly number: string | null
  readonly text: string | null
  readonly version: number | null
  readonly isLocked: boolean
  readonly modifiedAt: string | null
  readonly comments: number
  readonly changes: number
}

/** Rows of a table before and after an adoption. */
export type RowCount = { readonly before: number; readonly after: number }

/** What was found in a database whose tables were made elsewhere, and what was done, or would be. */
export type AdoptionReport = {
  /** `alembic` where its version table is there. */
  readonly source: 'alembic' | 'unknown'
  readonly alembicVersion: string | undefined
  /** Objects that are as they should be. */
  readonly unchanged: number
  readonly repairs: readonly Repair[]
  /** The application's own objects on the three tables; they stay. */
  readonly kept: readonly string[]
  /** Indexes in another form, which stay as they are because a later migration of the same run makes them anew. */
  readonly left: readonly string[]
  readonly obstacles: readonly Obstacle[]
  readonly duplicates: readonly DuplicateGroup[]
  /** Duplicates moved to `cells_adoption_duplicates`; nothing is dropped. */
  readonly movedCells: number
  /** Comments of moved cells, which now belong to the cell that stayed. */
  readonly movedComments: number
  /** Rows per table. In a dry run `after` is what would be. */
  readonly counts: {
    readonly planning_cells: RowCount
    readonly cell_changes: RowCount
    readonly cell_comments: RowCount
  }
}

/** What to do where tables were made elsewhere. */
export type AdoptOptions = {
  /**
   * What to do with cells that share one key. `refuse` (default): nothing is changed, the error's `adoption` lists
   * them. `keep-newest`: the newest stays; the others move, whole, to `cells_adoption_duplicates`, their comments to
   * the cell that stays, and their change records stay as they are. A lock of any of them stays on.
   */
  duplicates?: 'refuse' | 'keep-newest'
  /**
   * What to do with triggers that the application put on the three tables. From now on the library's own triggers
   * move the version and write the log, and another that does so too would do it twice. Default `refuse`.
   */
  triggers?: 'refuse' | 'keep' | 'drop'
}
