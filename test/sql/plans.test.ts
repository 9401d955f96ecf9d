import { randomUUID } from 'node:crypto'
import postgres from 'postgres'
import { afterAll, describe, expect, it } from 'vitest'
import { asRole } from '../support/roles.ts'
import { freshTenants, list, read, write } from './support/cells.ts'
import { rowsRead, withoutStatistics } from './support/rows-read.ts'

// One connection, so that plans made for an empty table are used again on a full one; and, as for every request of
// a member, a statement timeout of eight seconds, which anything quadratic overruns many times over.
const { databaseUrl, alice, budget } = await freshTenants()
const connection = postgres(databaseUrl, { max: 1, onnotice: () => undefined })
afterAll(() => connection.end({ timeout: 5 }))
const asAlice = <T>(work: (as: postgres.TransactionSql) => Promise<T>) =>
  asRole(connection).asUser(alice, work)

const SIZE = 10_000
const many = <T>(make: (index: number) => T) => Array.from({ length: SIZE }, (_, index) => make(index))
const entities = many(() => randomUUID())

// All cells of a shape share whatever they can: an index on less than the whole key finds them all for each.
const shapes = {
  'entity and period': (index: number) => ({
    module: 'm',
    entity: entities[index % 100]!,
    field: 'f',
    period: `p${index}`,
  }),
  'entity alone': (index: number) => ({ module: 'm', entity: entities[index]!, field: 'f', period: null }),
  'period alone': (index: number) => ({ module: 'm', entity: null, field: 'f', period: `p${index}` }),
  neither: (index: number) => ({ module: 'm', entity: null, field: `f${index}`, period: null }),
}

describe.each(Object.entries(shapes))('ten thousand cells with %s', (_, keyOf) => {
  it(
    'are written, written again, read and deleted in calls that each stay within the time of a request',
    { timeout: 120_000 },
    async () => {
      const first = await asAlice((as) =>
        write(
          as,
          budget,
          many((index) => ({ ...keyOf(index), number: '1', base: 0 })),
        ),
      )
      expect(first.results.every(([status]) => status === 'written')).toBe(true)
      for (const number of ['2', '3']) {
        const again = await asAlice((as) =>
          write(
            as,
            budget,
            many((index) => ({ ...keyOf(index), number, base: Number(number) - 1 })),
          ),
        )
        expect(again.results.every(([status]) => status === 'written')).toBe(true)
      }
      const references = many((index) => {
        const { module, entity, field, period } = keyOf(index)
        return [module, entity, field, period]
      })
      const { cells } = await asAlice((as) => read(as, budget, references))
      expect(cells.every((cell) => cell?.number === '3')).toBe(true)

      const stale = many((index) => ({ ...keyOf(index), number: '9', base: 1 }))
      const conflicts = await asAlice((as) => write(as, budget, stale, { mode: 'partial' }))
      expect(conflicts.results.every(([status]) => status === 'conflict')).toBe(true)
      const gone = await asAlice((as) =>
        write(
          as,
          budget,
          cells.map((cell) => ({ id: cell!.id, delete: true })),
        ),
      )
      expect(gone.results.every(([status]) => status === 'written')).toBe(true)
      expect((await asAlice((as) => list(as, budget, { module: 'm' }))).cells).toEqual([])
    },
  )
})

describe('one statement on ten thousand rows', () => {
  it('is recorded within the time of a request', { timeout: 60_000 }, async () => {
    await asAlice(async (as) => {
      await as`UPDATE efir_budget.planning_cells SET value_numeric = 1 WHERE entity_id IS NULL AND period_code IS NULL`
      await as`UPDATE efir_budget.planning_cells SET is_locked = true WHERE entity_id IS NULL AND period_code IS NULL`
    })
    const locked = await asAlice((as) => list(as, budget, { locked: true }, null, SIZE))
    expect(locked.cells).toHaveLength(SIZE)
  })
})

describe('plans that were made while the tables were empty', () => {
  it(
    'read a handful of rows for each small write or read later on, whichever way it comes',
    { timeout: 60_000 },
    async () => {
      const own = await freshTenants()
      await withoutStatistics(own.sql)
      const single = postgres(own.databaseUrl, { max: 1, onnotice: () => undefined })
      const as = <T>(work: (run: postgres.TransactionSql) => Promise<T>) =>
        asRole(single).asUser(own.alice, work)
      const keyAt = (index: number) => shapes['entity and period'](index)
      const rounds = 20
      const smallWork = async (from: number) => {
        for (let index = from; index < from + rounds; index += 1) {
          const key = keyAt(index)
          const operation = randomUUID()
          const { results } = await as((run) =>
            write(run, own.budget, [{ ...key, number: `${index}.5` }], { operation, session: randomUUID() }),
          )
          const id = results[0]![1] as string
          await as(
            (run) =>
              run`UPDATE efir_budget.planning_cells SET value_numeric = 7, version = version + 1 WHERE id = ${id}`,
          )
          await as((run) => run`UPDATE efir_budget.planning_cells SET value_numeric = 7 WHERE id = ${id}`)
          await as((run) => read(run, own.budget, [id, [key.module, key.entity, key.field, key.period]]))
        }
      }
      await smallWork(0)
      for (let part = 0; part < 2; part += 1)
        await as((run) =>
          write(
            run,
            own.budget,
            many((index) => ({
              ...keyAt(100 + index + part * SIZE),
              period: `${part}/${index}`,
              number: '1',
            })),
          ),
        )
      const before = await rowsRead(single)
      await smallWork(rounds)
      const after = await rowsRead(single)
      await single.end()
      for (const [name, rows] of after) expect((rows - before.get(name)!) / rounds, name).toBeLessThan(100)
    },
  )
})
