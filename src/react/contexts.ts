import { createContext, useContext } from 'react'
import { ValidationError, type Budget } from '../index.ts'
import type { SheetView } from './sheet-view.ts'
import type { CellsTexts } from './texts/texts.ts'

/** How an application calls a user. */
export interface PersonName {
  readonly name?: string | null | undefined
  /** The address of a picture. */
  readonly avatar?: string | null | undefined
}

/** What an application tells its components besides the cells. */
export interface Surroundings {
  readonly budget: Budget | undefined
  readonly people: ((userId: string) => PersonName | null | undefined) | undefined
  readonly userId: string | null | undefined
  readonly texts: CellsTexts
  readonly locale: string
}

export const ViewContext = createContext<SheetView | null>(null)
export const SurroundingsContext = createContext<Surroundings | null>(null)

/** @throws {ValidationError} outside a provider. */
export function useView(): SheetView {
  return inside(useContext(ViewContext))
}

/** @throws {ValidationError} outside a provider. */
export function useSurroundings(): Surroundings {
  return inside(useContext(SurroundingsContext))
}

function inside<Value>(value: Value | null): Value {
  if (value !== null) return value
  throw new ValidationError('provider', undefined, 'a component inside <CellsProvider>')
}
