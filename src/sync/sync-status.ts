import { isCaughtUp, isPolling, isWhole, type SyncState } from './sync-state.ts'

/**
 * How far what a sheet shows can be relied on.
 *
 * - `connecting`: nothing is known yet.
 * - `catching-up`: something may have been missed, and is being read.
 * - `live`: all there is, as it happens.
 * - `polling`: all there was a moment ago; the stream cannot be had just now, or loses messages.
 * - `offline`: the server cannot be reached. Writes are kept.
 * - `closed`: the sheet was closed, or its budget is gone.
 */
export type SyncStatus = 'connecting' | 'catching-up' | 'live' | 'polling' | 'offline' | 'closed'

export function statusOf(state: SyncState): SyncStatus {
  if (state.link === 'ended') return 'closed'
  if (!state.online || state.readFailures > 0) return 'offline'
  if (isCaughtUp(state)) return isWhole(state) ? 'live' : 'polling'
  if (state.verified && state.lossyUntil !== null) return 'polling'
  return state.link === 'joined' || isPolling(state) ? 'catching-up' : 'connecting'
}
