import { describe, expect, it } from 'vitest'
import {
  defaultSettings,
  initialSync,
  isCaughtUp,
  isWhole,
  type Step,
  type SyncEvent,
  type SyncState,
} from '../../src/sync/sync-state.ts'
import { earlyLimit, patience, transition } from '../../src/sync/sync-transition.ts'
import { linkTable, readerTable } from '../../src/sync/sync-tables.ts'
import { statusOf } from '../../src/sync/sync-status.ts'
import type { FeedPage } from '../../src/transport/feed.ts'

const feed = (from: number, to: number, revision = to, resync = false): FeedPage => ({
  revision,
  from,
  to,
  resync,
  commits: [],
})
const circumstances = { now: 100_000, chance: 0.5, settings: defaultSettings }
const step = (state: SyncState, event: SyncEvent, now = circumstances.now): Step =>
  transition(state, event, { ...circumstances, now })
const run = (state: SyncState, ...events: SyncEvent[]): SyncState =>
  events.reduce((before, event) => step(before, event).state, state)
const kinds = ({ effects }: Step) => effects.map(({ type }) => type)

const events: readonly SyncEvent[] = [
  { type: 'open' },
  { type: 'joined' },
  { type: 'lost', why: 'closed' },
  { type: 'lost', why: 'error' },
  { type: 'lost', why: 'rate' },
  { type: 'feed', page: feed(4, 5) },
  { type: 'feed', page: feed(5, 6) },
  { type: 'feed', page: feed(7, 8) },
  { type: 'feed', page: feed(7, 7, 8) },
  { type: 'feed', page: feed(5, 9, 9, true) },
  { type: 'hint' },
  { type: 'garbage' },
  { type: 'changes', page: feed(5, 7) },
  { type: 'changes', page: feed(5, 6, 9) },
  { type: 'changes', page: feed(5, 5, 3, true) },
  { type: 'page', revision: 5, last: false },
  { type: 'page', revision: 6, last: true },
  { type: 'outdated' },
  { type: 'failed' },
  { type: 'wanted' },
  { type: 'due', timer: 'join', late: 0 },
  { type: 'due', timer: 'read', late: 0 },
  { type: 'due', timer: 'poll', late: 0 },
  { type: 'due', timer: 'poll', late: 60_000 },
  { type: 'wake' },
  { type: 'online' },
  { type: 'offline' },
  { type: 'end' },
]

const both = [false, true] as const

/** Every combination of what a decision looks at. */
function* states(): Generator<SyncState> {
  for (const link of ['off', 'joining', 'joined', 'backoff', 'ended'] as const)
    for (const reader of ['idle', 'changes', 'page', 'backoff'] as const)
      for (const cursor of [null, 5])
        for (const [stale, verified] of [
          [false, true],
          [true, false],
          [true, true],
          [false, false],
        ] as const)
          for (const streamed of both)
            for (const lossyUntil of [null, 90_000, 110_000])
              for (const early of [[], [feed(6, 7)]])
                for (const [unloaded, untold, probing, online] of [
                  [false, null, false, true],
                  [true, null, false, true],
                  [false, 5, true, true],
                  [false, null, false, false],
                ] as const)
                  yield {
                    ...initialSync(streamed),
                    link,
                    // Nothing is read offline, and changes only from somewhere.
                    reader: !online || (reader === 'changes' && cursor === null) ? 'idle' : reader,
                    cursor,
                    target: 5,
                    asked: 5,
                    stale,
                    verified: verified && cursor !== null && link !== 'ended',
                    unloaded: unloaded || cursor === null,
                    early,
                    untold,
                    probing,
                    online,
                    lossyUntil,
                  }
}

describe('the tables', () => {
  it('decide every pair of state and event', () => {
    for (const table of [linkTable, readerTable] as Readonly<Record<string, object>>[]) {
      const columns = Object.values(table).map((row) => Object.keys(row).toSorted().join())
      expect(new Set(columns).size).toBe(1)
    }
  })
})

