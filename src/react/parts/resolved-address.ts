import { cellKey, parseCellKey, type CellAddress, type ResolvedAddress } from '../../index.ts'

/** An address with nothing left open. */
export function resolvedAddress(address: CellAddress): ResolvedAddress {
  return parseCellKey(cellKey(address))
}
