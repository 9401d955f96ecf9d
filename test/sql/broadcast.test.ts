import { describe, expect, it } from 'vitest'
import { freshKey, freshTenants, refusalOf, write } from './support/cells.ts'
import { apply, changesSince, contents, nothing, snapshot } from './support/feed.ts'
import { broadcasts, rightsOn, startRealtime, withoutRealtime } from './support/realtime.ts'

const database = await freshTenants()
const { sql, ours, theirs, alice, mallory, asAlice, asMallory, asService, asAnon, createBudget, createUser } =
  database

const newBudget = async (organization = ours) => (await createBudget({ organization })).id
const put = (budget: string, items: object[]) => asAlice((as) => write(as, budget, items as never))
const cells = (count: number, text?: string) =>
  Array.from({ length: count }, () => ({
    ...freshKey(),
    ...(text === undefined ? { number: '1' } : { text }),
  }))

describe('without Realtime', () => {
  it('cells are written, and there is nothing to install', async () => {
    await withoutRealtime(sql)
    const budget = await newBudget()
    expect(await put(budget, cells(1))).toMatchObject({ revision: 1 })
    expect(await sql`SELECT efir_budget.install_realtime() AS installed`).toEqual([{ installed: false }])
    await sql`UPDATE efir_budget.budget_versions SET deleted_at = now() WHERE id = ${budget}`
  })
})

describe('once Realtime is there', () => {
  it('messages are sent without further ado', async () => {
    await startRealtime(sql)
    const budget = await newBudget()
    await put(budget, cells(1))
    expect(await broadcasts(sql, budget)).toHaveLength(1)
  })

  it('its policies are made by whoever runs the project, as often as he likes, and by nobody else', async () => {
    const install = (as: Parameters<Parameters<typeof asAlice>[0]>[0]) =>
      as`SELECT efir_budget.install_realtime() AS installed`
    expect(await asService(install)).toEqual([{ installed: true }])
    expect(await asService(install)).toEqual([{ installed: true }])
    expect(await refusalOf(asAlice(install))).toMatchObject({ code: '42501' })
    const policies = await sql`SELECT FROM pg_policies WHERE schemaname = 'realtime'`
    expect(policies).toHaveLength(5)
  })
})

describe('a commit', () => {
  it('is broadcast privately, as changes_since would answer', async () => {
    const budget = await newBudget()
    await put(budget, cells(3))
    await put(budget, cells(1))
    const messages = await broadcasts(sql, budget)
    expect(messages.map(({ event, private: isPrivate, extension }) => [event, isPrivate, extension])).toEqual(
      [
        ['commit', true, 'broadcast'],
        ['commit', true, 'broadcast'],
      ],
    )
    const answer = await asAlice((as) => changesSince(as, budget, 1))
    const { id, ...payload } = messages[1]!.payload
    expect(id).toEqual(expect.any(String))
    expect(payload).toEqual(answer)
  })

  it('of a program or of raw SQL is broadcast like any other, a deletion too', async () => {
    const budget = await newBudget()
    await asService(
      (as) => as`
        INSERT INTO efir_budget.planning_cells (budget_version_id, module_code, field_name, value_numeric)
        VALUES (${budget}, 'm', 'f', 1)`,
    )
    await sql`UPDATE efir_budget.planning_cells SET deleted_at = now() WHERE budget_version_id = ${budget}`
    const held = (await broadcasts(sql, budget)).reduce(
      (before, { payload }) => apply(before, payload),
      nothing,
    )
    expect(contents(held)).toEqual({ revision: 2, cells: [] })
  })

  it('is one message for each budget of a transaction, however many calls it made', async () => {
    const [first, second] = [await newBudget(), await newBudget()]
    await put(first, cells(1))
    await asAlice(async (as) => {
      await as`
        INSERT INTO efir_budget.planning_cells (budget_version_id, module_code, field_name)
        VALUES (${first}, 'm', 'f'), (${second}, 'm', 'f')`
      await write(as, second, cells(2))
      await write(as, first, cells(1))
      await write(as, first, cells(1))
      await as`UPDATE efir_budget.planning_cells SET value_text = 'x' WHERE budget_version_id = ${second} AND module_code = 'm'`
    })
    const [toFirst, toSecond] = [await broadcasts(sql, first), await broadcasts(sql, second)]
    expect(toFirst.map(({ payload: { from, to } }) => [from, to])).toEqual([
      [0, 1],
      [1, 4],
    ])
    expect(toSecond.map(({ payload: { from, to } }) => [from, to])).toEqual([[0, 3]])
    for (const budget of [first, second]) {
      const held = (await broadcasts(sql, budget)).reduce(
        (before, { payload }) => apply(before, payload),
        nothing,
      )
      expect(contents(held)).toEqual(contents(await snapshot(sql, budget)))
    }
  })

  it('that is rolled back, or that changed nothing, is not broadcast', async () => {
    const budget = await newBudget()
    const [cell] = cells(1)
    await put(budget, [cell!])
    await put(budget, [cell!])
    await asAlice(async (as) => {
      await write(as, budget, cells(1))
      throw new Error('taken back')
    }).catch(() => undefined)
    expect(await broadcasts(sql, budget)).toHaveLength(1)
  })

  it.each([
    ['changes', () => cells(201)],
    ['bytes', () => cells(3, 'x'.repeat(70_000))],
  ])('of too many %s is only announced', async (_, items) => {
    const budget = await newBudget()
    await put(budget, items())
    const [message] = await broadcasts(sql, budget)
    expect(message!.payload).toMatchObject({ revision: 1, from: 0, to: 0, resync: false, commits: [] })
  })

  it('of 200 changes is sent whole', async () => {
    const budget = await newBudget()
    await put(budget, cells(200))
    const [message] = await broadcasts(sql, budget)
    expect(message!.payload.commits[0]!.cells).toHaveLength(200)
  })
})

