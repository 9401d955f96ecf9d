import { randomUUID } from 'node:crypto'
import postgres from 'postgres'
import { describe, expect, it, onTestFinished } from 'vitest'
import { useStack } from '../support/stack.ts'
import {
  changesOf,
  collect,
  collector,
  joined,
  openChannel,
  presenceOf,
  statusesOf,
  subscribe,
  systemOf,
} from './support/channels.ts'

// What the SDK counts on of Supabase Realtime. A refused join is answered after five seconds, so those tests run together.
const stack = await useStack()

async function tenants() {
  const organization = await stack.createOrganization()
  const [alice, bob] = [await stack.createUser({ organization }), await stack.createUser({ organization })]
  const mallory = await stack.createUser({ organization: await stack.createOrganization() })
  const budget = await stack.createBudget({ organization })
  return { alice, bob, mallory, budget, topic: `cells:${budget.id}` }
}

const room = () => `room:${randomUUID()}`
const send = (topic: string, payload: object, isPrivate: boolean) =>
  stack.sql`SELECT realtime.send(${payload as never}, 'song', ${topic}, ${isPrivate})`
const insertCell = (budget: string, field: string, number = '1') => stack.sql<{ id: string }[]>`
  INSERT INTO efir_budget.planning_cells (budget_version_id, module_code, field_name, value_numeric)
  VALUES (${budget}, 'm', ${field}, ${number}) RETURNING id`

