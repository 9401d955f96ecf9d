import type { ResolvedAddress } from '../model/address.ts'
import type { WriteResult } from '../transport/port.ts'
import { fits, isInteger, isText, isTextOrNull, parse, unexpected, type Where } from '../transport/shape.ts'
import { toAddress, toResult } from '../transport/wire.ts'

/** Somebody's lease of a cell. Times are ISO 8601, by the database's clock. */
export interface HeldLease {
  readonly address: ResolvedAddress
  /** The user id of who is editing the cell. */
  readonly heldBy: string
  /** Where it is the caller's own. */
  readonly token: number | null
  readonly acquiredAt: string
  readonly expiresAt: string
}

/** What `acquire_leases` says of one cell. */
export type AcquireReply =
  | { readonly status: 'acquired'; readonly token: number; readonly expiresAt: string }
  | { readonly status: 'held'; readonly by: string; readonly expiresAt: string }
  | Extract<WriteResult, { status: 'locked' | 'invalid' }>

/** What `renew_leases` says of one token: until when, or that it is lost, and to whom. */
export type RenewReply =
  | { readonly status: 'renewed'; readonly expiresAt: string }
  | { readonly status: 'lost'; readonly stolenBy: string | null }

function decodeOne<T>(json: unknown, operation: string, read: (result: unknown, where: Where) => T): T {
  const { results } = parse<{ results: unknown[] }>(json, operation, {
    results: (given) => Array.isArray(given) && given.length === 1,
  })
  return read(results[0], () => `${operation}, results.0`)
}

/** The answer of `acquire_leases` about one cell. */
export function decodeAcquired(json: unknown): AcquireReply {
  return decodeOne(json, 'acquire_leases', (result, where) => {
    const [status, first, token, expiresAt] = Array.isArray(result) ? (result as unknown[]) : []
    if (status === 'acquired' && isTextOrNull(first) && isInteger(token) && isText(expiresAt)) {
      return { status, token, expiresAt }
    }
    if (status === 'held' && isText(first) && isText(token)) return { status, by: first, expiresAt: token }
    const refused = toResult(result, where, null, '')
    if (refused.status === 'locked' || refused.status === 'invalid') return refused
    throw unexpected(`${where()}: not the result of a lease`, result)
  })
}

/** The answer of `renew_leases` about one token. */
export function decodeRenewed(json: unknown): RenewReply {
  return decodeOne(json, 'renew_leases', (result, where) => {
    const [status, first, expiresAt] = Array.isArray(result) ? (result as unknown[]) : []
    if (status === 'renewed' && isInteger(first) && isText(expiresAt)) return { status, expiresAt }
    if (status === 'lost' && isTextOrNull(first)) return { status, stolenBy: first }
    throw unexpected(`${where()}: not the result of a renewal`, result)
  })
}

/** The answer of `release_leases` about one token: whether it was held until now. */
export function decodeReleased(json: unknown): boolean {
  return decodeOne(json, 'release_leases', (result, where) => {
    const [status] = Array.isArray(result) ? (result as unknown[]) : []
    if (status === 'released' || status === 'lost') return status === 'released'
    throw unexpected(`${where()}: not the result of a release`, result)
  })
}

/** The answer of `list_leases`. */
export function decodeLeases(json: unknown): HeldLease[] {
  const { leases } = parse<{ leases: unknown[] }>(json, 'list_leases', { leases: Array.isArray })
  return leases.map((lease, index) => {
    const where = () => `list_leases, leases.${index}`
    const isToken = (value: unknown) => value === null || isInteger(value)
    if (!fits(lease, [Array.isArray, isText, isToken, isText, isText])) {
      throw unexpected(`${where()}: not a lease`, lease)
    }
    const [key, heldBy, token, acquiredAt, expiresAt] = lease as [
      unknown,
      string,
      number | null,
      string,
      string,
    ]
    return { address: toAddress(key, where), heldBy, token, acquiredAt, expiresAt }
  })
}
