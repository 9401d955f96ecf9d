import { randomUUID } from 'node:crypto'
import type postgres from 'postgres'
import { describe, expect, it } from 'vitest'
import { bundle } from '../../src/migrations/bundle.ts'
import { call } from './support/call.ts'
import {
  crowd,
  freshKey,
  freshTenants,
  read,
  recordOf,
  referenceTo,
  refusalOf,
  short,
  write,
} from './support/cells.ts'

const tenants = await freshTenants()
const { sql, budget, ours, alice, bob, asAlice, asBob, asMallory, asAnon, asService, createBudget, asUser } =
  tenants

type Sql = postgres.TransactionSql | postgres.Sql
interface LockReply {
  readonly revision: number
  readonly operationId: string | null
  readonly sessionId: string | null
  readonly actor: string | null
  readonly at: string
  readonly locked?: number
  readonly unlocked?: number
  readonly results?: unknown[][]
}
interface LockedCells {
  readonly revision: number
  readonly ids: string[]
  readonly reasons: (string | null)[]
  readonly next: string | null
}

const lock = (as: Sql, parameters: object, to = budget) =>
  call<LockReply>(as, 'lock_cells', { budget_version_id: to, ...parameters })
const unlock = (as: Sql, parameters: object, to = budget) =>
  call<LockReply>(as, 'unlock_cells', { budget_version_id: to, ...parameters })
const locked = (as: Sql, parameters: object = {}, to = budget) =>
  call<LockedCells>(as, 'locked_cells', { budget_version_id: to, ...parameters })

/** New cells of one module, and their ids. */
async function newCells(count: number, module = `m-${randomUUID().slice(0, 8)}`, to = budget) {
  const keys = Array.from({ length: count }, () => ({ ...freshKey(), module }))
  const { results } = await asAlice((as) => write(as, to, keys.map((key) => ({ ...key, number: '1' })))) // prettier-ignore
  return { keys, module, ids: results.map((result) => result[1] as string) }
}