describe('a broadcast from the database', () => {
  it('reaches a member of the organisation, as the commit of a write', async () => {
    const { alice, bob, budget, topic } = await tenants()
    const commits = collect(await joined(stack.signIn(bob), topic, { private: true }), 'commit')
    const { error } = await stack
      .signIn(alice)
      .schema('efir_budget')
      .rpc('write_cells', {
        p_budget_version_id: budget.id,
        p_items: [{ module: 'revenue', field: 'tuition', period: '2026-01', number: '45000.0001' }],
      })
    expect(error).toBeNull()
    const [commit] = await commits.first(1)
    expect(commit).toMatchObject({
      revision: 1,
      from: 0,
      to: 1,
      commits: [{ revision: 1, actor: alice.id, cells: [expect.arrayContaining(['45000.0001'])] }],
      id: expect.any(String) as string,
    })
  })

  it('that is rolled back reaches nobody, and what follows arrives', async () => {
    const topic = room()
    const songs = collect(await joined(stack.anonClient(), topic), 'song')
    await stack.sql
      .begin(async (sql) => {
        await sql`SELECT realtime.send('{"verse": 1}', 'song', ${topic}, false)`
        throw new Error('taken back')
      })
      .catch(() => undefined)
    await send(topic, { verse: 2 }, false)
    expect(await songs.first(1)).toMatchObject([{ verse: 2 }])
  })

  it('is one of 500 from five connections, and all arrive once, in the order of the commits', async () => {
    const topic = room()
    const songs = collect(await joined(stack.anonClient(), topic), 'song')
    const table = `order_${randomUUID().slice(0, 8)}`
    await stack.sql
      .unsafe(`CREATE TABLE public.${table} (one boolean PRIMARY KEY DEFAULT true, last integer NOT NULL);
      REVOKE ALL ON public.${table} FROM anon, authenticated; INSERT INTO public.${table} (last) VALUES (0)`)
    const writers = Array.from({ length: 5 }, () => postgres(stack.databaseUrl, { max: 1, prepare: false }))
    onTestFinished(async () => {
      await Promise.all(writers.map((writer) => writer.end()))
      await stack.sql.unsafe(`DROP TABLE public.${table}`)
    })
    // The counter's lock is held up to the commit, so that its numbers are in the order of the commits.
    await Promise.all(
      writers.map(async (writer) => {
        for (let round = 0; round < 100; round++) {
          await writer.begin(async (sql) => {
            const [row] = await sql<
              { last: number }[]
            >`UPDATE ${sql(table)} SET last = last + 1 RETURNING last`
            await sql`SELECT realtime.send(${{ number: row!.last } as never}, 'song', ${topic}, false)`
          })
        }
      }),
    )
    await send(topic, { number: 501 }, false)
    const numbers = (await songs.first(501)).map(({ number }) => number)
    expect(numbers).toEqual(Array.from({ length: 501 }, (_, index) => index + 1))
    expect(songs.all).toHaveLength(501)
  })

  it('is in private or in public: a channel of the same name hears only its own', async () => {
    const { bob, topic } = await tenants()
    const [secret, open] = [
      collect(await joined(stack.signIn(bob), topic, { private: true }), 'song'),
      collect(await joined(stack.signIn(bob), topic), 'song'),
    ]
    await send(topic, { verse: 'private' }, true)
    await send(topic, { verse: 'public' }, false)
    expect(await secret.first(1)).toMatchObject([{ verse: 'private' }])
    expect(await open.first(1)).toMatchObject([{ verse: 'public' }])
    expect([secret.all.length, open.all.length]).toEqual([1, 1])
  })

  it('of a changed row comes from a trigger that calls broadcast_changes', async () => {
    const { bob, topic } = await tenants()
    const table = `noted_${randomUUID().slice(0, 8)}`
    await stack.sql.unsafe(`
      CREATE TABLE public.${table} (id integer PRIMARY KEY, text text);
      REVOKE ALL ON public.${table} FROM anon, authenticated;
      CREATE FUNCTION public.${table}() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN
        PERFORM realtime.broadcast_changes('${topic}', TG_OP, TG_OP, TG_TABLE_NAME, TG_TABLE_SCHEMA, NEW, OLD);
        RETURN NULL; END $$;
      CREATE TRIGGER tell AFTER UPDATE ON public.${table} FOR EACH ROW EXECUTE FUNCTION public.${table}()`)
    onTestFinished(async () => {
      await stack.sql.unsafe(`DROP TABLE public.${table}; DROP FUNCTION public.${table}`)
    })
    const updates = collect(await joined(stack.signIn(bob), topic, { private: true }), 'UPDATE')
    await stack.sql`INSERT INTO ${stack.sql(table)} VALUES (1, 'before')`
    await stack.sql`UPDATE ${stack.sql(table)} SET text = 'after'`
    const [update] = await updates.first(1)
    expect(update).toMatchObject({
      record: { id: 1, text: 'after' },
      old_record: { id: 1, text: 'before' },
      operation: 'UPDATE',
      table,
      schema: 'public',
    })
  })

  it('that fails never fails the transaction', async () => {
    await expect(stack.sql`SELECT realtime.send('[]', 'song', ${room()}, false)`).resolves.toHaveLength(1)
  })

  it('is replayed to who joins later and asks for it', async () => {
    const { bob, topic } = await tenants()
    for (const verse of [1, 2, 3]) await send(topic, { verse }, true)
    const channel = await openChannel(stack.signIn(bob), topic, {
      private: true,
      broadcast: { replay: { since: Date.now() - 60_000, limit: 2 } },
    })
    const songs = collect(channel, 'song')
    await subscribe(channel)
    expect(await songs.first(2)).toMatchObject([{ verse: 2 }, { verse: 3 }])
  })
})

