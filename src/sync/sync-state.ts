import type { Commit, FeedPage } from '../transport/feed.ts'

// What is known of the stream and the reads of one budget, and all that can happen to it. sync-transition.ts decides,
// sync-engine.ts acts; docs/reference/sync.md tells it as a story, with the invariants and the tests that hold them.

/** Where the stream is. */
export type Link = 'off' | 'joining' | 'joined' | 'backoff' | 'ended'
/** What the one reader does: at most one read is under way. */
export type Reader = 'idle' | 'changes' | 'page' | 'backoff'

export interface SyncState {
  readonly link: Link
  readonly reader: Reader
  /** Whether there is a stream to join at all; without one, the budget is polled. */
  readonly streamed: boolean
  readonly online: boolean
  /** All commits up to this revision are in the store; `null` until a first page was read. */
  readonly cursor: number | null
  /** The newest revision that anybody spoke of. */
  readonly target: number
  /** A read of changes has to begin: anything that has happened before it begins is in its answer. */
  readonly stale: boolean
  /** Nothing can have been missed since the last read that was begun after the last doubt. */
  readonly verified: boolean
  /** Cells that a sheet asked for have still to be listed. */
  readonly unloaded: boolean
  /** Commits ahead of the cursor, kept until what lies between has been read. Bounded. */
  readonly early: readonly FeedPage[]
  /** `target` as the read under way was begun. */
  readonly asked: number
  /** Reads in a row that did not know of `target`: a message can be faster than the commit that it tells of is seen. */
  readonly unknowing: number
  /** Whether the read under way is the timer's and nothing else's: what it finds, the stream should tell as well. */
  readonly probing: boolean
  /** The newest revision that the stream told. */
  readonly heard: number
  /** What a timer's read found, and the stream has not told yet. */
  readonly untold: number | null
  readonly joinFailures: number
  readonly readFailures: number
  /** When the stream was proven to have lost something, lately. */
  readonly losses: readonly number[]
  /** The stream is not to be relied on before this time. */
  readonly lossyUntil: number | null
  /** The cursor as it was when the doubt began that is not yet cleared up. */
  readonly doubtFrom: number | null
}

export type SyncEvent =
  | { readonly type: 'open' }
  | { readonly type: 'joined' }
  | { readonly type: 'lost'; readonly why: 'closed' | 'error' | 'rate' }
  | { readonly type: 'feed'; readonly page: FeedPage }
  | { readonly type: 'hint' }
  | { readonly type: 'garbage' }
  /** The answer to a read of changes. */
  | { readonly type: 'changes'; readonly page: FeedPage }
  /** A page of the list, and whether it was the last of all that was asked for. */
  | { readonly type: 'page'; readonly revision: number; readonly last: boolean }
  /** All cells of a sheet were brought from elsewhere, as of a revision: what came after it has to be read. */
  | { readonly type: 'given'; readonly revision: number; readonly last: boolean }
  /** The page shows the budget as it was before what is known already, and was not taken in. */
  | { readonly type: 'outdated' }
  /** The read under way failed. */
  | { readonly type: 'failed' }
  /** A sheet asks for more cells. */
  | { readonly type: 'wanted' }
  | { readonly type: 'due'; readonly timer: Timer; readonly late: number }
  /** The page was shown again, or got the focus. */
  | { readonly type: 'wake' }
  | { readonly type: 'online' }
  | { readonly type: 'offline' }
  | { readonly type: 'end' }

export type Timer = 'join' | 'read' | 'poll'

export type SyncEffect =
  | { readonly type: 'join' }
  | { readonly type: 'leave' }
  | { readonly type: 'read-changes'; readonly from: number }
  | { readonly type: 'read-page' }
  | { readonly type: 'stop-reading' }
  | { readonly type: 'apply'; readonly commits: readonly Commit[] }
  /** Begin the list anew: the log does not reach back to what the store holds. */
  | { readonly type: 'relist'; readonly isRestored: boolean }
  | { readonly type: 'wait'; readonly timer: Timer; readonly after: number }
  | { readonly type: 'stop-waiting'; readonly timer: Timer }
  | { readonly type: 'healed'; readonly from: number; readonly to: number }

export interface SyncSettings {
  /** Milliseconds between looks at the budget while the stream is whole. */
  readonly calmInterval: number
  /** The same while there is no stream, or one that loses messages. */
  readonly pollInterval: number
  /** Milliseconds without a loss after which a stream is believed again. */
  readonly calm: number
  readonly baseDelay: number
  readonly maxDelay: number
}

export const defaultSettings: SyncSettings = {
  calmInterval: 30_000,
  pollInterval: 3_000,
  calm: 20_000,
  baseDelay: 500,
  maxDelay: 30_000,
}

/** What the outside adds to a decision: the time, chance (from 0 up to 1) and the settings. */
export interface Circumstances {
  readonly now: number
  readonly chance: number
  readonly settings: SyncSettings
}

export interface Step {
  readonly state: SyncState
  readonly effects: readonly SyncEffect[]
}

export function initialSync(streamed: boolean): SyncState {
  return {
    link: 'off',
    reader: 'idle',
    streamed,
    online: true,
    cursor: null,
    target: 0,
    stale: false,
    verified: false,
    unloaded: true,
    early: [],
    asked: 0,
    unknowing: 0,
    probing: false,
    heard: 0,
    untold: null,
    joinFailures: 0,
    readFailures: 0,
    losses: [],
    lossyUntil: null,
    doubtFrom: null,
  }
}

/** Whether the stream is there and tells everything. */
export function isWhole(state: SyncState): boolean {
  return state.link === 'joined' && state.lossyUntil === null
}

/**
 * Whether what the store holds is all there is, as of a read that was begun after the stream was joined; or, where the
 * stream cannot be had, after that was known.
 */
export function isCaughtUp(state: SyncState): boolean {
  const { verified, cursor, target } = state
  return verified && cursor !== null && cursor >= target && (isWhole(state) || isPolling(state))
}

/** Whether the budget is looked at from time to time instead of followed. */
export function isPolling(state: SyncState): boolean {
  return !state.streamed || state.lossyUntil !== null || (state.link !== 'joined' && state.joinFailures > 0)
}

/** Whether a page shows less than is known already: changes since then may have been passed over as unwanted. */
export function isOutdated({ cursor }: SyncState, revision: number): boolean {
  return cursor !== null && revision < cursor
}
