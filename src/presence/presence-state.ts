import type { Place } from './member.ts'

// Pure: when to say where this window is. The server closes the channel at the sixth call within 30 seconds, so calls are
// paid for with time, and the newest place is said when there is enough of it. presence.ts acts for it.

export interface PresenceState {
  /** Whether there is a channel to say it in, and somebody to say it of. */
  readonly isJoined: boolean
  /** `null`: nobody here wants to be seen. */
  readonly wanted: Place | null
  /** What the server holds; `undefined` where that is not known. */
  readonly said: Place | null | undefined
  /** What is being said just now. */
  readonly saying: Place | null | undefined
  /** How many calls there have been. */
  readonly calls: number
  /** Milliseconds saved up at the time `countedAt`, to pay for calls with. */
  readonly credit: number
  readonly countedAt: number
  /** When this window moved last. */
  readonly movedAt: number
}

export type PresenceEvent =
  | { readonly type: 'joined' }
  | { readonly type: 'lost' }
  /** A move of the user's; `null`: he does not want to be seen any more. */
  | { readonly type: 'move'; readonly to: Pick<Place, 'cell' | 'mode'> | null }
  /** What was being said was taken, or was not. */
  | { readonly type: 'answered'; readonly isTaken: boolean }
  | { readonly type: 'tick' }

export interface PresenceSettings {
  /** Milliseconds without a move after which a user is idle. */
  readonly idleAfter: number
}

/** Two calls at once, and one every twelve seconds: four in any 30 seconds, where the server takes five. */
const price = 12_000
const mostCredit = 2 * price
/** Of floating-point milliseconds, some are lost in adding up. */
const rounding = 1

export function initialPresence(now: number): PresenceState {
  return {
    isJoined: false,
    wanted: null,
    said: null,
    saying: undefined,
    calls: 0,
    credit: mostCredit,
    countedAt: now,
    movedAt: now,
  }
}

/** A state with one more of `calls` asks for `saying` to be said. */
export function step(
  before: PresenceState,
  event: PresenceEvent,
  now: number,
  settings: PresenceSettings,
): PresenceState {
  return say(idle(take(earn(before, now), event, now), now, settings))
}

/** When to look again, if nothing happens before. */
export function nextTick(state: PresenceState, { idleAfter }: PresenceSettings): number {
  const idleAt = state.wanted === null || state.wanted.isIdle ? Infinity : state.movedAt + idleAfter
  const isOwed = state.isJoined && state.saying === undefined && !isSame(state.said, state.wanted)
  const payable = isOwed ? state.countedAt + Math.max(0, price - state.credit) : Infinity
  return Math.min(idleAt, payable)
}

function take(state: PresenceState, event: PresenceEvent, now: number): PresenceState {
  switch (event.type) {
    case 'joined':
      // A new stay, in which nobody has heard of us. What it costs is paid for all the same.
      return { ...state, isJoined: true, said: null, saying: undefined }
    case 'lost':
      return { ...state, isJoined: false, said: null, saying: undefined }
    case 'move':
      return { ...state, wanted: event.to && { ...event.to, isIdle: false }, movedAt: now }
    case 'answered':
      return { ...state, said: event.isTaken ? state.saying : undefined, saying: undefined }
    case 'tick':
      return state
  }
}

function earn(state: PresenceState, now: number): PresenceState {
  const credit = Math.min(mostCredit, state.credit + now - state.countedAt)
  return { ...state, credit, countedAt: now }
}

function idle(state: PresenceState, now: number, { idleAfter }: PresenceSettings): PresenceState {
  const { wanted, movedAt } = state
  if (wanted === null || wanted.isIdle || now < movedAt + idleAfter) return state
  return { ...state, wanted: { ...wanted, isIdle: true } }
}

function say(state: PresenceState): PresenceState {
  const { isJoined, wanted, said, saying, calls, credit } = state
  if (!isJoined || saying !== undefined || credit < price - rounding || isSame(said, wanted)) return state
  return { ...state, saying: wanted, calls: calls + 1, credit: credit - price }
}

function isSame(one: Place | null | undefined, other: Place | null | undefined): boolean {
  if (!one || !other) return one === other
  return one.cell === other.cell && one.mode === other.mode && one.isIdle === other.isIdle
}
