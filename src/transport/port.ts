import type { StoredCell } from '../model/cell.ts'
import type { ResolvedAddress } from '../model/address.ts'
import type { EntityId, UserId } from '../model/ids.ts'
import type { MomentParameters } from '../model/moment.ts'
import type { StoredValue } from '../model/value.ts'
import type { CellsError, CellsErrorCode } from '../errors.ts'
import type { Clock } from './clock.ts'

/** How a call that failed for a passing reason is sent again. Waits double from `baseDelay`, with jitter. */
export interface RetryOptions {
  /**
   * The most requests of one call, the first one included.
   * @default 4
   */
  readonly attempts?: number | undefined
  /**
   * Milliseconds before the second request, at most; at least half of it.
   * @default 250
   */
  readonly baseDelay?: number | undefined
  /**
   * The longest wait that the library chooses by itself, in milliseconds. A server's `Retry-After` may ask for more.
   * @default 8000
   */
  readonly maxDelay?: number | undefined
}

/** How long a call waits, and how often it is sent. */
export interface Patience {
  /**
   * Milliseconds for the whole call: every request, every wait and every part of a divided batch. `Infinity` for none.
   * @default 60000
   */
  readonly timeout?: number | undefined
  /**
   * Milliseconds for one request. `Infinity` for none.
   * @default 20000
   */
  readonly attemptTimeout?: number | undefined
  /** `false`: each request is sent once, whatever becomes of it. */
  readonly retry?: RetryOptions | false | undefined
}

/** For one call. What is not set is as {@link createCells} was told. */
export interface CallOptions extends Patience {
  /** Ends the call at once, wherever it is, with the signal's reason. */
  readonly signal?: AbortSignal | undefined
}

export type CellReference = string | ResolvedAddress

/** Which cells of a budget; every member is optional, members are ANDed. */
export interface CellFilter<Module extends string = string, Field extends string = string> {
  readonly module?: Module | readonly Module[] | undefined
  /** `null` for cells without an entity. */
  readonly entity?: EntityId | null | readonly (EntityId | null)[] | undefined
  readonly field?: Field | readonly Field[] | undefined
  /** `null` for cells without a period. */
  readonly period?: string | null | readonly (string | null)[] | undefined
  readonly locked?: boolean | undefined
  /** The user id of who wrote last. */
  readonly modifiedBy?: UserId | undefined
}

/** Whether one bad change refuses the whole batch (`atomic`) or is reported beside the good ones (`partial`). */
export type WriteMode = 'atomic' | 'partial'

/** Which cells, by what never changes about them. */
export type AddressFilter = Pick<CellFilter, 'module' | 'entity' | 'field' | 'period'>

/** What kind of change the log shows; `calculation` never enters a user's undo stack. */
export type ChangeType = 'manual' | 'spread' | 'import' | 'calculation'

export interface WriteItem {
  readonly reference: CellReference
  /** `null` deletes the cell. */
  readonly value: StoredValue | null
  /** The version that the change is based on, 0 for a cell that must not exist yet, `'*'` for any but none, `null` for any. */
  readonly base: number | '*' | null
  /** The fencing token: the change lands only while that lease is held. */
  readonly lease?: number | undefined
}

export interface WriteRequest {
  readonly budgetVersionId: string
  readonly items: readonly WriteItem[]
  readonly mode: WriteMode
  readonly changeType: ChangeType
  readonly operationId: string
  readonly session: { readonly id: string; readonly label?: string | undefined } | null
  /** `false`: a `partial` batch may not be sent in parts. */
  readonly divide?: boolean | undefined
}

export type WriteResult =
  | {
      readonly status: 'written'
      readonly id: string
      readonly version: number
      readonly by: string | null
      readonly at: string
    }
  | { readonly status: 'unchanged'; readonly cell: StoredCell | null }
  | { readonly status: 'conflict'; readonly cell: StoredCell | null }
  | { readonly status: 'locked'; readonly cell: StoredCell }
  | {
      readonly status: 'lease_lost'
      readonly cell: StoredCell | null
      readonly heldBy: string | null
      readonly heldUntil: string | null
    }
  | { readonly status: 'forbidden' | 'not_found'; readonly message: string }
  | { readonly status: 'invalid'; readonly field: string; readonly message: string }
  /** The batch was divided, and the part that held this item got no answer. */
  | { readonly status: 'failed'; readonly error: CellsError | Refusal }

export interface WriteReply {
  readonly revision: number
  readonly operationId: string
  readonly sessionId: string
  readonly results: readonly WriteResult[]
}

export interface CellsReply {
  readonly revision: number
  readonly cells: readonly (StoredCell | null)[]
}

/** One page of a list: one moment’s truth. */
export interface CellPage<Read = StoredCell> {
  /** The budget's revision that this page shows. */
  readonly revision: number
  readonly cells: readonly Read[]
  readonly next: string | null
}

/**
 * One call of a database function. It can be sent any number of times: reads by their nature, writes because their
 * parameters carry one operation id, made before the first request.
 */
export interface RpcCall<T> {
  readonly operation: string
  /** `null` for a call about all budgets of the caller. */
  readonly budgetVersionId: string | null
  /** How many changes or references it carries, or cells it asks for. */
  readonly items: number
  readonly operationId?: string
  readonly parameters: Readonly<Record<string, unknown>>
  /** @throws {ProtocolError} where the answer is in another shape. */
  readonly decode: (json: unknown) => T
}

/** Sends a call until it is answered, refused or given up. */
export type Send = <T>(call: RpcCall<T>, options: CallOptions) => Promise<T>

/** A page, with how many cells were asked for in the end: the server may not be able to do more at once. */
export interface LimitedPage<Read = StoredCell> extends CellPage<Read> {
  readonly limit: number
}

/** What reads cells, as they are or as they were. */
export interface CellsReader {
  readCells(
    budgetVersionId: string,
    references: readonly CellReference[],
    options: CallOptions,
  ): Promise<CellsReply>
  listCells(
    budgetVersionId: string,
    filter: CellFilter,
    after: string | null,
    limit: number,
    options: CallOptions,
  ): Promise<LimitedPage>
}

/** What the library needs of a server. Rejects with a `CellsError`, a {@link Refusal} or the signal's reason. */
export interface CellsTransport extends CellsReader {
  writeCells(request: WriteRequest, options: CallOptions): Promise<WriteReply>
  /** The same, but that it reads cells as they were at the moment. */
  asOf(moment: MomentParameters): CellsTransport
  /** Any other function of the database; whoever calls it says how its answer is read. */
  readonly send: Send
  /** Of whoever waits between calls, or renews something in time. */
  readonly clock: Clock
}

/** The database understood the call and refused it whole; whoever made the call knows what it was about. */
export class Refusal extends Error {
  readonly code: Extract<
    CellsErrorCode,
    'version_conflict' | 'locked' | 'lease_lost' | 'forbidden' | 'not_found' | 'invalid'
  >
  readonly hint: string | undefined
  readonly results: readonly (readonly [index: number, result: WriteResult])[]
  readonly argument: { readonly field: string; readonly given: unknown; readonly allowed: string } | undefined

  constructor(
    message: string,
    parts: Pick<Refusal, 'code' | 'hint' | 'results' | 'argument'> & { readonly cause: unknown },
  ) {
    super(message, { cause: parts.cause })
    this.code = parts.code
    this.hint = parts.hint
    this.results = parts.results
    this.argument = parts.argument
  }
}
