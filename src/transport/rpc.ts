import type { CellsError } from '../errors.ts'
import type { Refusal } from './port.ts'

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
