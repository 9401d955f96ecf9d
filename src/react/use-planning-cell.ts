import { useMemo, useSyncExternalStore } from 'react'
import {
  cellKey,
  type CellAddress,
  type CellInput,
  type PendingWrite,
  type SetOptions,
  type VisibleCell,
  type WriteHandle,
} from '../index.ts'
import { useView } from './contexts.ts'
import type { SuspenseOption } from './use-sheet.ts'
import { useSuspense } from './use-suspense.ts'

/** One cell, and what can be done with it. The same object until something in it changes. */
export interface PlanningCell {
  /** The cell as it is to be shown, with the user's own writes over what the database confirmed. */
  readonly cell: VisibleCell
  /** The decimal as exact text, or the text; `null` for an empty cell, and while nothing is known. */
  readonly value: string | null
  /** Whether the value is known: loaded, or rendered by the server. */
  readonly isReady: boolean
  /** Whether the value is a write that the database has not confirmed yet. */
  readonly isPending: boolean
  /** Whether the cell takes no value, because it is approved or calculated. */
  readonly isLocked: boolean
  /** Why it is locked. */
  readonly lockReason: string | null
  /** The newest write to this cell that is on its way or was refused; `null` where there is none. */
  readonly write: PendingWrite | null
  /**
   * Writes a value, shown at once: see `Sheet.set`. Always the same function. An editor that stays open for a while gives
   * `{ seen: cell }`, the cell as it was when the user began: what others did to it since is a conflict then.
   *
   * @throws {ValidationError} where the value is not acceptable, or the sheet is not open yet or has not loaded the cell.
   */
  readonly set: (value: CellInput, options?: SetOptions) => WriteHandle
  /** Empties the cell. In all else like `set`. */
  readonly clear: () => WriteHandle
  /** Deletes the cell. In all else like `set`. */
  readonly delete: () => WriteHandle
}

/**
 * One cell of the provider's sheet. The component is rendered again only when this cell changes.
 *
 * @param address its parts are compared, so it may be another object with every render.
 * @throws {ValidationError} where it is not an address, or the filter of the sheet does not name it.
 * @example
 * ```tsx
 * import { usePlanningCell } from '@efir/cells/react'
 *
 * export function Posts({ period }: { period: string }) {
 *   const { value, isLocked, isPending, set } = usePlanningCell({ module: 'staff', field: 'posts', period })
 *   return (
 *     <input
 *       value={value ?? ''}
 *       readOnly={isLocked}
 *       aria-busy={isPending}
 *       onChange={(event) => set(event.target.value || null)}
 *     />
 *   )
 * }
 * ```
 */
export function usePlanningCell(
  address: CellAddress,
  { suspense = false }: SuspenseOption = {},
): PlanningCell {
  const view = useView()
  const key = cellKey(address)
  const watch = useMemo(() => view.cell(key), [view, key])
  const shown = useSyncExternalStore(watch.subscribe, watch.getSnapshot, watch.getServerSnapshot)
  useSuspense(suspense && !shown.isReady)
  const actions = useMemo(() => {
    const { place } = watch
    const set = (value: CellInput, options?: SetOptions) =>
      view.sheetFor(place).set(place.address, value, options)
    return { set, clear: () => set(null), delete: () => view.sheetFor(place).delete(place.address) }
  }, [view, watch])
  return useMemo(() => {
    const { cell } = shown
    const { isPending, base } = cell
    return {
      ...shown,
      // Of a cell that its field cannot read, the value throws: to whoever asks for it, and not to everybody.
      get value() {
        return cell.value
      },
      isPending,
      isLocked: base.isLocked,
      lockReason: base.lockReason,
      ...actions,
    }
  }, [shown, actions])
}
