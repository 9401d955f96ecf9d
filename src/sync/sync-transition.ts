import type { FeedPage } from '../transport/feed.ts'
import {
  isWhole,
  type Circumstances,
  type Link,
  type Reader,
  type Step,
  type SyncEffect,
  type SyncEvent,
  type SyncSettings,
  type SyncState,
} from './sync-state.ts'
import {
  linkTable,
  readerTable,
  type LinkEvent,
  type LinkMove,
  type ReaderEvent,
  type ReaderMove,
} from './sync-tables.ts'

// Pure: what to do about the stream and the reads of one budget.

/** Commits kept ahead of the cursor, at most; of more only the newest revision is remembered. */
export const earlyLimit = 100
/** So many losses within {@link SyncSettings.calm} make a stream lossy. */
const tolerated = 3
/** After so many reads that know nothing of it, what a message said was not so. */
export const patience = 5
/** A timer that comes later than this slept: the computer was closed, or the page frozen. */
const sleep = 10_000

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
  draft.set({ cursor: Math.max(reachedBy(draft), page.to) })
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
  const known = Math.max(heard, reachedBy(draft))
  // Behind the cursor: restored from a backup, or a read that was faster than the commit was seen.
  if (page.resync && page.revision < reachedBy(draft) && lookAgain(draft)) return
  if (page.resync) {
    draft.act({ type: 'relist', isRestored: page.revision < reachedBy(draft) })
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
    draft.set({ target: Math.max(page.revision, reachedBy(draft)), early, stale: false })
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

/** Up to where every change is known: nothing, before the first page. */
function reachedBy({ state }: Draft): number {
  return state.cursor ?? 0
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
    const reached = reachedBy(draft)
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
