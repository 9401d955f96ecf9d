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

/** One stay in the channel of one budget. After `lost`, or once left, it tells nothing more. */
export interface LiveStream {
  leave(): void
}

/** Opens streams. Never throws: what goes wrong is told as `lost`. */
export type OpenStream = (budgetVersionId: string, tell: (event: StreamEvent) => void) => LiveStream

/** How a client hears of changes. */
export type StreamKind = 'broadcast' | 'postgres_changes' | 'none'
