import { toOperationId } from '../asking.ts'
import type { Call } from '../call.ts'
import { ValidationError } from '../errors.ts'
import { toText } from '../model/address.ts'
import { selectCells, type CellSelection } from '../selection.ts'
import type { CallOptions, CellFilter } from '../transport/port.ts'
import { readLocked, readLockedPage } from './lock-wire.ts'
import type { LockedPage, LockOptions, LockResult, UnlockOptions } from './lock.ts'

// What {@link Locks} does; loaded by the first call of it.

export async function lockCells(call: Call, cells: CellSelection, options: LockOptions): Promise<LockResult> {
  const { reason } = options
  const p_reason = reason === undefined ? null : toText(reason, 'reason', 200, 0)
  return await set(call, 'lock_cells', 'locked', cells, options, { p_reason })
}

export async function unlockCells(
  call: Call,
  cells: CellSelection,
  options: UnlockOptions,
): Promise<LockResult> {
  return await set(call, 'unlock_cells', 'unlocked', cells, options, {})
}

export async function lockedPage(
  call: Call,
  page: { readonly p_filter: CellFilter; readonly p_after: unknown; readonly p_limit: number },
  options: CallOptions,
): Promise<LockedPage> {
  return await call('locked_cells', page, readLockedPage, options, { items: page.p_limit })
}

async function set(
  call: Call,
  operation: string,
  done: 'locked' | 'unlocked',
  cells: CellSelection,
  options: UnlockOptions,
  more: object,
): Promise<LockResult> {
  const { items, parameters } = selectCells(cells)
  if (items === 0) throw new ValidationError('cells', cells.cells, 'at least one cell')
  const reader = readLocked(done, cells.cells?.length ?? 0)
  const operationId = toOperationId(options.operationId)
  return await call(operation, { ...parameters, ...more }, reader, options, { items, operationId })
}
