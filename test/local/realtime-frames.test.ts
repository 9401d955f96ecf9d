import { randomUUID } from 'node:crypto'
import { createClient } from '@supabase/supabase-js'
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { WebSocket } from 'ws'
import { useStack } from '../support/stack.ts'
import { collect, joined } from './support/channels.ts'
import { isReply, rawSocket } from './support/raw-socket.ts'

// What no client of ours sends: the author of garbage, and of frames that were made to measure.
const stack = await useStack()
const room = () => `realtime:room:${randomUUID()}`

async function cells() {
  const organization = await stack.createOrganization()
  const alice = await stack.createUser({ organization })
  const mallory = await stack.createUser({ organization: await stack.createOrganization() })
  const budget = await stack.createBudget({ organization })
  return { alice, mallory, budget, topic: `cells:${budget.id}` }
}

const binary = (...bytes: number[]) => new Uint8Array(bytes)
/** A broadcast as the clients of version 2 push it. */
function broadcastFrame(topic: string, event: string, payload: string, joinRef = '1'): Uint8Array {
  const parts = [joinRef, '9', topic, event, ''].map((part) => Buffer.from(part))
  return Buffer.concat([binary(3, ...parts.map((part) => part.length), 1), ...parts, Buffer.from(payload)])
}

describe('a connection', () => {
  it.each([
    ['no key', ''],
    ['a wrong key', 'apikey=sb_publishable_wrong'],
    ['nonsense for a token', 'apikey=a.b.c'],
  ])('with %s is refused', async (_, query) => {
    const socket = new WebSocket(`${stack.url.replace('http', 'ws')}/realtime/v1/websocket?${query}`)
    const refused = await new Promise<string>((resolve) =>
      socket.on('error', ({ message }) => resolve(message)),
    )
    expect(refused).toContain('401')
  })

  it.each(['1.0.0', '2.0.0'])('speaks version %s', async (vsn) => {
    const socket = await rawSocket(stack, { vsn })
    const topic = room()
    socket.push(topic, 'phx_join', { config: {} })
    expect((await socket.until(isReply(topic)))[4]).toEqual({
      status: 'ok',
      response: { postgres_changes: [] },
    })
    await socket.beat()
    await stack.sql`SELECT realtime.send('{"verse": 1}', 'song', ${topic.slice(9)}, false)`
    if (vsn === '1.0.0') {
      const [, , , , payload] = await socket.until((frame) => frame[3] === 'broadcast')
      expect(payload).toMatchObject({ type: 'broadcast', event: 'song', payload: { verse: 1 } })
    }
    socket.push(topic, 'phx_leave')
    await socket.until((frame) => frame[3] === 'phx_close')
  })

  it('of a client of version 1 hears one of version 2, and the other way round', async () => {
    const topic = `room:${randomUUID()}`
    const options = { realtime: { vsn: '1.0.0' as never }, auth: { persistSession: false } }
    const old = createClient(stack.url, stack.anonKey, options)
    const [one, two] = [await joined(old, topic), await joined(stack.anonClient(), topic)]
    const [byOne, byTwo] = [collect(one, 'song'), collect(two, 'song')]
    await one.send({ type: 'broadcast', event: 'song', payload: { of: 1 } })
    await two.send({ type: 'broadcast', event: 'song', payload: { of: 2, text: 'é雪' } })
    expect(await byTwo.first(1)).toEqual([{ of: 1 }])
    expect(await byOne.first(1)).toEqual([{ of: 2, text: 'é雪' }])
  })
})

