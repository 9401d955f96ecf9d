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
export type { BaseVersion, CellChange, ChangeOf } from './change.ts'
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
export { cellKey, parseCellKey, type CellAddress, type ResolvedAddress } from './model/address.ts'
export type {
  BudgetVersionId,
  CellId,
  CellKey,
  CommentId,
  EntityId,
  Kind,
  OperationId,
  SessionId,
  ThreadId,
  UserId,
} from './model/ids.ts'
export type {
  AnyCell,
  Cell,
  CellRow,
  Existing,
  MissingCell,
  NamedAddress,
  StoredCell,
  TypedCell,
  UnreadableCell,
  ValueType,
} from './model/cell.ts'
export type { DecimalText } from './model/decimal.ts'
export type { CellInput } from './model/value.ts'
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
  type Caught,
  type CaughtCell,
  type RefusedChange,
} from './model/refusals.ts'
export { defineModules, Modules, type ModuleDefinitions } from './modules/modules.ts'
export { decimal, type DecimalOptions } from './modules/decimal.ts'
export { boolean, date, oneOf, text } from './modules/text.ts'
export { validated } from './modules/validated.ts'
export {
  custom,
  type AnyField,
  type Codec,
  type Dimensions,
  type Field,
  type FieldDefinition,
  type InputOf,
  type Presence,
  type ValueOf,
} from './modules/field.ts'
export type {
  AddressAt,
  CellAt,
  FieldName,
  InputAt,
  ListedCell,
  ModuleName,
  NoModules,
} from './modules/types.ts'
export { UnreadableValueError } from './modules/unreadable.ts'
