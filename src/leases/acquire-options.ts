import type { CallOptions } from '../transport/port.ts'

/** How a lease is acquired. The names are those of the Web Locks API, and mean the same. */
export interface AcquireOptions extends Omit<CallOptions, 'timeout'> {
  /**
   * Milliseconds that the lease lasts without a renewal, 1,000 to 600,000: how long others wait after a crash.
   * @default 30000
   */
  readonly ttl?: number | undefined
  /**
   * `true`: do not wait for somebody else; resolve with `null` where the cell is not free.
   * @default false
   */
  readonly ifAvailable?: boolean | undefined
  /**
   * `true`: take it, whoever holds it; who did will know, and it is on record.
   * @default false
   */
  readonly steal?: boolean | undefined
  /** Ends the waiting, with the signal's reason. Once the lease is acquired, it has no effect. */
  readonly signal?: AbortSignal | undefined
  /**
   * Milliseconds to wait for the lease, requests included.
   * @default Infinity
   */
  readonly timeout?: number | undefined
}