describe('lock_cells', () => {
  it('locks what the references name, and says what became of each', async () => {
    const { keys, ids } = await newCells(2)
    const missing = freshKey()
    const reply = await asAlice((as) =>
      lock(as, {
        references: [ids[0], referenceTo(keys[1]!), referenceTo(missing), randomUUID(), 'no id', {}],
        reason: 'approved',
      }),
    )
    expect(reply).toMatchObject({ locked: 2, actor: alice })
    expect(reply.results).toEqual([
      ['locked', ids[0], 2],
      ['locked', ids[1], 2],
      ['not_found', expect.any(String)],
      ['not_found', expect.any(String)],
      ['invalid', 'id', expect.any(String)],
      ['invalid', 'module', expect.any(String)],
    ])
    const { cells, revision } = await asBob((as) => read(as, budget, ids))
    expect(cells).toMatchObject([
      { isLocked: true, lockReason: 'approved', version: 2, modifiedBy: alice, modifiedAt: reply.at },
      { isLocked: true, lockReason: 'approved', version: 2, modifiedBy: alice },
    ])
    expect(revision).toBe(reply.revision)
    expect(await asAlice((as) => read(as, budget, [referenceTo(missing)]))).toMatchObject({ cells: [null] })
  })

  it('leaves a record of each cell, in one commit and one session', async () => {
    const { ids } = await newCells(2)
    const { sessionId, revision } = await asAlice((as) => lock(as, { references: ids, reason: 'approved' }))
    await asBob((as) => unlock(as, { references: ids }))
    for (const id of ids) {
      expect(await recordOf(sql, id)).toMatchObject([
        { action: 'insert' },
        { action: 'lock', old_value: '1.0000', new_value: '1.0000', changed_by: alice, session_id: sessionId, revision: String(revision) }, // prettier-ignore
        { action: 'unlock', changed_by: bob, revision: String(revision + 1) },
      ])
    }
  })

  it('changes nothing where the lock is there already, and moves no revision', async () => {
    const { ids } = await newCells(1)
    const first = await asAlice((as) => lock(as, { references: ids, reason: 'approved' }))
    const again = await asBob((as) => lock(as, { references: ids, reason: 'approved' }))
    expect(again).toMatchObject({ locked: 0, revision: first.revision, sessionId: null, results: [['unchanged', ids[0], 2]] }) // prettier-ignore
    const other = await asBob((as) => lock(as, { references: ids, reason: 'closed' }))
    expect(other).toMatchObject({ locked: 1, revision: first.revision + 1, results: [['locked', ids[0], 3]] })
  })

  it('holds writes and deletions back until it is taken away', async () => {
    const { ids } = await newCells(1)
    await asAlice((as) => lock(as, { references: ids }))
    const refusal = await refusalOf(asAlice((as) => write(as, budget, [{ id: ids[0], number: '2' }])))
    expect(refusal).toMatchObject({ code: 'PT423', results: [[0, 'locked', ids[0]]] })
    await asBob((as) => unlock(as, { references: ids }))
    const { results } = await asAlice((as) => write(as, budget, [{ id: ids[0], number: '2', base: 3 }]))
    expect(results).toEqual([['written', ids[0], 4]])
  })

  it('locks by filter, and unlocks by filter, in one call each', async () => {
    const { ids, module } = await newCells(30)
    const { ids: others } = await newCells(2)
    const reply = await asAlice((as) => lock(as, { filter: { module }, reason: 'approved' }))
    expect(reply).toMatchObject({ locked: 30 })
    expect(reply).not.toHaveProperty('results')
    expect((await asBob((as) => locked(as, { filter: { module } }))).ids).toEqual([...ids].sort())
    expect((await asAlice((as) => read(as, budget, others))).cells.map((cell) => cell!.isLocked)).toEqual([false, false]) // prettier-ignore
    expect(await asAlice((as) => lock(as, { filter: { module, locked: false } }))).toMatchObject({
      locked: 0,
    })
    expect(await asBob((as) => unlock(as, { filter: { module } }))).toMatchObject({ unlocked: 30 })
  })

  it('takes effect once when it is sent again', async () => {
    const { ids } = await newCells(1)
    const operation_id = randomUUID()
    const first = await asAlice((as) => lock(as, { references: ids, operation_id }))
    await asAlice((as) => unlock(as, { references: ids }))
    expect(await asAlice((as) => lock(as, { references: ids, operation_id }))).toEqual(first)
    expect((await asAlice((as) => read(as, budget, ids))).cells[0]!.isLocked).toBe(false)
    const refusal = await refusalOf(asAlice((as) => unlock(as, { references: ids, operation_id })))
    expect(refusal).toMatchObject({ code: 'PT422', detail: { field: 'operation_id' } })
  })

  it('does not find a deleted cell', async () => {
    const { ids } = await newCells(1)
    await asAlice((as) => write(as, budget, [{ id: ids[0], delete: true }]))
    const reply = await asAlice((as) => lock(as, { references: ids }))
    expect(reply).toMatchObject({ locked: 0, results: [['not_found', expect.any(String)]] })
  })

  it.each([
    [{}],
    [{ references: [], filter: {} }],
    [{ references: [] }],
    [{ references: 'all' }],
    [{ filter: { modul: 'a' } }],
    [{ filter: {}, reason: 'x'.repeat(201) }],
  ])('refuses %j', async (parameters) => {
    expect((await refusalOf(asAlice((as) => lock(as, parameters)))).code).toBe('PT422')
  })
})

describe('calls at the same time', () => {
  it('never wait for one another in a circle, and end with one lock a cell', async () => {
    const { ids, module } = await newCells(40)
    const members = crowd(tenants, 8)
    const replies = await Promise.all(
      Array.from({ length: 16 }, (_, n) =>
        members.asUser(n % 2 === 0 ? alice : bob, (as) =>
          n % 4 === 0
            ? lock(as, { filter: { module }, reason: 'same' })
            : lock(as, { references: n % 4 === 1 ? ids : ids.toReversed(), reason: 'same' }),
        ),
      ),
    )
    expect(replies.reduce((sum, reply) => sum + reply.locked!, 0)).toBe(40)
    expect((await asAlice((as) => read(as, budget, ids))).cells.map((cell) => cell!.version)).toEqual(
      ids.map(() => 2),
    )
  })
})

