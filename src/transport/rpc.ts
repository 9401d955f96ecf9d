import type { CellsError } from '../errors.ts'
import type { CallOptions, Refusal } from './port.ts'

/**
 * One call of a database function. It can be sent any number of times: reads by their nature, writes because their
 * parameters carry one operation id, made before the first request.
 */
export interface RpcCall<T> {
  readonly operation: string
  readonly budgetVersionId: string
  /** How many changes or references it carries, or cells it asks for. */
  readonly items: number
  readonly operationId?: string
  readonly parameters: Readonly<Record<string, unknown>>
  /** @throws {ProtocolError} where the answer is in another shape. */
  readonly decode: (json: unknown) => T
}

/** What became of one request. `status` is HTTP's, 0 where there was no answer. */
export type Answer<T = unknown> =
  | { readonly status: number; readonly data: T; readonly failure?: never }
  | { readonly status: number; readonly failure: CellsError | Refusal }

/** Whoever answers calls. */
export interface Server {
  /** Sends one request and never rejects. */
  request(
    operation: string,
    parameters: Readonly<Record<string, unknown>>,
    signal: AbortSignal,
  ): Promise<Answer>
  /** Whether the next request will carry another token than the last. */
  refreshToken(): Promise<boolean>
}

/** Sends a call until it is answered, refused or given up. */
export type Send = <T>(call: RpcCall<T>, options: CallOptions) => Promise<T>
