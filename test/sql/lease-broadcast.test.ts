import type postgres from 'postgres'
import { describe, expect, it } from 'vitest'
import { call } from './support/call.ts'
import { freshKey, freshTenants, referenceTo } from './support/cells.ts'
import { leaseNews, startRealtime, withoutRealtime } from './support/realtime.ts'

const tenants = await freshTenants()
const { sql, ours, alice, bob, createBudget, createUser, asUser } = tenants

type Reply = { readonly at: string; readonly results: [status: string, ...rest: unknown[]][] }

const newBudget = async () => (await createBudget({ organization: ours })).id
const newReference = () => referenceTo(freshKey())
const asked = (user: string, operation: string, parameters: Readonly<Record<string, unknown>>) =>
  asUser(user, (as: postgres.TransactionSql) => call<Reply>(as, operation, parameters))

async function acquire(user: string, budget: string, references: readonly unknown[], options: object = {}) {
  const { results } = await asked(user, 'acquire_leases', {
    budget_version_id: budget,
    references,
    ...options,
  })
  return results.map(([, , token]) => token as number)
}
const renew = (user: string, budget: string, tokens: readonly number[], ttl = 30_000) =>
  asked(user, 'renew_leases', { budget_version_id: budget, tokens, ttl_ms: ttl })
const release = (user: string, budget: string, tokens: readonly number[]) =>
  asked(user, 'release_leases', { budget_version_id: budget, tokens })
/** As if so much time had passed for all leases of the budget, and for what was told of them. */
const age = (budget: string, seconds: number) =>
  sql`
    UPDATE efir_budget.cell_leases SET
      expires_at = expires_at - ${seconds} * interval '1 second',
      told_until = told_until - ${seconds} * interval '1 second'
    WHERE budget_version_id = ${budget}`

describe('without Realtime', () => {
  it('leases are held and told to nobody', async () => {
    await withoutRealtime(sql)
    const budget = await newBudget()
    const tokens = await acquire(alice, budget, [newReference()])
    await age(budget, 20)
    await renew(alice, budget, tokens)
    expect(await release(alice, budget, tokens)).toMatchObject({ results: [['released']] })
    await startRealtime(sql)
  })
})

