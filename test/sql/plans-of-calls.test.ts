import { randomUUID } from 'node:crypto'
import postgres from 'postgres'
import { afterAll, describe, expect, it } from 'vitest'
import { asRole } from '../support/roles.ts'
import { call } from './support/call.ts'
import { freshTenants, write } from './support/cells.ts'
import { commentsOf } from './support/comments.ts'
import { changesSince } from './support/feed.ts'
import { listChanges } from './support/history.ts'
import { rowsRead, withoutStatistics } from './support/rows-read.ts'
import { previewRedo, previewUndo, redo, restore, undo, undoState } from './support/turns.ts'

// One connection, as of a pool, so that plans made while the tables were empty are used again on full ones.
const { databaseUrl, alice, bob, budget, sql } = await freshTenants()
await withoutStatistics(sql)
const single = postgres(databaseUrl, { max: 1, onnotice: () => undefined })
afterAll(() => single.end({ timeout: 5 }))

type Sql = postgres.TransactionSql
const asAlice = <T>(work: (as: Sql) => Promise<T>) => asRole(single).asUser(alice, work)
const asBob = <T>(work: (as: Sql) => Promise<T>) => asRole(single).asUser(bob, work)

const MANY = 10_000
const ROUNDS = 10
/** Of any table, for a few calls about one cell. A walk through the cells would read twenty thousand. */
const A_HANDFUL = 500

interface Cell {
  readonly id: string
  readonly key: readonly unknown[]
  readonly session: string
  readonly revision: number
}

/** A cell of its own for every call, with two values by Alice. */
async function newCell(): Promise<Cell> {
  const key = { module: 'm', entity: randomUUID(), field: 'f', period: 'p' }
  const session = randomUUID()
  await asAlice((as) => write(as, budget, [{ ...key, number: '1' }]))
  const { results, revision } = await asAlice((as) =>
    write(as, budget, [{ ...key, number: '2' }], { session }),
  )
  return {
    id: results[0]![1] as string,
    key: [key.module, key.entity, key.field, key.period],
    session,
    revision,
  }
}

interface Leased {
  readonly results: readonly (readonly [outcome: string, cell: string, token: number])[]
}
const acquire = (as: Sql, { key }: Cell) =>
  call<Leased>(as, 'acquire_leases', { budget_version_id: budget, references: [key] })
const comments = commentsOf(budget)
const lease = (as: Sql, name: 'renew_leases' | 'release_leases', token: number) =>
  call(as, name, { budget_version_id: budget, tokens: [token] })

const calls: Readonly<Record<string, (cell: Cell) => Promise<unknown>>> = {
  'an undo, what it would do, and the way back': async () => {
    await asAlice((as) => previewUndo(as, budget))
    await asAlice((as) => undo(as, budget))
    await asAlice((as) => undoState(as, budget))
    await asAlice((as) => previewRedo(as, budget))
    await asAlice((as) => redo(as, budget))
  },
  'a lock and its removal': async ({ id }) => {
    await asAlice((as) => call(as, 'lock_cells', { budget_version_id: budget, references: [id] }))
    await asAlice((as) => call(as, 'locked_cells', { budget_version_id: budget }))
    await asAlice((as) => call(as, 'unlock_cells', { budget_version_id: budget, references: [id] }))
  },
  'a lease, from its begin to its end': async (cell) => {
    const [, , token] = (await asAlice((as) => acquire(as, cell))).results[0]!
    await asAlice((as) => lease(as, 'renew_leases', token))
    await asAlice((as) => write(as, budget, [{ id: cell.id, number: '3', lease: token }]))
    await asBob((as) => call(as, 'list_leases', { budget_version_id: budget }))
    await asAlice((as) => lease(as, 'release_leases', token))
  },
  'what changed since a moment ago': async ({ revision }) => {
    await asBob((as) => changesSince(as, budget, revision - 1))
    await asBob((as) => changesSince(as, budget, revision))
  },
  'the history of a cell, and of a step': async ({ id, session }) => {
    for (const filter of [{ cell: id }, { session }])
      expect((await asBob((as) => listChanges(as, budget, filter))).changes).not.toEqual([])
  },
  'the newest of all, and of a user': async () => {
    for (const filter of [{}, { user: alice }])
      expect((await asBob((as) => listChanges(as, budget, filter, { limit: 5 }))).changes).toHaveLength(5)
  },
  'the history of an entity, with its module and without': async ({ key }) => {
    const entity = String(key[1])
    for (const filter of [{ entity }, { module: 'm', entity }])
      expect((await asBob((as) => listChanges(as, budget, filter))).changes.length).toBeGreaterThan(1)
  },
  'a comment, an answer, and what is to be read of them': async ({ id, key }) => {
    const { id: thread } = await asAlice((as) => comments.say(as, id, 'Why?', { mentions: [bob] }))
    await asBob((as) => comments.answer(as, thread, 'Because.'))
    for (const references of [[id], [key]]) {
      expect((await asAlice((as) => comments.list(as, { references }))).threads).toHaveLength(1)
      expect((await asAlice((as) => comments.counts(as, { references }))).counts).toHaveLength(1)
    }
    await asBob((as) => comments.inbox(as, { unread: true }))
    await asBob((as) => comments.read(as, [thread]))
  },
  'the comments of an entity, and how many': async ({ id, key }) => {
    await asAlice((as) => comments.say(as, id, 'Why?'))
    const filter = { module: 'm', entity: String(key[1]) }
    expect((await asBob((as) => comments.list(as, { filter }))).threads).toHaveLength(1)
    expect((await asBob((as) => comments.counts(as, { filter }))).counts).toHaveLength(1)
  },
  'what a cell was, and going back to it': async ({ id, key, revision }) => {
    const references = { references: [id, key] }
    const past = { budget_version_id: budget, ...references }
    await asBob((as) =>
      as.unsafe(
        `SELECT efir_budget.read_cells_as_of($1, $2::text::jsonb, $3)`,
        [past.budget_version_id, JSON.stringify(past.references), revision - 1],
        { prepare: true },
      ),
    )
    await asAlice((as) =>
      restore(as, budget, revision - 1, { filter: { module: 'm', entity: String(key[1]) } }),
    )
  },
}

async function growTables(): Promise<void> {
  for (let part = 0; part < 2; part += 1) {
    await asBob((as) =>
      write(
        as,
        budget,
        Array.from({ length: MANY }, (_, index) => ({
          module: 'm',
          entity: randomUUID(),
          field: 'f',
          period: `${part}/${index}`,
          number: '1',
        })),
      ),
    )
  }
  await sql`
    INSERT INTO efir_budget.cell_comments (cell_id, comment_text, created_by)
    SELECT id, 'Why?', ${alice} FROM efir_budget.planning_cells WHERE period_code LIKE '0/%'`
}

describe('plans that were made while the tables were empty', () => {
  it('read a handful of rows for each call about one cell later on', { timeout: 180_000 }, async () => {
    for (const work of Object.values(calls))
      for (let round = 0; round < ROUNDS; round += 1) await work(await newCell())
    await growTables()
    for (const [name, work] of Object.entries(calls)) {
      const cells: Cell[] = []
      for (let round = 0; round < ROUNDS; round += 1) cells.push(await newCell())
      const before = await rowsRead(single)
      for (const cell of cells) await work(cell)
      const after = await rowsRead(single)
      for (const [table, rows] of after)
        expect((rows - before.get(table)!) / ROUNDS, `${name}: ${table}`).toBeLessThan(A_HANDFUL)
    }
  })
})
