export { createCells, type Cells } from './client.ts'
export type { CellsOptions } from './options.ts'
export type {
  CellsEvents,
  CellsLogger,
  OnRequest,
  RequestEnd,
  RequestStart,
  RetryEvent,
  UnauthorizedEvent,
} from './events.ts'
export { Budget, type ListOptions } from './budget.ts'
export type { WriteManyOptions, WriteManyResult, WriteOptions, WriteOutcome } from './batch.ts'
export type { BaseVersion, CellChange } from './change.ts'
export { CellList } from './list.ts'
export type {
  CallOptions,
  CellFilter,
  CellPage,
  ChangeType,
  Patience,
  RetryOptions,
  WriteMode,
} from './transport/port.ts'
export type { AnySupabaseClient } from './transport/supabase.ts'
export {
  cellKey,
  parseCellKey,
  type CellAddress,
  type CellKey,
  type ResolvedAddress,
} from './model/address.ts'
export type { Cell, MissingCell, StoredCell, ValueType } from './model/cell.ts'
export type { DecimalText } from './model/decimal.ts'
export { toStoredValue, type CellInput, type StoredValue } from './model/value.ts'
export {
  CellsError,
  isCellsError,
  NotInstalledError,
  ProtocolError,
  TransportError,
  UnauthorizedError,
  ValidationError,
  type CellsErrorCode,
  type CellsErrorOptions,
  type TransportErrorOptions,
} from './errors.ts'
export {
  CellLockedError,
  ForbiddenError,
  NotFoundError,
  RefusedError,
  VersionConflictError,
  type RefusedChange,
} from './model/refusals.ts'
