import { randomUUID } from 'node:crypto'
import { expect, it } from 'vitest'
import { localOnly } from '../support/stack.ts'
import type { LogRow } from './engine.ts'
import { effective, shown } from './model/rule.ts'
import { createWorld } from './model/world.ts'
import type { Budget, Entry } from './model/types.ts'
import { crowd, freshTenants, write } from './support/cells.ts'
import { SqlLane } from './support/sql-engine.ts'
import { redo, undo } from './support/turns.ts'

localOnly('it makes a database').describe('many users on few cells at once', async () => {
  const tenants = await freshTenants()
  const many = crowd(tenants, 16)
  const asUser: typeof many.asUser = (user, work) => many.asUser(user, work)

  const users = await Promise.all(
    Array.from({ length: 6 }, () => tenants.createUser({ organization: tenants.ours })),
  )
  const readLog = async (budget: string) => {
    const lane = new SqlLane(tenants.databaseUrl, {
      take: () => Promise.resolve([budget]),
      idOf: (name) => name,
      nameOf: (id) => id,
    })
    const log = await (await lane.createEngine({ cells: [], seeds: { b: {} } })).readLog('b')
    await lane.close()
    return log.toSorted((one, other) => one.revision - other.revision)
  }

  it.each([
    { name: 'three hot cells', cells: 3, rounds: 30 },
    { name: 'thirty cells in larger steps', cells: 30, rounds: 20 },
  ])('leave what the rule makes of their log, on $name', async ({ cells, rounds }) => {
    const budget = (await tenants.createBudget({ organization: tenants.ours })).id
    // Twelve connections: every user in two windows, so that a user meets himself too.
    const windows = [...users, ...users].map(({ id }, index) => ({ id, random: seeded(index + 1) }))
    await Promise.all(
      windows.map(async ({ id, random }) => {
        const session = randomUUID()
        for (let round = 0; round < rounds; round += 1) {
          const what = random(10)
          await asUser(id, async (as) => {
            if (what < 3) await undo(as, budget, { operation: randomUUID() })
            else if (what < 5) await redo(as, budget, { operation: randomUUID() })
            else
              await write(as, budget, someItems(cells, random), {
                mode: 'partial',
                ...(what < 7 && { session }),
              })
          })
        }
      }),
    )

    // In the turmoil it is luck whether a redo finds its cell as its undo left it; in silence it does.
    const last = users[0]!.id
    await asUser(last, (as) => write(as, budget, [{ module: 'core', field: 'f0', number: '7' }]))
    await asUser(last, (as) => undo(as, budget, { operation: randomUUID() }))
    await asUser(last, (as) => redo(as, budget, { operation: randomUUID() }))

    const log = await readLog(budget)
    expect(
      log.some(
        ({ kind, before, after }) =>
          kind === 'redo' && JSON.stringify({ value: before }) !== JSON.stringify(after),
      ),
      'redo moved',
    ).toBe(true)
    const model = { ...createWorld({ b: {} }).budgets.b!, log: log.map(entryOf) } satisfies Budget
    const table = await tenants.sql<
      {
        id: string
        field: string
        number: string | null
        gone: boolean
        version: number
        effective: number | null
      }[]
    >`
      SELECT id, field_name AS field, trim_scale(value_numeric)::text AS number, deleted_at IS NOT NULL AS gone, version,
        effective_version AS effective
      FROM efir_budget.planning_cells WHERE budget_version_id = ${budget}`
    expect(table.length).toBeGreaterThan(0)
    for (const { field, number, gone, version, effective: stored } of table) {
      expect(gone ? 'gone' : { value: number }, field).toEqual(shown(model, field))
      expect(stored, field).toBe(effective(model.log, field)?.version ?? null)
      const versions = log
        .filter((row) => row.cell === field && !isBuried(row, log))
        .map((row) => row.version)
      expect(versions, field).toEqual(Array.from({ length: version }, (_, index) => index + 1))
    }
    const revisions = [...new Set(log.map(({ revision }) => revision))]
    expect(revisions).toEqual(revisions.map((_, index) => index + 1))
  })

  it('undo while others write the same cells: the later of the two shows, and nobody waits for ever', async () => {
    const budget = (await tenants.createBudget({ organization: tenants.ours })).id
    const [ana, ben] = [users[0]!, users[1]!]
    const items = (number: string) =>
      Array.from({ length: 200 }, (_, index) => ({ module: 'core', field: `f${index}`, number }))
    for (let round = 0; round < 8; round += 1) {
      await asUser(ana.id, (as) => write(as, budget, items(`${round}.1`)))
      const [undone] = await Promise.all([
        asUser(ana.id, (as) => undo(as, budget)),
        asUser(ben.id, (as) => write(as, budget, items(`${round}.2`).reverse())),
      ])
      expect(new Set(undone.results.map(([outcome]) => outcome)).size).toBe(1)
      const shown = await tenants.sql`
        SELECT DISTINCT trim_scale(value_numeric)::text AS number FROM efir_budget.planning_cells
        WHERE budget_version_id = ${budget}`
      expect([...shown]).toEqual([{ number: `${round}.2` }])
    }
  })
})

const someItems = (cells: number, random: (below: number) => number) => {
  const count = 1 + random(Math.min(cells, 8))
  const fields = new Set(Array.from({ length: count }, () => `f${random(cells)}`))
  return [...fields].map((field) => ({
    module: 'core',
    field,
    ...(random(8) === 0 ? { delete: true } : { number: String(random(3)) }),
  }))
}

function seeded(seed: number): (below: number) => number {
  let state = seed
  return (below) => {
    state = (state * 48_271) % 2_147_483_647
    return state % below
  }
}

function entryOf(row: LogRow): Entry {
  const { kind, cell, user, after, version, revision } = row
  const facts = { cell, user, before: { value: row.before }, after, version, revision }
  if (kind === 'undo' || kind === 'redo') return { ...facts, kind, step: row.step! }
  return { ...facts, kind: 'change', type: kind, step: row.step }
}

/** A record that moved no version shares that of an earlier one. */
const isBuried = (row: LogRow, log: readonly LogRow[]) =>
  log.some(
    (other) => other.cell === row.cell && other.version === row.version && other.revision < row.revision,
  )