describe('a deleted budget', () => {
  it('is announced to those who have it open, for soon they may not ask any more', async () => {
    const budget = await newBudget()
    await sql`UPDATE efir_budget.budget_versions SET name = 'renamed', deleted_at = NULL WHERE id = ${budget}`
    expect(await broadcasts(sql, budget)).toEqual([])
    await sql`UPDATE efir_budget.budget_versions SET deleted_at = now() WHERE id = ${budget}`
    await sql`UPDATE efir_budget.budget_versions SET deleted_at = now() WHERE id = ${budget}`
    expect(await broadcasts(sql, budget)).toMatchObject([{ event: 'deleted', payload: { deleted: true } }])
  })

  it('is announced too when it is removed for good, with its cells', async () => {
    const budget = await newBudget()
    await put(budget, cells(2))
    await sql`DELETE FROM efir_budget.budget_versions WHERE id = ${budget}`
    const events = (await broadcasts(sql, budget)).map(({ event }) => event)
    expect(events.filter((event) => event === 'deleted')).toHaveLength(1)
  })
})

describe('a send that fails', () => {
  it.each([
    [
      'has an error',
      `CREATE OR REPLACE FUNCTION realtime.send(payload jsonb, event text, topic text, private boolean DEFAULT true)
      RETURNS void LANGUAGE plpgsql AS $$ BEGIN RAISE EXCEPTION 'no'; END $$`,
    ],
    [
      'may not be called',
      `CREATE OR REPLACE FUNCTION realtime.send(payload jsonb, event text, topic text, private boolean DEFAULT true)
      RETURNS void LANGUAGE plpgsql AS $$ BEGIN RAISE insufficient_privilege; END $$`,
    ],
    ['went away', 'DROP FUNCTION realtime.send'],
  ])('because it %s never fails the write', async (_, breaking) => {
    const budget = await newBudget()
    const done = new Error('taken back')
    await sql
      .begin(async (as) => {
        await as.unsafe(breaking)
        await write(as, budget, cells(1))
        await as`UPDATE efir_budget.budget_versions SET deleted_at = now() WHERE id = ${budget}`
        await as`SET CONSTRAINTS ALL IMMEDIATE`
        throw done
      })
      .catch((error: unknown) => expect(error).toBe(done))
  })
})