describe('garbage', () => {
  it.each<[string, string | Uint8Array]>([
    ['no JSON', '{'],
    ['of another shape', '"text"'],
    ['too short', '[1,2]'],
    ['with a topic that is none', '[null,"1",{},"phx_join",{}]'],
    ['with a reference that is none', '[{},"1","realtime:x","phx_join",{}]'],
    ['nothing at all', binary()],
    ['of a kind that nobody knows', binary(9, 1, 2, 3)],
    ['shorter than it says', binary(3, 200, 1, 1, 1, 1, 1)],
    ['not in UTF-8', binary(0, 1, 0, 0, 0, 255)],
    ['a broadcast whose JSON is none', broadcastFrame('realtime:x', 'song', '{')],
  ])('%s ends its own connection and nobody else’s', async (_, frame) => {
    const [bystander, author] = [await rawSocket(stack), await rawSocket(stack)]
    author.raw(frame)
    expect(await author.closed).toBe(1011)
    await bystander.beat()
  })

  it('that is larger than a frame may be ends its connection', async () => {
    const author = await rawSocket(stack)
    author.raw('x'.repeat(5_000_001))
    expect(await author.closed).toBe(1009)
  })

  it('of any kind leaves the relay standing', async () => {
    await fc.assert(
      fc.asyncProperty(
        fc.array(
          fc.oneof(
            fc.json(),
            fc.uint8Array({ maxLength: 64 }),
            fc
              .tuple(
                fc.constantFrom('1', null),
                fc.constantFrom('1', null),
                fc.constantFrom('realtime:x', 'realtime:', 'phoenix', 'x'),
                fc.constantFrom(
                  'phx_join',
                  'phx_leave',
                  'broadcast',
                  'presence',
                  'access_token',
                  'heartbeat',
                  '__proto__',
                ),
                fc.oneof(fc.object(), fc.jsonValue()),
              )
              .map((frame) => JSON.stringify(frame)),
          ),
          { maxLength: 20 },
        ),
        async (frames) => {
          const author = await rawSocket(stack)
          for (const frame of frames) author.raw(frame)
          const bystander = await rawSocket(stack)
          await bystander.beat()
        },
      ),
      { numRuns: 30 },
    )
  })

  it('for a configuration joins with what can be understood of it', async () => {
    const socket = await rawSocket(stack)
    for (const config of [
      null,
      [],
      'x',
      { broadcast: 7, presence: [], postgres_changes: {}, private: 'no' },
    ]) {
      const topic = room()
      socket.push(topic, 'phx_join', { config, access_token: 7 })
      expect((await socket.until(isReply(topic)))[4]).toMatchObject({ status: 'ok' })
    }
  })

  it('for a binding is told, and leaves the channel without changes', async () => {
    const socket = await rawSocket(stack)
    for (const binding of [
      7,
      {},
      { schema: {} },
      { schema: 'public', table: 'x', filter: 7 },
      { table: '*', select: ['id'] },
    ]) {
      const topic = room()
      socket.push(topic, 'phx_join', { config: { postgres_changes: [binding] } })
      const [, , , , said] = await socket.until((frame) => frame[2] === topic && frame[3] === 'system')
      expect(said).toMatchObject({ extension: 'postgres_changes', status: 'error' })
    }
  })
})

describe('a topic', () => {
  it('that was not joined has no ears', async () => {
    const { topic } = await cells()
    const socket = await rawSocket(stack)
    for (const event of ['broadcast', 'presence', 'access_token']) {
      const unknown = `realtime:${topic}:${event}`
      socket.push(unknown, event, { type: event, event: 'commit', payload: { revision: 9 } })
      expect((await socket.until(isReply(unknown)))[4]).toEqual({
        status: 'error',
        response: { reason: 'unmatched topic' },
      })
    }
  })

  it('that is none of Realtime’s can’t be joined', async () => {
    const socket = await rawSocket(stack)
    socket.push('phoenix', 'phx_join')
    expect((await socket.until(isReply('phoenix')))[4]).toMatchObject({ status: 'error' })
  })

  it('joined twice is joined once: the first one is closed', async () => {
    const socket = await rawSocket(stack)
    const topic = room()
    socket.push(topic, 'phx_join', { config: { broadcast: { self: true } } })
    await socket.until(isReply(topic))
    socket.push(topic, 'phx_join', { config: { broadcast: { self: true } } })
    await socket.until((frame) => frame[3] === 'phx_close')
    socket.push(topic, 'broadcast', { type: 'broadcast', event: 'song', payload: {} })
    await socket.until((frame) => frame[3] === 'broadcast')
    await socket.beat()
    expect(socket.frames.filter((frame) => frame[3] === 'broadcast')).toHaveLength(1)
  })

  it('is one of a hundred on a connection', async () => {
    const socket = await rawSocket(stack)
    const topics = Array.from({ length: 101 }, room)
    for (const topic of topics) socket.push(topic, 'phx_join', { config: {} })
    expect((await socket.until(isReply(topics[99]!)))[4]).toMatchObject({ status: 'ok' })
    expect((await socket.until(isReply(topics[100]!)))[4]).toMatchObject({
      status: 'error',
      response: { reason: 'ChannelRateLimitReached: Too many channels' },
    })
  })
})

