import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { cellKey } from '../../src/model/address.ts'
import { addresses, OutboxWorld } from './support/outbox-world.ts'

const place = fc.nat({ max: 2 })
const spot = fc.nat({ max: 5 })
type Act = (world: OutboxWorld, made: { count: number; sums: number[] }) => void

const set = (session: fc.Arbitrary<string | null>) =>
  fc.tuple(place, session, fc.integer({ min: 1, max: 9 })).map(([at, name, amount]): Act => (world, made) => {
    made.count++
    made.sums[at] = (made.sums[at] ?? 0) + amount
    world.set(at, world.visible(at) + amount, name)
  })
const network = fc.oneof(
  { weight: 4, arbitrary: fc.constant<Act>((world) => world.tell({ type: 'send' })) },
  {
    weight: 4,
    arbitrary: spot.map(
      (at): Act =>
        (world) =>
          world.serve(at),
    ),
  },
  {
    weight: 3,
    arbitrary: spot.map(
      (at): Act =>
        (world) =>
          world.reply(at, false),
    ),
  },
  {
    weight: 1,
    arbitrary: spot.map(
      (at): Act =>
        (world) =>
          world.reply(at, true),
    ),
  },
  {
    weight: 1,
    arbitrary: spot.map(
      (at): Act =>
        (world) =>
          world.loseRequest(at),
    ),
  },
  { weight: 3, arbitrary: fc.constant<Act>((world) => world.echo()) },
  { weight: 2, arbitrary: fc.constant<Act>((world) => world.tell({ type: 'resume' })) },
)
const foreign = fc
  .tuple(place, fc.integer({ min: 100, max: 109 }))
  .map(([at, amount]): Act => (world, made) => {
    made.sums[at] = (made.sums[at] ?? 0) + amount
    world.foreign(at, (value) => value + amount)
  })
const session = fc.constantFrom(null, null, 'one', 'two')
const alone = fc.array(fc.oneof(set(session), network), { maxLength: 60 })
const together = fc.array(
  fc.oneof(
    { weight: 4, arbitrary: set(session) },
    { weight: 8, arbitrary: network },
    { weight: 1, arbitrary: foreign },
  ),
  { maxLength: 60 },
)
const run = (world: OutboxWorld, acts: readonly Act[]) => {
  const made = { count: 0, sums: [] as number[] }
  for (const act of acts) act(world, made)
  world.calmDown()
  return made
}
const valueAt = (world: OutboxWorld, at: number) =>
  Number(world.server.get(cellKey(addresses[at]!))?.value ?? 0)

describe('whatever is lost, and in whatever order answers and echoes come', () => {
  it('a user who is alone never has a conflict, and the last he typed is what the database has', () => {
    fc.assert(
      fc.property(alone, (acts) => {
        const world = new OutboxWorld('reject')
        const { count, sums } = run(world, acts)
        expect(world.faults).toEqual([])
        expect(world.state).toEqual({ writes: [], operations: [] })
        expect([...world.outcomes.values()]).toEqual(Array.from({ length: count }, () => 'settled'))
        expect(world.landed).toBeLessThanOrEqual(count)
        for (const at of addresses.keys()) expect(valueAt(world, at)).toBe(sums[at] ?? 0)
      }),
      { numRuns: 1_000 },
    )
  })

  it('every write among others’ is told once, as settled or as a conflict that stays listed', () => {
    fc.assert(
      fc.property(together, (acts) => {
        const world = new OutboxWorld('reject')
        const { count } = run(world, acts)
        expect(world.faults).toEqual([])
        expect(world.outcomes.size).toBe(count)
        expect(world.state.operations).toEqual([])
        expect(world.state.writes.every(({ state }) => state === 'conflict')).toBe(true)
        for (const { id } of world.state.writes) expect(world.outcomes.get(id)).toBe('conflict')
      }),
      { numRuns: 1_000 },
    )
  })

  it('what is added is added once, whoever adds meanwhile', () => {
    fc.assert(
      fc.property(together, (acts) => {
        const world = new OutboxWorld('increment')
        const { sums } = run(world, acts)
        expect(world.faults).toEqual([])
        // More conflicts in a row than a policy may settle are the user's to settle.
        fc.pre(world.state.writes.length === 0)
        for (const at of addresses.keys()) expect(valueAt(world, at)).toBe(sums[at] ?? 0)
      }),
      { numRuns: 1_000 },
    )
  })

  it('with lastWrite nothing is asked of the user, unless others are faster again and again', () => {
    fc.assert(
      fc.property(together, (acts) => {
        const world = new OutboxWorld('lastWrite')
        const { count } = run(world, acts)
        expect(world.faults).toEqual([])
        fc.pre(world.state.writes.length === 0)
        expect([...world.outcomes.values()]).toEqual(Array.from({ length: count }, () => 'settled'))
      }),
      { numRuns: 1_000 },
    )
  })
})