describe('a broadcast from a client', () => {
  it('reaches the others, and himself where he asked for it', async () => {
    const topic = room()
    const [quiet, loud] = [
      await joined(stack.anonClient(), topic, { broadcast: { ack: true } }),
      await joined(stack.anonClient(), topic, { broadcast: { ack: true, self: true } }),
    ]
    const [heardByQuiet, heardByLoud] = [collect(quiet, 'song'), collect(loud, 'song')]
    expect(await quiet.send({ type: 'broadcast', event: 'song', payload: { of: 'quiet' } })).toBe('ok')
    expect(await loud.send({ type: 'broadcast', event: 'song', payload: { of: 'loud' } })).toBe('ok')
    expect(await heardByLoud.first(2)).toMatchObject([{ of: 'quiet' }, { of: 'loud' }])
    expect(await heardByQuiet.first(1)).toMatchObject([{ of: 'loud' }])
    expect(heardByQuiet.all).toHaveLength(1)
  })

  it('goes over HTTP where he has not joined', async () => {
    const topic = room()
    const songs = collect(await joined(stack.anonClient(), topic), 'song')
    const channel = await openChannel(stack.anonClient(), topic)
    expect(await channel.httpSend('song', { verse: 1 })).toEqual({ success: true })
    expect(await songs.first(1)).toMatchObject([{ verse: 1 }])
  })

  it('of more than 3,000 KB is refused where he asked for an answer', async () => {
    const channel = await joined(stack.anonClient(), room(), { broadcast: { ack: true } })
    const payload = { text: 'x'.repeat(3_000_001) }
    expect(await channel.send({ type: 'broadcast', event: 'song', payload })).toBe('error')
  })

  it('into a private channel of cells arrives nowhere, be he a member or not, over WebSocket or HTTP', async () => {
    const { alice, bob, mallory, topic } = await tenants()
    const commits = collect(await joined(stack.signIn(bob), topic, { private: true }), 'commit')
    const member = await joined(stack.signIn(alice), topic, { private: true })
    await member.send({ type: 'broadcast', event: 'commit', payload: { revision: 9 } })
    for (const user of [alice, mallory]) {
      const channel = await openChannel(stack.signIn(user), topic, { private: true })
      expect(await channel.httpSend('commit', { revision: 9 })).toEqual({ success: true })
    }
    const posted = await fetch(`${stack.url}/realtime/v1/api/broadcast`, {
      method: 'POST',
      headers: { apikey: stack.anonKey, 'content-type': 'application/json' },
      body: JSON.stringify({
        messages: [{ topic, event: 'commit', payload: { revision: 9 }, private: true }],
      }),
    })
    expect(posted.status).toBe(202)
    await stack.sql`SELECT realtime.send('{"revision": 1}', 'commit', ${topic}, true)`
    expect(await commits.first(1)).toMatchObject([{ revision: 1 }])
    expect(commits.all).toHaveLength(1)
  })

  it('over HTTP with no key, a wrong one, or no message is refused', async () => {
    const post = (headers: Record<string, string>, body: unknown) =>
      fetch(`${stack.url}/realtime/v1/api/broadcast`, { method: 'POST', headers, body: JSON.stringify(body) })
    expect((await post({}, {})).status).toBe(401)
    expect((await post({ apikey: 'sb_publishable_wrong' }, {})).status).toBe(401)
    for (const body of [null, [], {}, { messages: [null] }, { messages: [{ topic: 1 }] }]) {
      expect((await post({ apikey: stack.anonKey }, body)).status).toBe(422)
    }
  })
})

