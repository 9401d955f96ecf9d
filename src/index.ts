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
export { Budget } from './budget.ts'
export type { WriteManyOptions, WriteManyResult, WriteOptions, WriteOutcome } from './batch.ts'
export type { BaseVersion, CellChange } from './change.ts'
export { CellList, type ListOptions } from './list.ts'
export type { CellSelection } from './selection.ts'
export { PagedList, type PageOptions } from './paged-list.ts'
export { Comments, type CommentReference, type ThreadReference } from './comments/comments.ts'
export { CommentCounts } from './comments/comment-counts.ts'
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
export { Leases, type AcquireOptions } from './leases/leases.ts'
export { Lease } from './leases/lease.ts'
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
export type { StepOptions, TurnOptions } from './history/steps.ts'
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
export {
  cellKey,
  parseCellKey,
  type CellAddress,
  type CellKey,
  type ResolvedAddress,
} from './model/address.ts'
export type { Cell, MissingCell, StoredCell, ValueType } from './model/cell.ts'
export type { DecimalText } from './model/decimal.ts'
export type { Moment } from './model/moment.ts'
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
  LeaseLostError,
  NotFoundError,
  RefusedError,
  VersionConflictError,
  type RefusedChange,
} from './model/refusals.ts'
export type { StreamKind } from './transport/stream.ts'
export type { Sheet, SheetFilter, SheetSession } from './sheet/sheet.ts'
export type {
  BatchHandle,
  Choice,
  CloseOptions,
  CloseResult,
  Conflict,
  ConflictEvent,
  ConflictPolicy,
  OpenOptions,
  PendingWrite,
  RejectedEvent,
  SheetChange,
  SheetEvents,
  SheetStatus,
  WriteHandle,
} from './sheet/sheet-types.ts'
export type { PersistentStorage, StorageError, StorageStatus } from './outbox/persistent-storage.ts'
export type { Presence, PresenceEvents, PresenceOptions } from './presence/presence.ts'
export type { Company, Person, PresencePlace } from './presence/company.ts'
export type { PresenceMode } from './presence/member.ts'
export type { PresenceColor } from './presence/palette.ts'
export type { ExternalStore, VisibleCell } from './store/facts.ts'
export type { SyncStatus } from './sync/sync-status.ts'
export type { WriteState } from './outbox/outbox-state.ts'
