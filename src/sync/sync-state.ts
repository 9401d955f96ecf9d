import type { Commit, FeedPage } from '../transport/feed.ts'

// Pure: what to do about the stream and the reads of one budget. sync-engine.ts acts for it; docs/reference/sync.md tells
// it as a story, with the invariants and the tests that hold them.

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

/** Commits kept ahead of the cursor, at most; of more only the newest revision is remembered. */
export const earlyLimit = 100
/** So many losses within {@link SyncSettings.calm} make a stream lossy. */
const tolerated = 3
/** After so many reads that know nothing of it, what a message said was not so. */
export const patience = 5
/** A timer that comes later than this slept: the computer was closed, or the page frozen. */
const sleep = 10_000

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

type LinkEvent = 'open' | 'joined' | 'lost' | 'due' | 'wake' | 'online' | 'offline' | 'end'
type LinkMove = 'stay' | 'join' | 'confirm' | 'fall back' | 'leave' | 'end'

/** What becomes of the stream: every state, every event that concerns it. */
export const linkTable: Readonly<Record<Link, Readonly<Record<LinkEvent, LinkMove>>>> = {
  off: {
    open: 'join',
    joined: 'stay',
    lost: 'stay',
    due: 'stay',
    wake: 'stay',
    online: 'join',
    offline: 'leave',
    end: 'end',
  },
  joining: {
    open: 'stay',
    joined: 'confirm',
    lost: 'fall back',
    due: 'stay',
    wake: 'stay',
    online: 'stay',
    offline: 'leave',
    end: 'end',
  },
  joined: {
    open: 'stay',
    joined: 'confirm',
    lost: 'fall back',
    due: 'stay',
    wake: 'stay',
    online: 'stay',
    offline: 'leave',
    end: 'end',
  },
  backoff: {
    open: 'stay',
    joined: 'stay',
    lost: 'stay',
    due: 'join',
    wake: 'join',
    online: 'join',
    offline: 'leave',
    end: 'end',
  },
  ended: {
    open: 'stay',
    joined: 'stay',
    lost: 'stay',
    due: 'stay',
    wake: 'stay',
    online: 'stay',
    offline: 'stay',
    end: 'stay',
  },
}

type ReaderEvent = 'changes' | 'page' | 'outdated' | 'failed' | 'due' | 'wake' | 'online' | 'offline'
type ReaderMove = 'stay' | 'take changes' | 'take page' | 'look again' | 'fall back' | 'resume' | 'stop'

/** What becomes of the reader. An answer to a question that is not open any more is not heard. */
export const readerTable: Readonly<Record<Reader, Readonly<Record<ReaderEvent, ReaderMove>>>> = {
  idle: {
    changes: 'stay',
    page: 'stay',
    outdated: 'stay',
    failed: 'stay',
    due: 'stay',
    wake: 'stay',
    online: 'stay',
    offline: 'stay',
  },
  changes: {
    changes: 'take changes',
    page: 'stay',
    outdated: 'stay',
    failed: 'fall back',
    due: 'stay',
    wake: 'stay',
    online: 'stay',
    offline: 'stop',
  },
  page: {
    changes: 'stay',
    page: 'take page',
    outdated: 'look again',
    failed: 'fall back',
    due: 'stay',
    wake: 'stay',
    online: 'stay',
    offline: 'stop',
  },
  backoff: {
    changes: 'stay',
    page: 'stay',
    outdated: 'stay',
    failed: 'stay',
    due: 'resume',
    wake: 'resume',
    online: 'resume',
    offline: 'stop',
  },
}

