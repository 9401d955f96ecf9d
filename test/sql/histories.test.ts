import { describe, expect, it } from 'vitest'
import { ModelEngine } from './engine.ts'
import { checkHistories } from './histories.ts'
import { mutants } from './model/mutants.ts'
import type { Call, Reply } from './model/types.ts'

describe('the history harness', () => {
  it('finds no difference between the model and itself', () =>
    checkHistories(({ seeds }) => new ModelEngine(seeds)))

  it('needs neither planted cells nor permissions of an engine that has none', () =>
    checkHistories(
      ({ seeds, commands }) => {
        expect(Object.values(seeds).flatMap(Object.keys)).toEqual([])
        expect(commands.filter((command) => command.do === 'deny' || command.do === 'permit')).toEqual([])
        return new ModelEngine(seeds)
      },
      { seeds: false, permissions: false, length: 10, runs: 200 },
    ))

  it('drives histories that come to every outcome often', async () => {
    const counts = new Map<string, number>()
    const count = (what: string) => counts.set(what, (counts.get(what) ?? 0) + 1)
    class Counting extends ModelEngine {
      override perform(call: Call): Reply {
        const reply = super.perform(call)
        if ('refused' in reply) count(`refused: ${reply.refused}`)
        else if ('results' in reply) for (const { outcome } of reply.results) count(`item: ${outcome}`)
        else if ('cells' in reply) for (const { outcome } of reply.cells) count(`${call.kind}: ${outcome}`)
        return reply
      }
    }
    await checkHistories(({ seeds }) => new Counting(seeds), { seed: 2025 })
    if (process.env.CELLS_TELL) console.log(counts)

    const turns = ['reverted', 'superseded', 'locked', 'forbidden', 'missing']
    const expected = [
      ...['written', 'unchanged', 'conflict', 'locked', 'forbidden', 'invalid'].map(
        (each) => `item: ${each}`,
      ),
      ...['invalid', 'forbidden', 'locked', 'conflict'].map((each) => `refused: ${each}`),
      ...turns.flatMap((each) => [`undo: ${each}`, `redo: ${each}`]),
    ]
    for (const what of expected) expect(counts.get(what) ?? 0, what).toBeGreaterThan(10)
  })

  it('runs a failing history again from what it printed', async () => {
    const create = mutants[0]!.create
    const told = (options: { seed: number }) =>
      checkHistories(({ seeds }) => create(seeds), options).then(
        () => 'nothing',
        (error: unknown) => (error as Error).message,
      )
    const first = await told({ seed: 2025 })
    const [, seed, path] = /CELLS_SEED=(\S+) CELLS_PATH=(\S+)/.exec(first)!
    process.env.CELLS_SEED = seed
    process.env.CELLS_PATH = path
    try {
      const again = await told({ seed: 1 })
      expect(again.split('\n').slice(1)).toEqual(first.split('\n').slice(1))
    } finally {
      delete process.env.CELLS_SEED
      delete process.env.CELLS_PATH
    }
  })

  it.each(mutants)('finds the mistake: $name', async ({ create }) => {
    const found = await checkHistories(({ seeds }) => create(seeds), { seed: 2025 }).catch(
      (error: unknown) => error,
    )
    expect(found).toBeInstanceOf(Error)
    if (process.env.CELLS_TELL) console.log((found as Error).message)
  })
})