describe('every event in every state', () => {
  const all = (check: (before: SyncState, event: SyncEvent, after: Step) => boolean): unknown[] => {
    const failing: unknown[] = []
    for (const before of states())
      for (const event of events) {
        const after = step(before, event)
        if (!check(before, event, after)) failing.push({ before, event, after })
      }
    return failing.slice(0, 1)
  }

  it('is decided, and what has ended does nothing any more', () => {
    expect(
      all(({ link }, _event, { state, effects }) =>
        link === 'ended' ? state.link === 'ended' && effects.length === 0 : true,
      ),
    ).toEqual([])
  })

  it('begins at most one read, and only where none is under way', () => {
    expect(
      all((_before, _event, { state, effects }) => {
        const begun = effects.filter(({ type }) => type === 'read-changes' || type === 'read-page')
        if (begun.length === 0) return true
        return begun.length === 1 && begun[0]!.type === `read-${state.reader}`
      }),
    ).toEqual([])
    expect(
      all((before, event, after) => {
        const isUnderWay = before.reader === 'changes' || before.reader === 'page'
        const isAnswered =
          event.type === before.reader || ['failed', 'outdated', 'offline', 'end'].includes(event.type)
        return !isUnderWay || isAnswered || !kinds(after).some((kind) => kind.startsWith('read-'))
      }),
    ).toEqual([])
  })

  it('lets the cursor go forward, or begin anew where the log does not tell', () => {
    expect(
      all(({ cursor }, event, { state, effects }) => {
        if (state.cursor === null) return cursor === null || effects.some(({ type }) => type === 'relist')
        return cursor === null ? event.type === 'page' : state.cursor >= cursor
      }),
    ).toEqual([])
  })

  it('applies commits only where they connect to what was applied before', () => {
    expect(
      all(({ cursor }, event, { effects }) =>
        event.type !== 'feed' || event.page.from <= (cursor ?? -1)
          ? true
          : !effects.some((effect) => effect.type === 'apply'),
      ),
    ).toEqual([])
  })

  it('leaves nothing lying: what is stale or wanted is being read, or waits for its time', () => {
    expect(
      all((_before, _event, { state }) =>
        state.link === 'ended' || !state.online || state.reader !== 'idle'
          ? true
          : !state.stale && !state.unloaded,
      ),
    ).toEqual([])
  })

  it('neither joins nor reads while the device is offline', () => {
    expect(
      all((before, event, after) =>
        after.state.online || before.link === 'off' || event.type === 'open'
          ? true
          : !kinds(after).some((kind) => kind.startsWith('read-')),
      ),
    ).toEqual([])
  })

  it('joins exactly where the stream becomes one that is being joined', () => {
    expect(
      all((before, _event, after) => {
        const begins = before.link !== 'joining' && after.state.link === 'joining'
        return kinds(after).includes('join') === begins
      }),
    ).toEqual([])
  })

  it('sets a timer for whatever falls back, and for the next look', () => {
    expect(
      all((before, event, { state, effects }) => {
        if (state.link === 'ended') return true
        const waits = (timer: string) =>
          effects.some((effect) => effect.type === 'wait' && effect.timer === timer && effect.after > 0)
        const isBack = (name: 'link' | 'reader') => before[name] !== 'backoff' && state[name] === 'backoff'
        if (isBack('link') && !waits('join')) return false
        if (isBack('reader') && !waits('read')) return false
        return event.type === 'due' && event.timer === 'poll' ? waits('poll') : true
      }),
    ).toEqual([])
  })

  it('is not taken for caught up once there is a doubt, until a read begun after it has ended', () => {
    expect(
      all((before, event, { state }) =>
        ['joined', 'wake', 'offline'].includes(event.type) &&
        (event.type !== 'joined' || before.link === 'joining' || before.link === 'joined')
          ? !isCaughtUp(state)
          : true,
      ),
    ).toEqual([])
  })

  it('keeps what came too early within bounds', () => {
    const full = {
      ...opened(),
      early: Array.from({ length: earlyLimit }, (_, index) => feed(index + 50, index + 51)),
    }
    const { state } = step(full, { type: 'feed', page: feed(900, 901) })
    expect(state.early).toHaveLength(earlyLimit)
    expect(state.target).toBe(901)
  })
})

/** Live, at revision 5. */
function opened(): SyncState {
  return run(
    initialSync(true),
    { type: 'open' },
    { type: 'page', revision: 5, last: true },
    { type: 'joined' },
    { type: 'changes', page: feed(5, 5) },
  )
}