describe('a channel', () => {
  const topicOf = (budget: string) => `cells:${budget}`
  const as = (sub: string) => ({ role: 'authenticated' as const, sub })
  const none = { receive: [], send: [] }

  it('lets members receive, and send nothing but their presence', async () => {
    const topic = topicOf(await newBudget())
    expect(await rightsOn(sql, topic, as(alice))).toEqual({
      receive: ['broadcast', 'presence'],
      send: ['presence'],
    })
  })

  it('lets in nobody else: another organisation, nobody at all', async () => {
    const topic = topicOf(await newBudget())
    expect(await rightsOn(sql, topic, as(mallory))).toEqual(none)
    expect(await rightsOn(sql, topic, { role: 'anon' })).toEqual(none)
  })

  it('shows the stored messages of a budget to its members alone', async () => {
    const [budget, other] = [await newBudget(), await newBudget(theirs)]
    await put(budget, cells(1))
    const seen = (sub: string) =>
      database.asUser(sub, async (by) => {
        await by`SELECT set_config('realtime.topic', ${topicOf(other)}, true)`
        return by`SELECT FROM realtime.messages WHERE topic = ${topicOf(budget)}`
      })
    expect(await seen(alice)).toHaveLength(1)
    expect(await seen(mallory)).toHaveLength(0)
    expect(await refusalOf(asAnon((by) => by`SELECT FROM efir_budget.cell_commits`))).toMatchObject({
      code: '42501',
    })
  })

  it('takes no commit from a client, be he a member or not', async () => {
    const budget = await newBudget()
    const forge = (by: Parameters<Parameters<typeof asAlice>[0]>[0]) =>
      by`SELECT realtime.send('{"revision": 9}', 'commit', ${topicOf(budget)}, true)`
    await asAlice(forge)
    await asMallory(forge)
    await asAnon(forge)
    expect(await broadcasts(sql, budget)).toEqual([])
  })

  it('closes to a user with his membership, and to all with the budget', async () => {
    const budget = await newBudget()
    const carol = await createUser({ organization: ours })
    expect(await rightsOn(sql, topicOf(budget), as(carol.id))).toMatchObject({ send: ['presence'] })
    await sql`DELETE FROM efir_budget.user_profiles WHERE user_id = ${carol.id}`
    expect(await rightsOn(sql, topicOf(budget), as(carol.id))).toEqual(none)
    await sql`UPDATE efir_budget.budget_versions SET deleted_at = now() WHERE id = ${budget}`
    expect(await rightsOn(sql, topicOf(budget), as(alice))).toEqual(none)
  })

  it('stays closed under a policy of the host that opens everything, and the host’s own channels stay open', async () => {
    const budget = await newBudget()
    await sql`CREATE POLICY anything ON realtime.messages FOR ALL USING (true) WITH CHECK (true)`
    try {
      expect(await rightsOn(sql, topicOf(budget), as(mallory))).toEqual(none)
      expect(await rightsOn(sql, topicOf(budget), { role: 'anon' })).toEqual(none)
      expect(await rightsOn(sql, topicOf(budget), as(alice))).toMatchObject({ send: ['presence'] })
      const all = { receive: ['broadcast', 'presence'], send: ['broadcast', 'presence'] }
      expect(await rightsOn(sql, 'cells:lobby', { role: 'anon' })).toEqual(all)
      expect(await rightsOn(sql, 'lobby', as(mallory))).toEqual(all)
    } finally {
      await sql`DROP POLICY anything ON realtime.messages`
    }
  })

  it('asks once per statement who may, however many messages there are', async () => {
    const budget = await newBudget()
    const plan = await database.asUser(
      alice,
      (by) => by`EXPLAIN SELECT FROM realtime.messages WHERE topic = ${topicOf(budget)}`,
    )
    const text = plan.map((row) => String(row['QUERY PLAN'])).join('\n')
    expect(text).toMatch(/hashed SubPlan/)
    expect(text).not.toMatch(/ SubPlan \d+\b(?=\))(?<!hashed SubPlan \d+)/)
  })
})
