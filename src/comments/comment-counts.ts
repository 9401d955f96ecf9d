import { isCell } from '../change.ts'
import { ValidationError } from '../errors.ts'
import { cellKey, type CellAddress } from '../model/address.ts'
import type { CellKey } from '../model/ids.ts'
import type { Cell } from '../model/cell.ts'
import type { CountsReply } from './comment-wire.ts'
import type { CommentCount } from './comment.ts'

const none: CommentCount = Object.freeze({ comments: 0, unresolvedThreads: 0, unread: 0 })

/** How many comments each of many cells has, for a grid to look up cell by cell. */
export class CommentCounts {
  /** By the cells' ids: those that have any. */
  readonly byId: ReadonlyMap<string, CommentCount>
  readonly #ids = new Map<CellKey, string | null>()

  /** @internal */
  constructor({ cells, counts }: CountsReply, asked: readonly (Cell | CellAddress)[] = []) {
    this.byId = new Map(counts.map(({ id, ...count }) => [id, count]))
    asked.forEach((cell, index) => this.#ids.set(cellKey(cell), cells?.[index] ?? null))
  }

  /**
   * Those of one cell; all zero where it has none. Where a filter was asked, a cell as it was read has to be given,
   * for an address alone does not tell which of them it is.
   *
   * @throws {ValidationError} where the cell cannot be found among those asked for.
   */
  of(cell: Cell | CellAddress): CommentCount {
    const known = this.#ids.get(cellKey(cell))
    if (known === undefined && !isCell(cell)) {
      throw new ValidationError('cell', cell, 'a cell as it was read, or an address that was asked for')
    }
    const id = known ?? (isCell(cell) ? cell.id : null)
    return (id === null ? undefined : this.byId.get(id)) ?? none
  }
}
