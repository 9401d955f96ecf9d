import { randomUUID } from 'node:crypto'
import { describe, expect, it } from 'vitest'
import { freshKey, freshTenants, read, refusalOf, write } from './support/cells.ts'

const { sql, budget, asAlice, asAnon, asService } = await freshTenants()

const prune = async (olderThan: string | null) => {
  const [row] = await sql<{ removed: string }[]>`
    SELECT efir_budget.prune_operations(${olderThan}::text::interval) AS removed`
  return Number(row!.removed)
}
const age = (operation: string, by: string) =>
  sql`UPDATE efir_budget.cell_operations SET created_at = now() - ${by}::text::interval WHERE operation_id = ${operation}`

describe('the results of calls', () => {
  it('are removed by age; a repeat after that is a new call, which the base guards', async () => {
    const [old, young] = [randomUUID(), randomUUID()]
    const [key, other] = [freshKey(), freshKey()]
    const send = (operation: string, item: object) =>
      asAlice((as) => write(as, budget, [{ ...item }], { operation }))
    const first = await send(old, { ...key, number: '1', base: 0 })
    const second = await send(young, { ...other, number: '2', base: 0 })
    await age(old, '31 days')
    await age(young, '29 days')

    expect(await send(old, { ...key, number: '1', base: 0 })).toEqual(first)
    expect(await prune('30 days')).toBe(1)
    expect(await prune('30 days')).toBe(0)
    expect((await refusalOf(send(old, { ...key, number: '1', base: 0 }))).code).toBe('PT409')
    expect(await send(young, { ...other, number: '2', base: 0 })).toEqual(second)
    const { cells } = await asAlice((as) =>
      read(
        as,
        budget,
        [key, other].map(({ module, entity, field, period }) => [module, entity, field, period]),
      ),
    )
    expect(cells.map((cell) => [cell!.number, cell!.version])).toEqual([
      ['1', 1],
      ['2', 1],
    ])
  })

  it.each([['23 hours'], ['-30 days'], [null]])('are not removed at an age of %s', async (olderThan) => {
    expect(await refusalOf(prune(olderThan))).toMatchObject({
      code: 'PT422',
      detail: { field: 'p_older_than', allowed: 'a day or more' },
    })
  })

  it('are nobody’s to remove but the owner’s', async () => {
    for (const as of [asAlice, asService, asAnon])
      expect((await refusalOf(as((run) => run`SELECT efir_budget.prune_operations('30 days')`))).code).toBe(
        '42501',
      )
  })
})
