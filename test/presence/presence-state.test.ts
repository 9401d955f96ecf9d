import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import type { CellKey } from '../../src/model/ids.ts'
import { initialPresence, nextTick, step, type PresenceEvent } from '../../src/presence/presence-state.ts'

const settings = { idleAfter: 120_000 }
const at = (field: string) => ({
  cell: JSON.stringify(['m', null, field, null]) as CellKey,
  mode: 'viewing' as const,
})

const events = fc.array(
  fc.tuple(
    fc.oneof(fc.constant(0), fc.integer({ min: 0, max: 200 }), fc.integer({ min: 0, max: 40_000 })),
    fc.oneof(
      {
        weight: 5,
        arbitrary: fc.constantFrom('a', 'b', 'c').map((field) => ({ type: 'move', to: at(field) }) as const),
      },
      fc.constant({ type: 'move', to: null } as const),
      fc.constant({ type: 'joined' } as const),
      fc.constant({ type: 'lost' } as const),
      { weight: 3, arbitrary: fc.boolean().map((isTaken) => ({ type: 'answered', isTaken }) as const) },
      { weight: 3, arbitrary: fc.constant({ type: 'tick' } as const) },
    ),
  ),
  { maxLength: 200 },
)

/** Runs events, each so many milliseconds after the one before, and notes when something was said. */
function run(given: readonly (readonly [number, PresenceEvent])[]) {
  let now = 0
  let state = initialPresence(now)
  const calls: number[] = []
  const happen = (event: PresenceEvent) => {
    // Only what is being said can be answered.
    if (event.type === 'answered' && state.saying === undefined) return
    const before = state.calls
    state = step(state, event, now, settings)
    if (state.calls > before) calls.push(now)
  }
  for (const [after, event] of given) {
    now += after
    happen(event)
  }
  return {
    calls,
    happen,
    get state() {
      return state
    },
    /** Goes on without the user, and a server that takes everything, until nothing is left to do. */
    settle() {
      for (let turn = 0; turn < 20; turn++) {
        if (state.saying !== undefined) happen({ type: 'answered', isTaken: true })
        const due = nextTick(state, settings)
        if (due === Infinity) {
          if (state.saying === undefined) return
          continue
        }
        now = Math.max(now, due)
        happen({ type: 'tick' })
      }
    },
  }
}

describe('telling where a user is', () => {
  it('never takes more than four calls in any 30 seconds, whatever happens', () => {
    fc.assert(
      fc.property(events, (given) => {
        const { calls } = run(given)
        for (const [index, first] of calls.entries()) {
          const within = calls.slice(index).filter((call) => call - first <= 30_000)
          expect(within.length).toBeLessThanOrEqual(4)
        }
      }),
      { numRuns: 1_000 },
    )
  })

  it('ends with the newest place, as soon as there is a channel', () => {
    fc.assert(
      fc.property(events, fc.constantFrom('a', 'b', 'c'), (given, field) => {
        const running = run([...given, [0, { type: 'joined' }], [0, { type: 'move', to: at(field) }]])
        running.settle()
        expect(running.state).toMatchObject({ said: { ...at(field), isIdle: true }, saying: undefined })
      }),
      { numRuns: 500 },
    )
  })

  it('says nothing of who does not want to be seen', () => {
    const running = run([[0, { type: 'joined' }]])
    running.settle()
    expect(running.calls).toEqual([])
  })

  it('says goodbye to who does not want to be seen any more', () => {
    const running = run([
      [0, { type: 'joined' }],
      [0, { type: 'move', to: at('a') }],
      [10, { type: 'answered', isTaken: true }],
      [10, { type: 'move', to: null }],
    ])
    running.settle()
    expect(running.calls).toHaveLength(2)
    expect(running.state).toMatchObject({ said: null, wanted: null })
  })

  it('says again what was not taken, when it can pay for it', () => {
    const running = run([
      [0, { type: 'joined' }],
      [0, { type: 'move', to: at('a') }],
      [0, { type: 'answered', isTaken: false }],
      [0, { type: 'answered', isTaken: false }],
    ])
    expect(running.calls).toEqual([0, 0])
    expect(nextTick(running.state, settings)).toBe(12_000)
  })

  it('says everything anew after a loss', () => {
    const running = run([
      [0, { type: 'joined' }],
      [0, { type: 'move', to: at('a') }],
      [0, { type: 'answered', isTaken: true }],
      [100, { type: 'lost' }],
      [100, { type: 'joined' }],
    ])
    expect(running.calls).toEqual([0, 200])
  })

  it('makes who does not move idle, and a move wakes him up', () => {
    const running = run([
      [0, { type: 'joined' }],
      [0, { type: 'move', to: at('a') }],
    ])
    running.settle()
    expect(running.state.said?.isIdle).toBe(true)
    running.happen({ type: 'move', to: at('a') })
    expect(running.state.saying?.isIdle).toBe(false)
  })
})