describe('the way to live', () => {
  it('is: join and list at once, read again once joined, and only then caught up', () => {
    const first = step(initialSync(true), { type: 'open' })
    expect(kinds(first)).toEqual(['stop-waiting', 'join', 'read-page', 'wait'])
    const listed = step(first.state, { type: 'page', revision: 5, last: true })
    expect(isCaughtUp(listed.state)).toBe(false)
    expect(statusOf(listed.state)).toBe('connecting')
    const joined = step(listed.state, { type: 'joined' })
    expect(joined.effects).toContainEqual({ type: 'read-changes', from: 5 })
    expect(statusOf(joined.state)).toBe('catching-up')
    const caughtUp = step(joined.state, { type: 'changes', page: feed(5, 7) })
    expect(isCaughtUp(caughtUp.state)).toBe(true)
    expect(statusOf(caughtUp.state)).toBe('live')
    expect(caughtUp.state.cursor).toBe(7)
  })

  it('needs no second read where the list was begun after the join', () => {
    const state = run(initialSync(true), { type: 'open' }, { type: 'failed' }, { type: 'joined' })
    const read = step(state, { type: 'due', timer: 'read', late: 0 })
    expect(kinds(read)).toContain('read-page')
    const listed = step(read.state, { type: 'page', revision: 5, last: true })
    expect(isCaughtUp(listed.state)).toBe(true)
  })

  it('without a stream ends in polling', () => {
    const state = run(initialSync(false), { type: 'open' }, { type: 'page', revision: 5, last: true })
    expect(isCaughtUp(state)).toBe(true)
    expect(statusOf(state)).toBe('polling')
  })

  it('with a stream that cannot be joined ends in polling too, until it can', () => {
    const polling = run(
      initialSync(true),
      { type: 'open' },
      { type: 'page', revision: 5, last: true },
      { type: 'lost', why: 'error' },
      { type: 'changes', page: feed(5, 5) },
    )
    expect(statusOf(polling)).toBe('polling')
    const joined = run(polling, { type: 'due', timer: 'join', late: 0 }, { type: 'joined' })
    expect(statusOf(joined)).toBe('catching-up')
    expect(statusOf(run(joined, { type: 'changes', page: feed(5, 5) }))).toBe('live')
  })
})

describe('commits', () => {
  it('that connect are applied, and what waited for them after them', () => {
    const state = run(opened(), { type: 'feed', page: feed(6, 7) }, { type: 'feed', page: feed(7, 8) })
    const { state: after, effects } = step(state, { type: 'feed', page: feed(5, 6) })
    expect(after.cursor).toBe(8)
    expect(effects.filter(({ type }) => type === 'apply')).toHaveLength(3)
  })

  it('that came before are passed over', () => {
    expect(kinds(step(opened(), { type: 'feed', page: feed(4, 5) }))).toEqual([])
  })

  it('too far ahead prove a gap: it is read, and told once it is healed', () => {
    const gap = step(opened(), { type: 'feed', page: feed(7, 8) })
    expect(gap.effects).toContainEqual({ type: 'read-changes', from: 5 })
    expect(statusOf(gap.state)).toBe('catching-up')
    const healed = step(gap.state, { type: 'changes', page: feed(5, 8) })
    expect(healed.state.cursor).toBe(8)
    expect(healed.effects).toContainEqual({ type: 'healed', from: 5, to: 8 })
  })

  it('too large to be sent are read', () => {
    const told = step(opened(), { type: 'feed', page: feed(5, 5, 6) })
    expect(told.effects).toContainEqual({ type: 'read-changes', from: 5 })
    expect(isCaughtUp(told.state)).toBe(false)
  })

  it('that nobody but a message knows of are looked for again, for they may only not be seen yet', () => {
    const told = run(opened(), { type: 'feed', page: feed(5, 5, 6) })
    const unseen = step(told, { type: 'changes', page: feed(5, 5) })
    expect(unseen.state).toMatchObject({ reader: 'backoff', target: 6, readFailures: 0 })
    expect(isCaughtUp(unseen.state)).toBe(false)
    const again = step(unseen.state, { type: 'due', timer: 'read', late: 0 })
    expect(again.effects).toContainEqual({ type: 'read-changes', from: 5 })
    expect(isCaughtUp(run(again.state, { type: 'changes', page: feed(5, 6) }))).toBe(true)
  })

  it('that the database does not know after some patience were not so', () => {
    let state = run(opened(), { type: 'feed', page: feed(90, 91) })
    for (let read = 0; read < patience; read++) {
      state = run(state, { type: 'changes', page: feed(5, 5) }, { type: 'due', timer: 'read', late: 0 })
    }
    expect(state).toMatchObject({ target: 5, early: [], verified: true, reader: 'idle' })
  })

  it('that a read cannot see yet make no restored budget of it', () => {
    const state = run(opened(), { type: 'feed', page: feed(5, 6) }, { type: 'wake' })
    const { state: after, effects } = step(state, { type: 'changes', page: feed(6, 6, 5, true) })
    expect(effects.map(({ type }) => type)).not.toContain('relist')
    expect(after).toMatchObject({ cursor: 6, stale: true, reader: 'backoff' })
  })

  it('that the log does not reach back to begin the list anew, restored budgets too', () => {
    const state = run(opened(), { type: 'wake' })
    const behind: SyncEvent = { type: 'changes', page: feed(5, 5, 3, true) }
    let restored = state
    for (let read = 1; read < patience; read++) {
      const looked = step(restored, behind)
      expect(kinds(looked)).not.toContain('relist')
      restored = run(looked.state, { type: 'due', timer: 'read', late: 0 })
    }
    const { state: after, effects } = step(restored, behind)
    expect(effects).toContainEqual({ type: 'relist', isRestored: true })
    expect(after).toMatchObject({ cursor: null, reader: 'page', target: 3 })
    const pruned = step(state, { type: 'changes', page: feed(5, 5, 30_000, true) })
    expect(pruned.effects).toContainEqual({ type: 'relist', isRestored: false })
  })
})

