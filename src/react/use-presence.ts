import { useCallback, useMemo, useSyncExternalStore } from 'react'
import {
  cellKey,
  type CellAddress,
  type Company,
  type Person,
  type PresenceMode,
  type Sheet,
} from '../index.ts'
import { useView } from './contexts.ts'
import { CellPlace } from './cell-place.ts'
import { useSheet } from './use-sheet.ts'
import { useSheetStore } from './use-sheet-store.ts'

/** Who has the budget open. */
export interface PresenceView extends Company {
  /** Says where this window is: see `SheetPresence.move`. Without `presence` in the provider it does nothing. */
  readonly move: (cell: CellAddress | null, mode?: PresenceMode) => void
}

const nobody: Company = Object.freeze({ me: null, others: Object.freeze([]) })
const noPeople: readonly Person[] = Object.freeze([])
const presenceOf = (sheet: Sheet) => sheet.presence
const same = <Value>(value: Value): Value => value
const never = () => () => undefined

/** Who has the budget open, and on which cell; and tells them where this window is. */
export function usePresence(): PresenceView {
  const view = useView()
  const sheet = useSheet()
  const company = useSheetStore(presenceOf, same, nobody)
  const isSeen = view.settings.given !== undefined || view.settings.options.presence !== undefined
  const move = useCallback<PresenceView['move']>(
    (cell, mode) => {
      if (isSeen) sheet?.presence.move(cell, mode)
    },
    [sheet, isSeen],
  )
  return useMemo(() => ({ ...company, move }), [company, move])
}

/**
 * The others who are on a cell.
 *
 * @throws {ValidationError} where it is not an address.
 */
export function usePeopleAt(address: CellAddress): readonly Person[] {
  const presence = useSheet()?.presence
  const key = cellKey(address)
  const place = useMemo(() => new CellPlace(key), [key])
  return useSyncExternalStore(
    presence?.subscribe ?? never,
    () => presence?.at(place.address) ?? noPeople,
    () => noPeople,
  )
}
