import type { ResolvedAddress } from '../model/address.ts'
import type { CellSelection } from '../store/facts.ts'
import type { SnapshotRead } from '../store/cell-store.ts'

/** A part of the budget that a sheet asked for, and how far it is loaded. */
export interface Scope {
  readonly selection: CellSelection
  readonly includes: (address: ResolvedAddress) => boolean
  readonly isLoaded: boolean
  /** Cells listed so far. */
  readonly listed: number
}

export interface OpenScope extends Scope {
  isLoaded: boolean
  listed: number
  /** The id to go on from. */
  after: string | null
  read: SnapshotRead | undefined
}

export function openScope(selection: CellSelection): OpenScope {
  const includes = matcher(selection)
  return { selection, includes, isLoaded: false, listed: 0, after: null, read: undefined }
}

const parts = ['module', 'entity', 'field', 'period'] as const

/** Equal for selections of the same cells, however they were written. */
export function selectionKey(selection: CellSelection): string {
  return JSON.stringify(
    parts.map((part) => {
      const wanted = selection[part]
      return wanted === undefined ? 0 : Array.isArray(wanted) ? [...new Set(wanted)].toSorted() : [wanted]
    }),
  )
}

/** Whether a cell belongs to a selection. */
function matcher(selection: CellSelection): (address: ResolvedAddress) => boolean {
  const wanted = parts.flatMap((part) => {
    const values = selection[part]
    return values === undefined
      ? []
      : [[part, new Set<unknown>(Array.isArray(values) ? values : [values])] as const]
  })
  return (address) => wanted.every(([part, values]) => values.has(address[part]))
}