describe.concurrent('a private channel', () => {
  it.for([
    'of another organisation',
    'nobody at all',
    'with a token that has expired',
    'with a token of another secret',
  ])('is closed to someone %s', { timeout: 20_000 }, async (who, { expect: expecting }) => {
    const { mallory, alice, topic } = await tenants()
    const token = (options: object) => stack.signToken({ sub: alice.id }, options)
    const client = who === 'of another organisation' ? stack.signIn(mallory) : stack.anonClient()
    if (who === 'of another organisation') await client.realtime.setAuth()
    if (who.includes('expired')) await client.realtime.setAuth(await token({ expiresIn: -60 }))
    if (who.includes('secret')) await client.realtime.setAuth(await token({ secret: 'x'.repeat(40) }))
    const channel = client.channel(topic, { config: { private: true } })
    expecting(await subscribe(channel)).toMatchObject({
      status: 'CHANNEL_ERROR',
      message: expecting.stringMatching(
        who.includes('expired') ? /expired/ : who.includes('secret') ? /signature/ : /Unauthorized/,
      ) as string,
    })
    await client.removeAllChannels()
  })

  it('is closed to who joins before setAuth has resolved, for then he goes without a token', async ({
    expect: expecting,
  }) => {
    const { alice, topic } = await tenants()
    const client = stack.signIn(alice)
    const channel = client.channel(topic, { config: { private: true } })
    const first = await subscribe(channel)
    expecting(first).toMatchObject({ status: 'CHANNEL_ERROR' })
    await client.removeAllChannels()
  }, 20_000)

  it('is closed to a member who was removed, when he renews his token, with a word and for good', async ({
    expect: expecting,
  }) => {
    const { bob, topic } = await tenants()
    const client = stack.anonClient()
    const token = (jti: string) => stack.signToken({ sub: bob.id, jti })
    await client.realtime.setAuth(await token('1'))
    const channel = client.channel(topic, { config: { private: true } })
    const system = systemOf(channel)
    const statuses = statusesOf(channel)
    await statuses.first(1)
    await stack.sql`DELETE FROM efir_budget.user_profiles WHERE user_id = ${bob.id}`
    await client.realtime.setAuth(await token('2'))
    const [said] = await system.first(1)
    expecting(said).toMatchObject({
      status: 'error',
      message: `You do not have permissions to read from this Channel topic: ${topic}`,
    })
    expecting((await statuses.first(2)).map(({ status }) => status)).toEqual(['SUBSCRIBED', 'CLOSED'])
    await client.removeAllChannels()
  })
})

describe('presence', () => {
  it('shows members who is here, and that they came, changed and went', async () => {
    const { alice, bob, topic } = await tenants()
    const listener = await openChannel(stack.signIn(bob), topic, { private: true })
    const { joins, leaves } = presenceOf(listener)
    expect(await subscribe(listener)).toMatchObject({ status: 'SUBSCRIBED' })
    const client = stack.signIn(alice)
    const here = await openChannel(client, topic, { private: true, presence: { key: alice.id } })
    presenceOf(here)
    await subscribe(here)
    expect(await here.track({ cell: 'one' })).toBe('ok')
    await joins.first(1)
    expect(await here.track({ cell: 'two' })).toBe('ok')
    await joins.first(2)
    expect(listener.presenceState()).toMatchObject({ [alice.id]: [{ cell: 'two' }] })
    expect(joins.all.map(({ key, newPresences }) => [key, newPresences[0]!.cell])).toEqual([
      [alice.id, 'one'],
      [alice.id, 'two'],
    ])
    await client.removeAllChannels()
    const left = await leaves.first(2)
    expect(left.map(({ leftPresences }) => leftPresences[0]!.cell)).toEqual(['one', 'two'])
    expect(listener.presenceState()).toEqual({})
  })

  it('of those who came before is told to who joins', async () => {
    const topic = room()
    const first = await joined(stack.anonClient(), topic, { presence: { key: 'first' } })
    await first.track({ since: 1 })
    const second = await openChannel(stack.anonClient(), topic)
    const { joins } = presenceOf(second)
    await subscribe(second)
    expect(await joins.first(1)).toMatchObject([{ key: 'first', newPresences: [{ since: 1 }] }])
  })

  it('is not told in the public channel of the same name', async () => {
    const { alice, mallory, topic } = await tenants()
    const member = await joined(stack.signIn(alice), topic, { private: true, presence: { key: alice.id } })
    expect(await member.track({ cell: 'secret' })).toBe('ok')
    const spy = await openChannel(stack.signIn(mallory), topic, { presence: { key: 'spy' } })
    const { joins } = presenceOf(spy)
    await subscribe(spy)
    await spy.track({ looking: true })
    expect(await joins.first(1)).toMatchObject([{ key: 'spy' }])
    expect(Object.keys(spy.presenceState())).toEqual(['spy'])
    expect(Object.keys(member.presenceState())).toEqual([])
  })

  it('closes the channel of who tells it more than five times in half a minute', async () => {
    const channel = await openChannel(stack.anonClient(), room())
    const system = systemOf(channel)
    await subscribe(channel)
    for (let call = 0; call < 6; call++) void channel.track({ call })
    expect(await system.first(1)).toMatchObject([{ message: 'Client presence rate limit exceeded' }])
  })
})

