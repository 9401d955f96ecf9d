import { missingCell, writtenCell, type Cell } from '../model/cell.ts'
import type { GoneCell } from '../store/facts.ts'
import type { WriteItem, WriteResult } from '../transport/port.ts'

// What an answer to a write says about its cell.

/** The cell as the answer shows it; `null` where it shows none. */
export function toRow({ reference, value }: WriteItem, result: WriteResult | undefined): Cell | null {
  if (result === undefined || typeof reference === 'string') return null
  if (result.status === 'written') {
    return value === null ? missingCell(reference) : writtenCell(reference, value, result, 'input')
  }
  return 'cell' in result ? result.cell : null
}

/** The cell that a deletion left, if it was one. */
export function toGone({ reference, value }: WriteItem, result: WriteResult | undefined): GoneCell[] {
  if (result?.status !== 'written' || value !== null || typeof reference === 'string') return []
  const { id, version } = result
  return [{ ...reference, id, version }]
}
