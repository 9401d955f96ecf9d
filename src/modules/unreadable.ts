import { CellsError, type CellsErrorOptions } from '../errors.ts'
import type { ResolvedAddress } from '../model/address.ts'
import type { StoredCell, UnreadableCell } from '../model/cell.ts'

/**
 * A cell holds what its field cannot read. Thrown by `value` of such a cell, so that it is never taken for a number or
 * for empty; the call that read it goes on.
 *
 * @example
 * ```ts
 * import { isCellsError, type AnyCell } from '@efir/cells'
 *
 * function show(cell: AnyCell): string {
 *   try {
 *     return String(cell.value ?? '')
 *   } catch (error) {
 *     if (!isCellsError(error, 'unreadable')) throw error
 *     return `? ${error.message}`
 *   }
 * }
 * void show
 * ```
 */
export class UnreadableValueError extends CellsError {
  override readonly name = 'UnreadableValueError'
  override readonly code = 'unreadable'
  readonly address: ResolvedAddress
  readonly raw: UnreadableCell['raw']

  constructor(
    { module, entity, field, period, raw, problem }: UnreadableCell,
    options: CellsErrorOptions = {},
  ) {
    super(`Cell ${JSON.stringify([module, entity, field, period])} ${problem}.`, {
      hint: 'Write a value that fits, or change the field in defineModules().',
      ...options,
    })
    this.address = { module, entity, field, period }
    this.raw = raw
  }
}

/** The cell as it is, but for its value. */
export function unreadableCell(cell: StoredCell, problem: string, cause?: unknown): UnreadableCell {
  const { value, kind, ...row } = cell
  const raw = kind === 'text' ? { text: String(value) } : String(value)
  const unreadable = { ...row, kind: 'unreadable', raw, problem } as UnreadableCell
  // Not enumerable: copying the cell, comparing it or printing it as JSON is no reading of its value.
  Object.defineProperty(unreadable, 'value', {
    get() {
      throw new UnreadableValueError(unreadable, { cause })
    },
  })
  return Object.freeze(unreadable)
}