describe('locked_cells', () => {
  it('pages ids with their reasons in id order', async () => {
    const own = (await createBudget({ organization: ours })).id
    const ids = (await newCells(5, 'paged', own)).ids.sort()
    await asAlice((as) => lock(as, { references: ids.slice(0, 2), reason: 'a' }, own))
    await asAlice((as) => lock(as, { references: ids.slice(2, 4) }, own))
    const first = await asBob((as) => locked(as, { limit: 3 }, own))
    expect(first).toEqual({ revision: 3, ids: ids.slice(0, 3), reasons: ['a', 'a', null], next: ids[2] })
    const rest = await asBob((as) => locked(as, { limit: 3, after: first.next }, own))
    expect(rest).toEqual({ revision: 3, ids: [ids[3]], reasons: [null], next: null })
    expect((await asBob((as) => locked(as, { limit: 4 }, own))).next).toBeNull()
  })
})

describe('who may lock and unlock', () => {
  /** With a host's own rule in force while the work is done. */
  async function underRule<T>(rule: string, work: () => Promise<T>): Promise<T> {
    const original = bundle.find(({ name }) => name === '023_lock_rights')!.up
    const definition = /CREATE FUNCTION efir_budget\.may_change_lock[\s\S]*?\$\$[\s\S]*?\$\$;/.exec(
      original,
    )![0]
    const replace = definition.replace('CREATE FUNCTION', 'CREATE OR REPLACE FUNCTION')
    await sql.unsafe(replace.replace(/\$\$[\s\S]*\$\$/, `$$$$ ${rule} $$$$`))
    try {
      return await work()
    } finally {
      await sql.unsafe(replace)
    }
  }
  const ownLocksOnly =
    "SELECT cell.id FROM unnest(p_cells) AS cell WHERE p_action = 'lock' OR cell.modified_by = auth.uid()"

  it('is every member, as delivered, whoever locked', async () => {
    const { ids } = await newCells(1)
    await asAlice((as) => lock(as, { references: ids }))
    expect(await asBob((as) => unlock(as, { references: ids }))).toMatchObject({ unlocked: 1 })
  })

  it('is what the host says: by reference, by filter, and in the table itself', async () => {
    const { ids, module } = await newCells(2)
    await asAlice((as) => lock(as, { references: ids, reason: 'approved' }))
    await underRule(ownLocksOnly, async () => {
      const byReference = await refusalOf(asBob((as) => unlock(as, { references: ['no id', ...ids] })))
      expect(byReference).toMatchObject({
        code: 'PT403',
        results: [
          [1, 'forbidden', expect.any(String)],
          [2, 'forbidden', expect.any(String)],
        ],
      })
      const byFilter = await refusalOf(asBob((as) => unlock(as, { filter: { module } })))
      expect(byFilter).toMatchObject({ code: 'PT403', detail: {} })
      // Another reason takes the old lock away.
      expect((await refusalOf(asBob((as) => lock(as, { references: ids, reason: 'mine' })))).code).toBe(
        'PT403',
      )
      for (const by of [asBob, asService]) {
        const direct = by(
          (as) => as`UPDATE efir_budget.planning_cells SET is_locked = false WHERE id = ANY(${ids})`,
        )
        expect((await refusalOf(direct)).code).toBe('PT403')
        const reason = by(
          (as) => as`UPDATE efir_budget.planning_cells SET lock_reason = 'mine' WHERE id = ANY(${ids})`,
        )
        expect((await refusalOf(reason)).code).toBe('PT403')
      }
      expect(await asAlice((as) => unlock(as, { references: ids }))).toMatchObject({ unlocked: 2 })
    })
  })

  it('holds for a cell that is born locked', async () => {
    await underRule('SELECT cell.id FROM unnest(p_cells) AS cell WHERE FALSE', async () => {
      const insert = asAlice(
        (as) => as`
          INSERT INTO efir_budget.planning_cells (budget_version_id, module_code, field_name, is_locked)
          VALUES (${budget}, 'born', 'locked', true)`,
      )
      expect((await refusalOf(insert)).code).toBe('PT403')
      await asAlice((as) => write(as, budget, [{ ...freshKey(), number: '1' }]))
    })
  })

  it('is asked about all cells at once', async () => {
    const { ids } = await newCells(50)
    await sql`CREATE SEQUENCE efir_budget.questions`
    const counting =
      "SELECT cell.id FROM unnest(p_cells) AS cell, nextval('efir_budget.questions') AS asked WHERE asked > 0"
    const asked = await underRule(counting, async () => {
      await asAlice((as) => lock(as, { references: ids }))
      await asAlice(
        (as) => as`UPDATE efir_budget.planning_cells SET is_locked = false WHERE id = ANY(${ids})`,
      )
      return sql<{ value: string }[]>`SELECT last_value AS value FROM efir_budget.questions`
    })
    expect(asked).toEqual([{ value: '2' }])
  })

  it('is defined by one migration alone, so that a host keeps his own when he migrates on', () => {
    const touching = bundle
      .filter(({ up }) =>
        /FUNCTION (IF EXISTS )?efir_budget\.may_change_lock/.test(
          up.replaceAll(/(COMMENT|REVOKE ALL) ON FUNCTION/g, ''),
        ),
      )
      .map(({ name }) => name)
    expect(touching).toEqual(['023_lock_rights'])
  })
})

