import type { FeedPage } from './feed.ts'

/**
 * What a stream tells. Everything in it is a hint that may carry data: messages get lost, come twice and late, and
 * joined is not caught up.
 */
export type StreamEvent =
  /** From now on the server delivers, as far as it knows. May come again after a rejoin nobody asked for. */
  | { readonly type: 'joined' }
  /** A commit, in the shape of `changes_since`. */
  | { readonly type: 'feed'; readonly page: FeedPage }
  /** Something changed; nothing is known of it. */
  | { readonly type: 'hint' }
  /** Somebody sent what cannot be read. */
  | { readonly type: 'garbage'; readonly error: unknown }
  /** The stream is over, and stays so: whoever wants to go on opens another. */
  | { readonly type: 'lost'; readonly why: 'closed' | 'error' | 'rate'; readonly error?: unknown }

/** What the channel of a stream tells besides. */
export type ChannelEvent =
  | StreamEvent
  /** All who say that they are in the channel; each may have said anything. */
  | { readonly type: 'present'; readonly members: readonly unknown[] }
  /** Comments changed; on which cells, as the database says it. */
  | { readonly type: 'comments'; readonly said: unknown }
  /** What the database says of leases. */
  | { readonly type: 'leases'; readonly said: unknown }

/** One stay in the channel of one budget. After `lost`, or once left, it tells nothing more. */
export interface LiveStream {
  leave(): void
  /**
   * Tells the others in the channel of this client; `null`: that it is not there any more. Resolves with whether the
   * server took it. Only where the channel is private: in an open one, anybody could listen.
   */
  readonly track?: (said: object | null) => Promise<boolean>
}

/** Opens streams. Never throws: what goes wrong is told as `lost`. */
export type OpenStream = (budgetVersionId: string, tell: (event: StreamEvent) => void) => LiveStream

/** The same, with what the channel tells besides, `Without` what somebody has kept for himself. */
export type OpenChannel<Without extends ChannelEvent['type'] = never> = (
  budgetVersionId: string,
  tell: (event: Exclude<ChannelEvent, { type: Without }>) => void,
) => LiveStream

/** How a client hears of changes. */
export type StreamKind = 'broadcast' | 'postgres_changes' | 'none'