describe('postgres_changes', () => {
  const cells = { schema: 'efir_budget', table: 'planning_cells' } as const

  it('come to members, with numbers as JSON numbers and of the old row only the key', async () => {
    const { bob, mallory, budget } = await tenants()
    const filter = `budget_version_id=eq.${budget.id}`
    const [member, stranger] = [
      await changesOf(stack.signIn(bob), { event: '*', ...cells, filter }),
      await changesOf(stack.signIn(mallory), { event: '*', ...cells, filter }),
    ]
    const [row] = await insertCell(budget.id, 'f', '12.5')
    const [insert] = await member.first(1)
    expect(insert).toMatchObject({
      eventType: 'INSERT',
      new: { id: row!.id, value_numeric: 12.5, version: 1 },
      old: {},
    })
    await stack.sql`UPDATE efir_budget.planning_cells SET value_numeric = 3 WHERE id = ${row!.id}`
    const [, update] = await member.first(2)
    expect(update).toMatchObject({ eventType: 'UPDATE', new: { value_numeric: 3 } })
    expect(update!.old).toEqual({ id: row!.id })
    expect(stranger.all).toEqual([])
  })

  it.each([
    ['eq', 'value_numeric=eq.3', [3]],
    ['neq', 'value_numeric=neq.3', [1, 2, 4]],
    ['lt', 'value_numeric=lt.2', [1]],
    ['lte', 'value_numeric=lte.2', [1, 2]],
    ['gt', 'value_numeric=gt.2', [3, 4]],
    ['gte', 'value_numeric=gte.3.0', [3, 4]],
    ['in', 'value_numeric=in.(1,4)', [1, 4]],
    ['and', 'value_numeric=gt.1,value_numeric=lt.4', [2, 3]],
  ])('are filtered by %s', async (_, filter, wanted) => {
    const { bob, budget } = await tenants()
    const changes = await changesOf(stack.signIn(bob), { event: 'INSERT', ...cells, filter })
    for (const number of [1, 2, 3, 4]) await insertCell(budget.id, `f${number}`, String(number))
    const seen = await changes.first(wanted.length)
    expect(seen.map((change) => change.new.value_numeric)).toEqual(wanted)
  })

  it('of a deletion come to everyone, and tell the key alone', async () => {
    const { mallory, budget } = await tenants()
    const deletions = await changesOf(stack.signIn(mallory), { event: 'DELETE', ...cells })
    const [row] = await insertCell(budget.id, 'secret', '42')
    await stack.sql`DELETE FROM efir_budget.budget_versions WHERE id = ${budget.id}`
    // Deletions of other tests come too: that is the leak.
    let deletion: Awaited<ReturnType<typeof deletions.first>>[number]
    for (let count = 1; ; count++) {
      deletion = (await deletions.first(count))[count - 1]!
      if (deletion.old.id === row!.id) break
    }
    expect(deletion).toMatchObject({ eventType: 'DELETE', new: {} })
    expect(deletion.old).toEqual({ id: row!.id })
  })

  it('tell the whole old row where the table says so, and leave out what is large and did not change', async () => {
    const table = `told_${randomUUID().slice(0, 8)}`
    await stack.sql.unsafe(`
      CREATE TABLE public.${table} (id integer PRIMARY KEY, note text, big text, tags text[], at timestamptz);
      ALTER TABLE public.${table} ALTER COLUMN big SET STORAGE EXTERNAL;
      GRANT SELECT ON public.${table} TO anon;
      ALTER PUBLICATION supabase_realtime ADD TABLE public.${table}`)
    onTestFinished(async () => {
      await stack.sql.unsafe(`DROP TABLE public.${table}`)
    })
    const binding = { event: '*', schema: 'public', table }
    const changes = await changesOf(stack.anonClient(), binding)
    await stack.sql`INSERT INTO ${stack.sql(table)}
      VALUES (1, 'a', repeat('x', 10000), '{one,two}', '2026-01-31 08:30:00.25+00')`
    await stack.sql`UPDATE ${stack.sql(table)} SET note = 'b'`
    await stack.sql`ALTER TABLE ${stack.sql(table)} REPLICA IDENTITY FULL`
    await stack.sql`UPDATE ${stack.sql(table)} SET note = 'c'`
    await stack.sql`DELETE FROM ${stack.sql(table)}`
    const [insert, update, full, deletion] = await changes.first(4)
    expect(insert!.new).toMatchObject({ note: 'a', tags: ['one', 'two'], at: '2026-01-31T08:30:00.25+00:00' })
    expect(update!.new).toMatchObject({ id: 1, note: 'b' })
    expect(update!.new).not.toHaveProperty('big')
    expect(update!.old).toEqual({ id: 1 })
    expect(full!.old).toMatchObject({ id: 1, note: 'b' })
    // No row security holds here, so nothing is to be kept.
    expect(deletion!.old).toMatchObject({ id: 1, note: 'c' })
  })

  it('come to anon as an error and with no row', async () => {
    const { budget } = await tenants()
    const changes = await changesOf(stack.anonClient(), { event: 'INSERT', ...cells })
    await insertCell(budget.id, 'f')
    const [change] = await changes.first(1)
    expect(change).toMatchObject({ errors: ['Error 401: Unauthorized'], new: {}, old: {} })
  })

  it.each([
    ['of a table that is not published', { schema: 'efir_budget', table: 'cell_changes' }],
    ['with a column that is not there', { ...cells, filter: 'nothing=eq.1' }],
    ['with an operator that is none', { ...cells, filter: 'field_name=like.x' }],
    ['with a value of another type', { ...cells, filter: 'value_numeric=eq.many' }],
    [
      'with SQL in the value',
      { ...cells, filter: "value_numeric=eq.1'; DROP TABLE efir_budget.planning_cells; --" },
    ],
    ['with SQL in the column', { ...cells, filter: '1=1) OR (true=eq.true' }],
  ])('%s are refused after the join, and the whole channel has none', async (_, wrong) => {
    const { bob, budget } = await tenants()
    const channel = await openChannel(stack.signIn(bob), room())
    const system = systemOf(channel)
    const seen: unknown[] = []
    channel.on('postgres_changes', { event: '*', ...cells }, (change) => seen.push(change))
    channel.on('postgres_changes', { event: 'INSERT', ...wrong }, (change) => seen.push(change))
    expect(await subscribe(channel)).toMatchObject({ status: 'SUBSCRIBED' })
    expect(await system.first(1)).toMatchObject([{ extension: 'postgres_changes', status: 'error' }])
    const control = await changesOf(stack.signIn(bob), { event: '*', ...cells })
    await insertCell(budget.id, 'f')
    await control.first(1)
    expect(seen).toEqual([])
  })

  it('say that they have begun, after the join', async () => {
    const { bob } = await tenants()
    const channel = await openChannel(stack.signIn(bob), room())
    const said = collector<unknown>()
    channel.on('system', {}, (message) => said.push(message))
    channel.on('postgres_changes', { event: '*', ...cells }, () => undefined)
    channel.subscribe((status) => said.push(status))
    expect(await said.first(2)).toMatchObject([
      'SUBSCRIBED',
      { extension: 'postgres_changes', status: 'ok', message: 'Subscribed to PostgreSQL' },
    ])
  })
})
