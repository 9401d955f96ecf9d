import type { ResolvedAddress } from '../model/address.ts'
import type { WriteResult } from '../transport/port.ts'
import {
  address,
  exactly,
  integer,
  invalid,
  list,
  object,
  outcome,
  text,
  textOrNull,
  tuple,
  type Reader,
} from '../transport/reader.ts'
import { toCell } from '../transport/wire.ts'

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
  | { readonly status: 'held'; readonly heldBy: string; readonly expiresAt: string }
  | Extract<WriteResult, { status: 'locked' | 'invalid' }>

/** What `renew_leases` says of one token: until when, or that it is lost, and to whom. */
export interface RenewReply {
  readonly status: 'renewed' | 'lost'
  readonly expiresAt?: string
  readonly heldBy?: string | null
}

function one<T>(readers: Parameters<typeof outcome>[0]): Reader<T> {
  const reply = object({ results: exactly(1, list(outcome<T>(readers))) })
  return (json, where) => reply(json, where).results[0] as T
}

/** The answer of `acquire_leases` about one cell. */
export const readAcquired = one<AcquireReply>({
  acquired: tuple({ status: text, cellId: textOrNull, token: integer, expiresAt: text }),
  held: tuple({ status: text, heldBy: text, expiresAt: text }),
  locked: tuple({ status: text, cell: toCell }),
  invalid,
})

const lost = tuple({ status: text, heldBy: textOrNull })

/** The answer of `renew_leases` about one token. */
export const readRenewed = one<RenewReply>({
  renewed: tuple({ status: text, token: integer, expiresAt: text }),
  lost,
})

/** The answer of `release_leases` about one token. */
export const readReleased = one<{ readonly status: string }>({ released: tuple({ status: text }), lost })

/** The answer of `list_leases`, and the database's time of it. */
export const readLeases = object({
  at: text,
  leases: list(
    tuple<HeldLease>({
      address,
      heldBy: text,
      token: (json, where) => (json === null ? null : integer(json, where)),
      acquiredAt: text,
      expiresAt: text,
    }),
  ),
})

const told = list(tuple({ address, heldBy: textOrNull, acquiredAt: textOrNull, expiresAt: textOrNull }))

/** A broadcast about leases: who holds these cells now, `null` for nobody; without cells where they are too many to tell. */
export const readLeaseNews = object({
  at: text,
  leases: (json, where) => (json === null ? null : told(json, where)),
})
