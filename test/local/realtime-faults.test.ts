import { randomUUID } from 'node:crypto'
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { createClient, type SupabaseClient } from '@supabase/supabase-js'
import postgres from 'postgres'
import { afterAll, afterEach, describe, expect, it } from 'vitest'
import { LocalStackError, startLocalStack, type RealtimeFaults } from '../../src/local/index.ts'
import { localOnly } from '../support/stack.ts'
import {
  changesOf,
  collect,
  collector,
  joined,
  openChannel,
  presenceOf,
  subscribe,
  systemOf,
} from './support/channels.ts'

// A stack of its own: what goes wrong here must go wrong for nobody else.
localOnly('it makes Realtime misbehave').describe('Realtime on a bad day', async () => {
  const stack = await startLocalStack()
  const { realtime } = stack
  afterAll(() => stack.stop())
  afterEach(async () => {
    realtime.faults({})
    realtime.prematureSubscribed(0)
    realtime.rateLimit(undefined)
    realtime.oversize(undefined)
    realtime.joinErrorDelay(undefined)
    await realtime.resume()
  })

  async function asSuperuser(work: (sql: postgres.Sql) => Promise<unknown>): Promise<void> {
    const settings = JSON.parse(readFileSync(join(stack.directory, 'stack.json'), 'utf8')) as {
      superuserPassword: string
    }
    const url = new URL(stack.databaseUrl)
    url.username = 'supabase_admin'
    url.password = settings.superuserPassword
    const sql = postgres(url.href, { max: 1 })
    await work(sql).finally(() => sql.end())
  }

  const withToken = (token: string) =>
    createClient(stack.url, stack.anonKey, { accessToken: () => Promise.resolve(token) })
  const room = () => `room:${randomUUID()}`
  const send = (topic: string, number: number, isPrivate = false) =>
    stack.sql`SELECT realtime.send(${{ number } as never}, 'song', ${topic}, ${isPrivate})`
  const numbers = (songs: readonly Record<string, unknown>[]) => songs.map(({ number }) => number)

  async function member() {
    const organization = await stack.createOrganization()
    const user = await stack.createUser({ organization })
    const budget = await stack.createBudget({ organization })
    return { user, budget, topic: `cells:${budget.id}` }
  }

  /** What a channel says of itself, from its join on. */
  async function watched(client: SupabaseClient, topic: string, isPrivate = false) {
    const channel = await openChannel(client, topic, { private: isPrivate })
    const [system, songs, statuses] = [systemOf(channel), collect(channel, 'song'), collector<string>()]
    channel.subscribe((status) => statuses.push(status))
    expect(await statuses.first(1)).toEqual(['SUBSCRIBED'])
    return { channel, system, songs, statuses }
  }

  describe('faults', () => {
    it('drops, doubles, delays and reorders what a predicate says', async () => {
      const topic = room()
      const heard = collect(await joined(stack.anonClient(), topic), 'song')
      const decisions: RealtimeFaults['decide'] = ({ topic: of, index }) =>
        of === topic
          ? (['drop', 'duplicate', 'reorder', undefined, { delay: 200 }] as const)[index]
          : undefined
      realtime.faults({ decide: decisions })
      for (const number of [0, 1, 2, 3, 4, 5]) await send(topic, number)
      expect(numbers(await heard.first(6))).toEqual([1, 1, 3, 2, 5, 4])
    })

    it('sends a message that was put behind the next one, even where there is no next one', async () => {
      const topic = room()
      const heard = collect(await joined(stack.anonClient(), topic), 'song')
      realtime.faults({ reorder: 1 })
      await send(topic, 1)
      expect(numbers(await heard.first(1))).toEqual([1])
    })

    it('reaches changes and presence as well', async () => {
      const { user, budget } = await member()
      const changes = await changesOf(stack.signIn(user), {
        event: '*',
        schema: 'efir_budget',
        table: 'planning_cells',
      })
      realtime.faults({
        decide: ({ kind, event }) => (kind === 'postgres_changes' && event === 'INSERT' ? 'drop' : undefined),
      })
      await stack.sql`INSERT INTO efir_budget.planning_cells (budget_version_id, module_code, field_name)
        VALUES (${budget.id}, 'm', 'f')`
      await changesOf(stack.signIn(user), { event: 'UPDATE', schema: 'efir_budget', table: 'planning_cells' })
      await stack.sql`UPDATE efir_budget.planning_cells SET value_numeric = 1 WHERE budget_version_id = ${budget.id}`
      expect(await changes.first(1)).toMatchObject([{ eventType: 'UPDATE' }])

      const topic = room()
      const listener = await openChannel(stack.anonClient(), topic)
      const { joins } = presenceOf(listener)
      await subscribe(listener)
      realtime.faults({ decide: ({ event }) => (event === 'presence_diff' ? 'drop' : undefined) })
      const other = await joined(stack.anonClient(), topic)
      await other.track({ here: 1 })
      realtime.faults({})
      await other.track({ here: 2 })
      expect(await joins.first(1)).toMatchObject([{ newPresences: [{ here: 2 }] }])
    })

    it.each([
      ['faults', () => realtime.faults({ drop: 1.5 })],
      ['faults.delay', () => realtime.faults({ delay: { probability: 0.5, milliseconds: -1 } })],
      ['prematureSubscribed', () => realtime.prematureSubscribed(-1)],
      ['rateLimit', () => realtime.rateLimit({ perSecond: NaN })],
      ['rateLimit.excess', () => realtime.rateLimit({ perSecond: 1, excess: 'explode' as 'drop' })],
      ['oversize', () => realtime.oversize(-1)],
      ['joinErrorDelay', () => realtime.joinErrorDelay(-1)],
    ])('refuses what makes no sense: %s', (field, set) => {
      expect(set).toThrow(LocalStackError)
      expect(set).toThrow(field)
    })
  })

  it('prematureSubscribed: what is sent between SUBSCRIBED and the beginning is lost', async () => {
    const topic = room()
    realtime.prematureSubscribed(300)
    const channel = await openChannel(stack.anonClient(), topic)
    const songs = collect(channel, 'song')
    const { joins } = presenceOf(channel)
    await subscribe(channel)
    await send(topic, 1)
    const other = await joined(stack.anonClient(), topic, { presence: { key: 'other' } })
    await other.track({ here: true })
    // The state of presence is told first of all once delivery has begun.
    await joins.first(1)
    await send(topic, 2)
    expect(numbers(await songs.first(1))).toEqual([2])
  })

  describe('rateLimit', () => {
    it('counts each delivery, and loses what is too much without a word', async () => {
      const topic = room()
      const [one, two] = [await watched(stack.anonClient(), topic), await watched(stack.anonClient(), topic)]
      const sender = await joined(stack.anonClient(), topic, { broadcast: { ack: true } })
      const sing = (number: number) => sender.send({ type: 'broadcast', event: 'song', payload: { number } })
      // Six in ten minutes, and three a message: it, and two deliveries. The third is one too many.
      realtime.rateLimit({ perSecond: 0.01, window: 600 })
      for (const number of [1, 2, 3, 4]) expect(await sing(number)).toBe('ok')
      realtime.rateLimit(undefined)
      await sing(5)
      for (const { songs, system, statuses } of [one, two]) {
        expect(numbers(await songs.first(3))).toEqual([1, 2, 5])
        expect([system.all, statuses.all]).toEqual([[], ['SUBSCRIBED']])
      }
    })

    it('closes the channel where it is told to', async () => {
      const topic = room()
      const { system, statuses } = await watched(stack.anonClient(), topic)
      realtime.rateLimit({ perSecond: 1, window: 1, excess: 'close' })
      const sender = await joined(stack.anonClient(), topic)
      for (let count = 0; count < 20; count++) {
        void sender.send({ type: 'broadcast', event: 'song', payload: { count } })
      }
      expect(await system.first(1)).toMatchObject([
        { status: 'error', message: 'Too many messages per second' },
      ])
      expect(await statuses.first(2)).toEqual(['SUBSCRIBED', 'CLOSED'])
    })
  })

  it('oversize: a larger message of the database is lost without a word, and what follows arrives', async () => {
    const topic = room()
    const { songs } = await watched(stack.anonClient(), topic)
    realtime.oversize(1000)
    await stack.sql`SELECT realtime.send(${{ text: 'x'.repeat(1000) } as never}, 'song', ${topic}, false)`
    await send(topic, 2)
    expect(numbers(await songs.first(1))).toEqual([2])
  })

  it.each<[string, () => unknown]>([
    ['kill', () => realtime.kill()],
    ['closeAll', () => realtime.closeAll(1011, 'mayday')],
    ['restart', () => realtime.restart()],
  ])(
    '%s: the client is told, comes back by itself, and hears what is sent from then on',
    async (_, happen) => {
      const { user, topic } = await member()
      const { songs, statuses } = await watched(stack.signIn(user), topic, true)
      await happen()
      await send(topic, 1, true)
      expect(await statuses.first(3)).toEqual(['SUBSCRIBED', 'CHANNEL_ERROR', 'SUBSCRIBED'])
      await send(topic, 2, true)
      expect(numbers(await songs.first(1))).toEqual([2])
    },
  )

  it('pause: the database is heard no more, without a sign, and what was sent stays lost', async () => {
    const { user, topic, budget } = await member()
    const client = stack.signIn(user)
    const { songs, statuses, system } = await watched(client, topic, true)
    const changes = await changesOf(client, {
      event: 'INSERT',
      schema: 'efir_budget',
      table: 'planning_cells',
    })
    const insert = (field: string) => stack.sql`
      INSERT INTO efir_budget.planning_cells (budget_version_id, module_code, field_name)
      VALUES (${budget.id}, 'm', ${field})`
    await realtime.pause()
    await send(topic, 1, true)
    await insert('lost')
    await realtime.resume()
    await send(topic, 2, true)
    await insert('told')
    expect(numbers(await songs.first(1))).toEqual([2])
    expect(await changes.first(1)).toMatchObject([{ new: { field_name: 'told' } }])
    expect([statuses.all, system.all]).toEqual([['SUBSCRIBED'], []])
  })

  it('a backend that somebody kills is replaced, and what was sent meanwhile is lost', async () => {
    const topic = room()
    const { songs, statuses } = await watched(stack.anonClient(), topic)
    await asSuperuser(
      (sql) =>
        sql`SELECT pg_terminate_backend(active_pid) FROM pg_replication_slots WHERE active_pid IS NOT NULL`,
    )
    // Until one arrives: there is no sign of it by any other way.
    let number = 0
    const heard = songs.first(1)
    const end = heard.then(() => true)
    while (!(await Promise.race([end, new Promise((resolve) => setTimeout(resolve, 100, false))]))) {
      await send(topic, ++number)
    }
    expect(numbers(await heard)[0]).toBeGreaterThan(1)
    expect(statuses.all).toEqual(['SUBSCRIBED'])
  }, 20_000)

  it('expireTokens: the channel is told why, closed, and not joined again; a fresh token opens it', async () => {
    const { user, topic } = await member()
    const client = stack.signIn(user)
    const { system, statuses, channel } = await watched(client, topic, true)
    realtime.expireTokens()
    expect(await system.first(1)).toMatchObject([
      { status: 'error', message: expect.stringMatching(/^Token has expired/) as string },
    ])
    expect(await statuses.first(2)).toEqual(['SUBSCRIBED', 'CLOSED'])
    channel.teardown()
    await joined(client, topic, { private: true })
  })

  it('expireTokens: a token that had been in use opens nothing any more', async () => {
    const { user, topic } = await member()
    realtime.joinErrorDelay(0)
    const client = withToken(await stack.signToken({ sub: user.id }))
    const { statuses, channel } = await watched(client, topic, true)
    realtime.expireTokens()
    await statuses.first(2)
    channel.teardown()
    expect(await subscribe(await openChannel(client, topic, { private: true }))).toMatchObject({
      status: 'CHANNEL_ERROR',
      message: expect.stringContaining('Token has expired') as string,
    })
  })

  it('a token that expires by itself closes its channel', async () => {
    const { user, topic } = await member()
    const client = withToken(await stack.signToken({ sub: user.id }, { expiresIn: 3 }))
    const { system, statuses } = await watched(client, topic, true)
    expect(await system.first(1)).toMatchObject([{ message: expect.stringMatching(/expired/) as string }])
    expect(await statuses.first(2)).toEqual(['SUBSCRIBED', 'CLOSED'])
  })

  it('joinErrorDelay: a refused join is answered as late as it says', async () => {
    const { topic } = await member()
    realtime.joinErrorDelay(0)
    const channel = await openChannel(stack.anonClient(), topic, { private: true })
    expect(await subscribe(channel)).toMatchObject({ status: 'CHANNEL_ERROR' })
  })
})