describe('frames made to measure', () => {
  it('do not get a member of another organisation, nor anon, any word of a budget’s channel', async () => {
    const { alice, mallory, budget, topic } = await cells()
    const full = `realtime:${topic}`
    const member = await joined(stack.signIn(alice), topic, { private: true, presence: { key: alice.id } })
    const commits = collect(member, 'commit')
    await member.track({ cell: 'secret' })
    const [stranger, anon] = [await rawSocket(stack), await rawSocket(stack)]
    const config = {
      private: true,
      presence: { key: 'x', enabled: true },
      broadcast: { self: true, replay: { since: 0, limit: 25 } },
    }
    stranger.push(full, 'phx_join', { config, access_token: mallory.accessToken })
    anon.push(full, 'phx_join', { config })
    for (const socket of [stranger, anon]) {
      // While the answer is still to come, and without waiting for it.
      socket.raw(broadcastFrame(full, 'commit', '{"revision":9}'))
      socket.push(full, 'broadcast', { type: 'broadcast', event: 'commit', payload: { revision: 9 } })
      socket.push(full, 'presence', { type: 'presence', event: 'track', payload: { forged: true } })
      socket.push(full, 'access_token', { access_token: mallory.accessToken })
    }
    const { error } = await stack
      .signIn(alice)
      .schema('efir_budget')
      .rpc('write_cells', {
        p_budget_version_id: budget.id,
        p_items: [{ module: 'm', field: 'f', number: '1' }],
      })
    expect(error).toBeNull()
    expect(await commits.first(1)).toMatchObject([{ revision: 1 }])
    for (const socket of [stranger, anon]) {
      const reply = await socket.until(isReply(full))
      expect(reply[4]).toMatchObject({ status: 'error' })
      await socket.beat()
      expect(socket.frames.filter((frame) => frame[2] === full)).toEqual([reply])
    }
    expect(commits.all).toHaveLength(1)
  }, 20_000)

  it('do not make a role of a token’s the owner of anything', async () => {
    const { alice, topic } = await cells()
    const sockets = await Promise.all(
      ['postgres', 'supabase_admin', 'authenticator', "x'; --"].map(async (role) => {
        const socket = await rawSocket(stack)
        const token = await stack.signToken({ sub: alice.id, role })
        socket.push(`realtime:${topic}`, 'phx_join', {
          config: { private: true, postgres_changes: [{ event: '*', schema: '*' }] },
          access_token: token,
        })
        const open = room()
        socket.push(open, 'phx_join', {
          config: { postgres_changes: [{ event: '*', schema: 'efir_budget', table: 'planning_cells' }] },
          access_token: token,
        })
        const [, , , , said] = await socket.until((frame) => frame[2] === open && frame[3] === 'system')
        expect(said).toMatchObject({ status: 'error' })
        return socket
      }),
    )
    for (const socket of sockets) {
      expect((await socket.until(isReply(`realtime:${topic}`)))[4]).toMatchObject({ status: 'error' })
    }
  }, 20_000)

  it('with a topic of SQL join a channel of that name', async () => {
    const socket = await rawSocket(stack)
    const topic = `realtime:x', true); DROP TABLE realtime.messages; --`
    socket.push(topic, 'phx_join', { config: { private: true } })
    expect((await socket.until(isReply(topic)))[4]).toMatchObject({ status: 'error' })
    await stack.sql`SELECT FROM realtime.messages LIMIT 1`
  }, 20_000)

  it('with a key of presence that is a name of JavaScript’s are a key like any other', async () => {
    const topic = room()
    const socket = await rawSocket(stack)
    socket.push(topic, 'phx_join', { config: { presence: { key: '__proto__', enabled: true } } })
    await socket.until(isReply(topic))
    socket.push(topic, 'presence', { type: 'presence', event: 'track', payload: { polluted: true } })
    const [, , , , diff] = await socket.until((frame) => frame[3] === 'presence_diff')
    expect(JSON.stringify(diff)).toContain('"__proto__":{"metas":[{"polluted":true')
    expect({}).not.toHaveProperty('polluted')
    expect({}).not.toHaveProperty('metas')
  })
})