describe('locks past the functions', () => {
  it('are kept by the triggers as before, one statement for many cells', async () => {
    const { ids } = await newCells(3)
    await asBob(
      (as) => as`
      UPDATE efir_budget.planning_cells SET is_locked = true, lock_reason = 'by hand' WHERE id = ANY(${ids})`,
    )
    const { cells } = await asAlice((as) => read(as, budget, ids))
    for (const cell of cells)
      expect(cell).toMatchObject({ isLocked: true, lockReason: 'by hand', version: 2, modifiedBy: bob })
  })
})

describe('whom locks are none of the business of', () => {
  const calls: [string, object][] = [
    ['lock_cells', { filter: {} }],
    ['unlock_cells', { filter: {} }],
    ['locked_cells', {}],
  ]
  it.each(calls)(
    'is a stranger, to whom %s says what it says of no budget at all',
    async (name, parameters) => {
      const to = (budget_version_id: string) =>
        refusalOf(asMallory((as) => call(as, name, { budget_version_id, ...parameters })))
      expect((await to(budget)).code).toBe('PT404')
      expect(await to(budget)).toEqual(await to(randomUUID()))
    },
  )
  it.each(calls)('is anon, who may not call %s', async (name, parameters) => {
    const refusal = await refusalOf(
      asAnon((as) => call(as, name, { budget_version_id: budget, ...parameters })),
    )
    expect(refusal.code).toBe('42501')
  })

  it('is a stranger with our ids and a budget of his own', async () => {
    const { ids } = await newCells(1)
    const { results } = await asMallory((as) => lock(as, { references: ids }, tenants.theirBudget))
    expect(short(results!)).toEqual([['not_found', expect.any(String)]])
    expect((await asAlice((as) => read(as, budget, ids))).cells[0]!.isLocked).toBe(false)
  })

  it('is whoever has left the organisation, and everybody once the budget is deleted', async () => {
    const carol = (await tenants.createUser({ organization: ours })).id
    const own = (await createBudget({ organization: ours })).id
    const { ids } = await newCells(1, 'gone', own)
    await asUser(carol, (as) => lock(as, { references: ids }, own))
    await sql`DELETE FROM efir_budget.user_profiles WHERE user_id = ${carol}`
    expect((await refusalOf(asUser(carol, (as) => unlock(as, { references: ids }, own)))).code).toBe('PT404')
    // The lock stays, and so does who set it, also when his account has gone.
    expect(await asAlice((as) => locked(as, {}, own))).toMatchObject({ ids })
    await sql`DELETE FROM auth.users WHERE id = ${carol}`
    expect((await asAlice((as) => read(as, own, ids))).cells).toMatchObject([
      { isLocked: true, modifiedBy: carol },
    ])
    expect(await asBob((as) => unlock(as, { references: ids }, own))).toMatchObject({ unlocked: 1 })
    await sql`UPDATE efir_budget.budget_versions SET deleted_at = now() WHERE id = ${own}`
    expect((await refusalOf(asAlice((as) => lock(as, { references: ids }, own)))).code).toBe('PT404')
  })

  it('includes the service key, which may, and is nobody', async () => {
    const { ids } = await newCells(1)
    expect(await asService((as) => lock(as, { references: ids, reason: 'calculation' }))).toMatchObject({
      locked: 1,
      actor: null,
    })
  })
})