describe('a lease', () => {
  it('is told privately when it is acquired, and when it is released, in one message for all of a call', async () => {
    const budget = await newBudget()
    const [one, other] = [newReference(), newReference()].toSorted()
    const tokens = await acquire(alice, budget, [other, one])
    await release(alice, budget, tokens)
    const [told, freed, ...more] = await leaseNews(sql, budget)
    expect(told).toMatchObject({ private: true, at: expect.any(String) as string })
    expect(told!.leases!.map(([key, by]) => [key, by])).toEqual([
      [one, alice],
      [other, alice],
    ])
    const [, , acquiredAt, expiresAt] = told!.leases![0]!
    expect(Date.parse(expiresAt!) - Date.parse(acquiredAt!)).toBe(30_000)
    expect(Date.parse(told!.at) - Date.parse(acquiredAt!)).toBeGreaterThanOrEqual(0)
    expect(freed!.leases).toEqual([
      [one, null, null, null],
      [other, null, null, null],
    ])
    expect(more).toEqual([])
  })

  it('does not tell its token, and who asks for one that is held tells nobody', async () => {
    const budget = await newBudget()
    const reference = newReference()
    const [token] = await acquire(alice, budget, [reference])
    await acquire(bob, budget, [reference])
    const news = await leaseNews(sql, budget)
    expect(news).toHaveLength(1)
    expect(JSON.stringify(news[0]!.leases)).not.toContain(`${token!},`)
    expect(news[0]!.leases![0]).toHaveLength(4)
  })

  it('is told as the thief’s when it is stolen', async () => {
    const budget = await newBudget()
    const reference = newReference()
    await acquire(alice, budget, [reference])
    await acquire(bob, budget, [reference], { steal: true })
    const news = await leaseNews(sql, budget)
    expect(news.map(({ leases }) => leases!.map(([key, by]) => [key, by]))).toEqual([
      [[reference, alice]],
      [[reference, bob]],
    ])
  })

  it('is told again when less than half is left of what was told, together with all that are news', async () => {
    const budget = await newBudget()
    const [one, other] = [newReference(), newReference()]
    const [hers] = await acquire(alice, budget, [one])
    const [his] = await acquire(bob, budget, [other])
    const told = async () => (await leaseNews(sql, budget)).slice(2)
    await age(budget, 10)
    await renew(alice, budget, [hers!])
    await renew(bob, budget, [his!])
    expect(await told()).toEqual([])
    await age(budget, 10)
    await renew(alice, budget, [hers!])
    const [message, ...more] = await told()
    expect(more).toEqual([])
    expect(message!.leases!.map(([key]) => key)).toEqual([one, other].toSorted())
    // His was prolonged ten seconds ago: told now, it need not be told at his next renewal.
    await renew(bob, budget, [his!])
    expect(await told()).toHaveLength(1)
  })

  it('is told when it is to end sooner than was told', async () => {
    const budget = await newBudget()
    const tokens = await acquire(alice, budget, [newReference()], { ttl_ms: 600_000 })
    await renew(alice, budget, tokens, 5_000)
    const [, shorter] = await leaseNews(sql, budget)
    const [, , , expiresAt] = shorter!.leases![0]!
    expect(Date.parse(expiresAt!) - Date.parse(shorter!.at)).toBeLessThanOrEqual(5_000)
  })

  it('of who is no member any more is told as nobody’s', async () => {
    const budget = await newBudget()
    const carol = await createUser({ organization: ours })
    const [token] = await acquire(carol.id, budget, [newReference()])
    const [other] = await acquire(alice, budget, [newReference()])
    await renew(carol.id, budget, [token!])
    await sql`DELETE FROM efir_budget.user_profiles WHERE user_id = ${carol.id}`
    await age(budget, 20)
    await sql`UPDATE efir_budget.cell_leases SET expires_at = expires_at + interval '20 seconds' WHERE token = ${token!}`
    await renew(alice, budget, [other!])
    const news = await leaseNews(sql, budget)
    expect(
      news
        .at(-1)!
        .leases!.map(([, by]) => by)
        .toSorted(),
    ).toEqual([alice, null].toSorted())
  })

  it('is not told where the call is taken back', async () => {
    const budget = await newBudget()
    await asUser(alice, async (as) => {
      await call(as, 'acquire_leases', { budget_version_id: budget, references: [newReference()] })
      throw new Error('taken back')
    }).catch(() => undefined)
    expect(await leaseNews(sql, budget)).toEqual([])
  })

  it('is one of too many: then a message says only that there is news', async () => {
    const budget = await newBudget()
    await acquire(alice, budget, Array.from({ length: 200 }, newReference))
    await acquire(alice, budget, Array.from({ length: 201 }, newReference))
    const news = await leaseNews(sql, budget)
    expect(news.map(({ leases }) => leases?.length ?? null)).toEqual([200, null])
  })

  it('is held though the message cannot be sent', async () => {
    const budget = await newBudget()
    const done = new Error('taken back')
    await sql
      .begin(async (as) => {
        await as.unsafe(`CREATE OR REPLACE FUNCTION realtime.send(payload jsonb, event text, topic text, private boolean DEFAULT true)
          RETURNS void LANGUAGE plpgsql AS $$ BEGIN RAISE EXCEPTION 'no'; END $$`)
        await as`SELECT set_config('request.jwt.claims', ${JSON.stringify({ sub: alice, role: 'authenticated' })}, true)`
        const { results } = await call<Reply>(as, 'acquire_leases', {
          budget_version_id: budget,
          references: [newReference()],
        })
        expect(results[0]![0]).toBe('acquired')
        throw done
      })
      .catch((error: unknown) => expect(error).toBe(done))
  })
})

describe('renewals side by side', () => {
  it('of many users wait for nobody and tell everything', async () => {
    const budget = await newBudget()
    const users = await Promise.all(Array.from({ length: 8 }, () => createUser({ organization: ours })))
    const references = users.map(newReference)
    const held = await Promise.all(users.map(({ id }, index) => acquire(id, budget, [references[index]])))
    for (let round = 0; round < 5; round++) {
      await age(budget, 20)
      const replies = await Promise.all(users.map(({ id }, index) => renew(id, budget, held[index]!)))
      expect(replies.map(({ results }) => results[0]![0])).toEqual(users.map(() => 'renewed'))
    }
    const untold = await sql`
      SELECT FROM efir_budget.cell_leases
      WHERE budget_version_id = ${budget} AND told_until < clock_timestamp() + interval '10 seconds'`
    expect(untold).toHaveLength(0)
  })
})