/** The one decision. Total: every event is decided in every state. */
export function transition(before: SyncState, event: SyncEvent, circumstances: Circumstances): Step {
  if (before.link === 'ended') return { state: before, effects: [] }
  const draft = new Draft(before, circumstances)
  hear(draft, event)
  const linkMove = moveOfLink(draft.state.link, event)
  if (linkMove !== 'stay') moveLink(draft, linkMove, event)
  const readerMove = moveOfReader(draft.state.reader, event)
  if (readerMove !== 'stay') moveReader(draft, readerMove, event)
  if (draft.state.link !== 'ended') settle(draft, before, event)
  return { state: draft.state, effects: draft.effects }
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

/** A state under construction, with what has to be done about it. */
class Draft {
  state: SyncState
  readonly effects: SyncEffect[] = []
  readonly circumstances: Circumstances

  constructor(state: SyncState, circumstances: Circumstances) {
    this.state = state
    this.circumstances = circumstances
  }

  set(change: Partial<SyncState>): void {
    this.state = { ...this.state, ...change }
  }

  act(effect: SyncEffect): void {
    this.effects.push(effect)
  }

  /** Something may have been missed: only a read begun from now on can tell. */
  doubt(): void {
    const { verified, cursor, doubtFrom } = this.state
    this.set({ stale: true, verified: false, doubtFrom: verified ? cursor : doubtFrom })
  }

  /** Something was missed for sure. A stream that does so all the time is not run after: the timer reads. */
  miss(): void {
    this.lose()
    if (this.state.lossyUntil === null) this.doubt()
  }

  /** The stream has lost something, or everything. */
  lose(weight = 1): void {
    const { now, chance, settings } = this.circumstances
    const recent = this.state.losses.filter((time) => time > now - settings.calm)
    const losses = [...recent, ...Array.from({ length: weight }, () => now)].slice(-tolerated)
    const lossy = this.state.lossyUntil !== null || losses.length >= tolerated
    this.set({ losses, lossyUntil: lossy ? now + settings.calm * (1 + chance / 2) : null })
  }
}

/** What an event says about the budget, whatever stream and reader are doing. */
function hear(draft: Draft, event: SyncEvent): void {
  if (event.type === 'feed') hearFeed(draft, event.page)
  if (event.type === 'hint') draft.set({ stale: true, probing: false, untold: null })
  if (event.type === 'garbage') draft.miss()
  if (event.type === 'wanted') draft.set({ unloaded: true })
  if (event.type === 'given') {
    takePage(draft, event.revision, event.last)
    draft.set({ stale: true })
  }
  if (event.type === 'wake') draft.doubt()
  if (event.type === 'online') {
    draft.set({ online: true, joinFailures: 0, readFailures: 0 })
    draft.doubt()
  }
  if (event.type === 'offline') {
    draft.set({ online: false })
    draft.doubt()
  }
  if (event.type === 'due' && event.timer === 'poll') look(draft, event.late)
}

function hearFeed(draft: Draft, page: FeedPage): void {
  const { cursor, reader, stale, early, untold } = draft.state
  const heard = Math.max(draft.state.heard, page.revision)
  const target = Math.max(draft.state.target, page.revision)
  draft.set({ heard, target, untold: untold !== null && heard >= untold ? null : untold })
  // Too large to be sent, or not to be told: the new target is all there is to it.
  if (page.resync || page.to === page.from) return
  if (cursor !== null && page.to <= cursor) return
  if (cursor !== null && page.from <= cursor) {
    take(draft, page)
    return
  }
  if (early.length < earlyLimit) draft.set({ early: [...early, page] })
  // While a read is under way, or due, this is no news: its answer, or the one after it, leads up to here.
  if (cursor !== null && !stale && reader !== 'changes') draft.miss()
}

/** Commits that connect to the cursor, and those that connect to them. */
function take(draft: Draft, page: FeedPage): void {
  draft.act({ type: 'apply', commits: page.commits })
  draft.set({ cursor: Math.max(draft.state.cursor ?? 0, page.to) })
}

/** The timer says that it is time to look. */
function look(draft: Draft, late: number): void {
  const { now } = draft.circumstances
  const { link, reader, untold, lossyUntil, verified, stale } = draft.state
  // What the last look found should have come by the stream by now.
  if (link === 'joined' && untold !== null) draft.lose(tolerated)
  else if (lossyUntil !== null && lossyUntil <= now) draft.set({ lossyUntil: null, losses: [] })
  if (late > sleep) draft.doubt()
  draft.set({ untold: null, probing: reader === 'idle' && verified && !stale && late <= sleep, stale: true })
}

function moveOfLink(link: Link, event: SyncEvent): LinkMove {
  if (event.type === 'due') return event.timer === 'join' ? linkTable[link].due : 'stay'
  return event.type in linkTable[link] ? linkTable[link][event.type as LinkEvent] : 'stay'
}

function moveLink(draft: Draft, move: LinkMove, event: SyncEvent): void {
  const { state, circumstances } = draft
  switch (move) {
    case 'join':
      if (!state.streamed) return
      draft.set({ link: 'joining' })
      draft.act({ type: 'stop-waiting', timer: 'join' })
      draft.act({ type: 'join' })
      return
    case 'confirm':
      draft.set({ link: 'joined', joinFailures: 0, untold: null })
      draft.doubt()
      return
    case 'fall back': {
      const rate = event.type === 'lost' && event.why === 'rate'
      if (rate) draft.lose(tolerated)
      const failures = state.joinFailures + 1
      const { calm } = circumstances.settings
      const after = rate ? calm * (1 + circumstances.chance / 2) : delay(failures, circumstances)
      draft.set({ link: 'backoff', joinFailures: failures })
      draft.doubt()
      draft.act({ type: 'wait', timer: 'join', after })
      return
    }
    case 'leave':
      draft.set({ link: 'off' })
      draft.act({ type: 'stop-waiting', timer: 'join' })
      draft.act({ type: 'leave' })
      return
    case 'end':
      draft.set({ link: 'ended', reader: 'idle', verified: false, early: [] })
      draft.act({ type: 'leave' })
      draft.act({ type: 'stop-reading' })
      for (const timer of ['join', 'read', 'poll'] as const) draft.act({ type: 'stop-waiting', timer })
      return
    case 'stay':
  }
}

function moveOfReader(reader: Reader, event: SyncEvent): ReaderMove {
  if (event.type === 'due') return event.timer === 'read' ? readerTable[reader].due : 'stay'
  return event.type in readerTable[reader] ? readerTable[reader][event.type as ReaderEvent] : 'stay'
}

function moveReader(draft: Draft, move: ReaderMove, event: SyncEvent): void {
  const { state, circumstances } = draft
  switch (move) {
    case 'take changes':
      draft.set({ reader: 'idle', readFailures: 0, probing: false })
      if (event.type === 'changes') takeChanges(draft, event.page, state.probing)
      return
    case 'take page':
      draft.set({ reader: 'idle', readFailures: 0 })
      if (event.type === 'page') takePage(draft, event.revision, event.last)
      return
    case 'look again':
      lookAgain(draft)
      return
    case 'fall back': {
      const readFailures = state.readFailures + 1
      const stale = state.stale || state.reader === 'changes'
      draft.set({ reader: 'backoff', readFailures, stale, probing: false })
      draft.act({ type: 'wait', timer: 'read', after: delay(readFailures, circumstances) })
      return
    }
    case 'resume':
      draft.set({ reader: 'idle' })
      draft.act({ type: 'stop-waiting', timer: 'read' })
      return
    case 'stop':
      draft.set({ reader: 'idle', probing: false })
      draft.act({ type: 'stop-waiting', timer: 'read' })
      draft.act({ type: 'stop-reading' })
      return
    case 'stay':
  }
}

function takeChanges(draft: Draft, page: FeedPage, probing: boolean): void {
  const { asked, link, heard } = draft.state
  const known = Math.max(heard, draft.state.cursor ?? 0)
  // Behind the cursor: restored from a backup, or a read that was faster than the commit was seen.
  if (page.resync && page.revision < (draft.state.cursor ?? 0) && lookAgain(draft)) return
  if (page.resync) {
    draft.act({ type: 'relist', isRestored: page.revision < (draft.state.cursor ?? 0) })
    draft.set({ cursor: null, unloaded: true, verified: false, target: page.revision, early: [] })
    return
  }
  take(draft, page)
  const { cursor, target } = draft.state
  draft.set({ target: Math.max(target, page.revision) })
  const isComplete = page.to >= page.revision
  if (!isComplete) draft.set({ stale: true })
  else if (target <= page.revision || target !== asked) draft.set({ unknowing: 0 })
  else if (!lookAgain(draft)) {
    const early = draft.state.early.filter(({ to }) => to <= page.revision)
    draft.set({ target: Math.max(page.revision, cursor ?? 0), early, stale: false })
  }
  if (probing && link === 'joined' && cursor !== null && cursor > known) draft.set({ untold: cursor })
}

/**
 * A read knows less than was told: a message can be faster than the commit that it tells of is seen. Reads again soon, and
 * says whether it does: after some reads that know nothing of it, it was not so.
 */
function lookAgain(draft: Draft): boolean {
  const { unknowing } = draft.state
  const isPatient = unknowing + 1 < patience
  draft.set({ reader: isPatient ? 'backoff' : 'idle', unknowing: isPatient ? unknowing + 1 : 0, stale: true })
  if (!isPatient) return false
  const { settings, chance } = draft.circumstances
  draft.act({
    type: 'wait',
    timer: 'read',
    after: settings.baseDelay * 0.1 * 2 ** unknowing * (0.5 + chance),
  })
  return true
}

/** Whether a page shows less than is known already: changes since then may have been passed over as unwanted. */
export function isOutdated({ cursor }: SyncState, revision: number): boolean {
  return cursor !== null && revision < cursor
}

function takePage(draft: Draft, revision: number, last: boolean): void {
  const { cursor, target } = draft.state
  draft.set({ cursor: cursor ?? revision, target: Math.max(target, revision), unloaded: !last, unknowing: 0 })
}

/** After every event: what connects is applied, what is missing is read, and the timer keeps the pace. */
function settle(draft: Draft, before: SyncState, event: SyncEvent): void {
  connect(draft)
  const { cursor, target, lossyUntil, reader } = draft.state
  const behind = cursor !== null && cursor < target && lossyUntil === null
  if (behind && reader !== 'changes') draft.set({ stale: true })
  conclude(draft)
  read(draft, before)
  keepPace(draft, before, event)
}

function connect(draft: Draft): void {
  const { cursor, early } = draft.state
  if (cursor === null || early.length === 0) return
  const waiting = early.toSorted((one, other) => one.from - other.from)
  const later: FeedPage[] = []
  for (const page of waiting) {
    const reached = draft.state.cursor ?? 0
    if (page.from > reached) later.push(page)
    else if (page.to > reached) take(draft, page)
  }
  draft.set({ early: later })
}

/** Caught up: nothing is stale, nothing under way, and nobody knows of more. */
function conclude(draft: Draft): void {
  const { cursor, target, stale, reader, verified, doubtFrom } = draft.state
  if (verified || stale || cursor === null || cursor < target || reader === 'changes') return
  draft.set({ verified: true, doubtFrom: null })
  if (doubtFrom !== null && cursor > doubtFrom) draft.act({ type: 'healed', from: doubtFrom, to: cursor })
}

/** Begins the next read: changes first, but one page between any two of them. */
function read(draft: Draft, before: SyncState): void {
  const { reader, online, cursor, stale, unloaded, target } = draft.state
  if (reader !== 'idle' || !online) return
  const pageFirst = unloaded && (cursor === null || before.reader === 'changes')
  if (stale && !pageFirst && cursor !== null) {
    draft.set({ reader: 'changes', stale: false, asked: target })
    draft.act({ type: 'read-changes', from: cursor })
  } else if (unloaded) {
    // A first page shows all that has happened before it is asked for.
    draft.set({ reader: 'page', stale: stale && cursor !== null })
    draft.act({ type: 'read-page' })
  }
}

function keepPace(draft: Draft, before: SyncState, event: SyncEvent): void {
  const { settings, chance } = draft.circumstances
  const interval = paceOf(draft.state, settings)
  const ran = event.type === 'open' || (event.type === 'due' && event.timer === 'poll')
  if (!ran && interval === paceOf(before, settings)) return
  draft.act({ type: 'wait', timer: 'poll', after: interval * (0.75 + chance / 2) })
}

function paceOf(state: SyncState, settings: SyncSettings): number {
  return isWhole(state) && state.untold === null ? settings.calmInterval : settings.pollInterval
}

/** Doubles with every failure, with jitter, so that many do not come back at the same moment. */
function delay(failures: number, { chance, settings }: Circumstances): number {
  return Math.min(settings.maxDelay, settings.baseDelay * 2 ** (failures - 1)) * (0.5 + chance / 2)
}
