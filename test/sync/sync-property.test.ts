import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { isCaughtUp, isWhole } from '../../src/sync/sync-state.ts'
import { keys, SyncWorld } from './support/sync-world.ts'

const place = fc.nat({ max: 9 })
/** `lags`: how many commits a read may not see yet. */
const turnWith = (...lags: number[]) =>
  fc.oneof(
    { weight: 6, arbitrary: fc.constantFrom(...keys).map((key) => (world: SyncWorld) => world.write(key)) },
    {
      weight: 1,
      arbitrary: fc.constantFrom(...keys).map((key) => (world: SyncWorld) => world.writeMuch(key)),
    },
    { weight: 6, arbitrary: place.map((at) => (world: SyncWorld) => world.deliver(at)) },
    { weight: 2, arbitrary: place.map((at) => (world: SyncWorld) => world.drop(at)) },
    { weight: 1, arbitrary: place.map((at) => (world: SyncWorld) => world.duplicate(at)) },
    {
      weight: 8,
      arbitrary: fc.tuple(fc.integer({ min: 1, max: 5 }), fc.constantFrom(...lags)).map(
        ([limit, lag]) =>
          (world: SyncWorld) =>
            world.answer(limit, lag),
      ),
    },
    { weight: 2, arbitrary: fc.constant((world: SyncWorld) => world.fail()) },
    { weight: 4, arbitrary: fc.constant((world: SyncWorld) => world.join()) },
    {
      weight: 2,
      arbitrary: fc
        .constantFrom('closed', 'error', 'rate')
        .map((why) => (world: SyncWorld) => world.lose(why)),
    },
    {
      weight: 4,
      arbitrary: fc.tuple(fc.constantFrom('join', 'read', 'poll'), fc.constantFrom(0, 60_000)).map(
        ([timer, late]) =>
          (world: SyncWorld) =>
            world.ring(timer, late),
      ),
    },
    {
      weight: 1,
      arbitrary: fc.constant((world: SyncWorld) => {
        world.pruned = world.revision
      }),
    },
    {
      weight: 2,
      arbitrary: fc
        .constantFrom('wake', 'online', 'offline', 'hint', 'garbage')
        .map((type) => (world: SyncWorld) => world.tell({ type })),
    },
  )

/** Nothing at hand, or what was read elsewhere some time ago. */
const beginning = fc.option(
  fc.record({ written: fc.array(fc.constantFrom(...keys), { maxLength: 8 }), given: fc.nat({ max: 8 }) }),
  { nil: undefined },
)

describe('whatever happens in whatever order', () => {
  it('the cursor never claims what is not held, and in the end all is held, live and caught up', () => {
    fc.assert(
      fc.property(fc.array(turnWith(0, 0, 1), { maxLength: 60 }), beginning, (turns, before) => {
        const world = new SyncWorld(before)
        for (const act of turns) act(world)
        world.calmDown()
        expect(world.faults).toEqual([])
        expect(world.state.cursor).toBe(world.revision)
        expect(isCaughtUp(world.state) && isWhole(world.state)).toBe(true)
        for (const key of keys) expect(world.held.get(key)).toBe(world.versionAt(key, world.revision))
      }),
      { numRuns: 2_000 },
    )
  })

  it('caught up means that nothing written before the last read began is missing', () => {
    fc.assert(
      fc.property(fc.array(turnWith(0), { maxLength: 60 }), (turns) => {
        const world = new SyncWorld()
        let atLeast = 0
        for (const act of turns) {
          const wasReading = world.reading
          act(world)
          if (world.reading !== wasReading && world.reading !== undefined) atLeast = world.revision
          // In a lossy stream nobody knows better until the timer looks.
          if (isCaughtUp(world.state) && isWhole(world.state) && world.reading === undefined) {
            expect(world.state.cursor).toBeGreaterThanOrEqual(atLeast)
          }
        }
      }),
      { numRuns: 2_000 },
    )
  })
})