describe('a stream that loses messages', () => {
  const lossy = () => {
    let state = opened()
    for (const at of [7, 10, 13]) {
      state = run(
        state,
        { type: 'feed', page: feed(at, at + 1) },
        { type: 'changes', page: feed(at - 2, at + 1) },
      )
    }
    return state
  }

  it('is not believed after three losses in a while: the budget is polled', () => {
    const state = lossy()
    expect(isWhole(state)).toBe(false)
    expect(statusOf(state)).toBe('polling')
  })

  it('is not run after, message by message: the timer reads', () => {
    const before = lossy()
    const gap = step(before, { type: 'feed', page: feed(80, 81) })
    expect(kinds(gap)).not.toContain('read-changes')
    expect(statusOf(gap.state)).toBe('polling')
    const look = step(gap.state, { type: 'due', timer: 'poll', late: 0 })
    expect(look.effects).toContainEqual({ type: 'read-changes', from: before.cursor })
  })

  it('is believed again after a calm while', () => {
    const state = lossy()
    const { state: after } = step(state, { type: 'due', timer: 'poll', late: 0 }, state.lossyUntil! + 1)
    expect(isWhole(after)).toBe(true)
    expect(statusOf(run(after, { type: 'changes', page: feed(14, 14) }))).toBe('live')
  })

  it('and says nothing at all is found out by looking twice', () => {
    const look: SyncEvent = { type: 'due', timer: 'poll', late: 0 }
    const found = run(opened(), look, { type: 'changes', page: feed(5, 6) })
    expect(found.untold).toBe(6)
    expect(isWhole(run(found, look))).toBe(false)
    const late = run(found, { type: 'feed', page: feed(5, 6) }, look)
    expect(isWhole(late)).toBe(true)
  })

  it('because it is used too much is left alone for a while', () => {
    const { state, effects } = step(opened(), { type: 'lost', why: 'rate' })
    expect(effects).toContainEqual({ type: 'wait', timer: 'join', after: defaultSettings.calm * 1.25 })
    expect(isWhole(state)).toBe(false)
  })

  it('is joined again with longer and longer waits, and at once where there is reason to hope', () => {
    let state = opened()
    const waits: number[] = []
    for (let failure = 0; failure < 9; failure++) {
      const { state: after, effects } = step(state, { type: 'lost', why: 'error' })
      waits.push(
        ...effects.flatMap((effect) =>
          effect.type === 'wait' && effect.timer === 'join' ? effect.after : [],
        ),
      )
      state = run(after, { type: 'due', timer: 'join', late: 0 })
    }
    expect(waits).toEqual(waits.toSorted((one, other) => one - other))
    expect(waits[0]).toBe(375)
    expect(waits.at(-1)).toBe(22_500)
    const back = run(state, { type: 'lost', why: 'error' })
    for (const type of ['wake', 'online'] as const) expect(kinds(step(back, { type }))).toContain('join')
  })
})

describe('doubts', () => {
  it('after sleep are cleared up by a read', () => {
    const { state, effects } = step(opened(), { type: 'due', timer: 'poll', late: 60_000 })
    expect(effects).toContainEqual({ type: 'read-changes', from: 5 })
    expect(isCaughtUp(state)).toBe(false)
  })

  it('that come up during a read are cleared up by another', () => {
    const state = run(opened(), { type: 'wake' }, { type: 'wake' })
    const answered = step(state, { type: 'changes', page: feed(5, 5) })
    expect(answered.effects).toContainEqual({ type: 'read-changes', from: 5 })
    expect(isCaughtUp(answered.state)).toBe(false)
    expect(isCaughtUp(run(answered.state, { type: 'changes', page: feed(5, 5) }))).toBe(true)
  })

  it('offline stop the read under way, and online everything begins again', () => {
    const offline = step(run(opened(), { type: 'wake' }), { type: 'offline' })
    expect(kinds(offline)).toEqual(expect.arrayContaining(['leave', 'stop-reading']))
    expect(statusOf(offline.state)).toBe('offline')
    const online = step(offline.state, { type: 'online' })
    expect(kinds(online)).toEqual(expect.arrayContaining(['join', 'read-changes']))
  })

  it('let pages and changes take turns', () => {
    const state = run(opened(), { type: 'wanted' }, { type: 'hint' })
    expect(state.reader).toBe('page')
    const listed = run(state, { type: 'page', revision: 5, last: false })
    expect(listed.reader).toBe('changes')
    expect(run(listed, { type: 'hint' }, { type: 'changes', page: feed(5, 5) }).reader).toBe('page')
  })
})
