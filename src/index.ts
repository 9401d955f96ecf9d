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
export { Budget, type BaseOption } from './budget.ts'
export type { WriteManyOptions, WriteManyResult, WriteOptions, WriteOutcome } from './batch.ts'
export type { BaseVersion, CellChange, ChangeOf, LooseChange } from './change.ts'
export type { CheckedChange, CheckedChanges, OutcomeOf, OutcomesAt } from './typed-change.ts'
export { CellList, type ListOptions } from './list.ts'
export type { CellsSnapshot } from './snapshot.ts'
export type { CellSelection } from './selection.ts'
export { PagedList, type PageOptions } from './paged-list.ts'
export { Comments } from './comments/comments.ts'
export type { CommentReference, ThreadReference } from './comments/comment.ts'
export type { CommentCounts } from './comments/comment-counts.ts'
export type {
  CellComment,
  CommentCount,
  CommentOptions,
  CommentThread,
  EditCommentOptions,
  InboxFilter,
  InboxPage,
  Mention,
  ThreadPage,
  ThreadState,
} from './comments/comment.ts'
export { Locks } from './locks/locks.ts'
export type {
  LockedCell,
  LockedPage,
  LockOptions,
  LockOutcome,
  LockResult,
  UnlockOptions,
} from './locks/lock.ts'
export { Leases } from './leases/leases.ts'
export type { AcquireOptions } from './leases/acquire-options.ts'
export type { Lease } from './leases/lease.ts'
export type { HeldLease } from './leases/lease-wire.ts'
export { Session, type CellWriting, type SessionName } from './session.ts'
export { History, type ChangeListOptions } from './history/history.ts'
export { ChangeList } from './history/change-list.ts'
export type { ChangeFilter, OneOrMore } from './history/change-filter.ts'
export type {
  ChangeCursor,
  ChangePage,
  ChangeRecord,
  LoggedChangeType,
  RecordedValue,
} from './history/changes-wire.ts'
export { PastBudget, type CellReading } from './history/past.ts'
export type { RestoreOptions } from './history/restore.ts'
export type { StepOptions, TurnOptions, TurnProgress } from './history/steps.ts'
export type {
  CellOutcome,
  NoStep,
  PreviewedStep,
  RedoResult,
  RestoreOutcome,
  RestoreResult,
  Step,
  StepOutcome,
  StepPreview,
  StepState,
  Turn,
  TurnedStep,
  UndoResult,
} from './history/step.ts'
export type {
  AddressFilter,
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
export type { Moment } from './model/moment.ts'
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
  LeaseLostError,
  NotFoundError,
  RefusedError,
  VersionConflictError,
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
  AddressPart,
  AnyInput,
  AnyName,
  CellAt,
  CellOf,
  CellsAt,
  CheckedAddress,
  CheckedReference,
  CheckedReferences,
  Defined,
  DefinitionAt,
  FieldName,
  InputAt,
  InputOfReference,
  ListedAt,
  ListedCell,
  ModuleName,
  NamesIn,
  NoModules,
  PresenceAt,
  Untyped,
} from './modules/types.ts'
export type { ModuleRules } from './modules/rules.ts'
export { UnreadableValueError } from './modules/unreadable.ts'
export type { StreamKind } from './transport/stream.ts'
export type { Sheet, SheetSession } from './sheet/sheet.ts'
export type {
  BatchAt,
  BatchHandle,
  CheckedSheetChange,
  CheckedSheetChanges,
  ConfirmedOf,
  HandleAt,
  HandleOf,
  LooseSheetChange,
  SeenCell,
  SheetFilter,
  Choice,
  CloseOptions,
  CloseResult,
  Conflict,
  ConflictPolicy,
  OpenOptions,
  PendingWrite,
  SetOptions,
  SheetChange,
  SheetStatus,
  WriteHandle,
} from './sheet/sheet-types.ts'
export type { CommentedCells } from './sheet/comment-news.ts'
export type { ConflictEvent, EditLostEvent, RejectedEvent, SheetEvents } from './sheet/sheet-events.ts'
export type { PersistentStorage, StorageError, StorageStatus } from './outbox/persistent-storage.ts'
export type {
  AnyVisibleCell,
  TypedVisibleCell,
  UnreadableVisibleCell,
  VisibleAt,
  VisibleField,
} from './sheet/typed-cells.ts'
export type { CellEdit, EditAt } from './sheet/cell-edit.ts'
export type { SheetLease, SheetLeases } from './editing/sheet-leases.ts'
export type { PresenceEvents, PresenceOptions, SheetPresence } from './presence/presence.ts'
export type { Company, Person, PresencePlace } from './presence/company.ts'
export type { PresenceMode } from './presence/member.ts'
export type { PresenceColor } from './presence/palette.ts'
export type { ExternalStore, VisibleCell } from './store/facts.ts'
export type { SyncStatus } from './sync/sync-status.ts'
export type { WriteState } from './outbox/outbox-state.ts'
