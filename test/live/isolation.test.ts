import { randomUUID } from 'node:crypto'
import { describe, expect, it } from 'vitest'
import { isReply, rawSocket, type Frame, type RawSocket } from '../local/support/raw-socket.ts'
import { useStack } from '../support/stack.ts'

// No client of ours between the frames and the server: what is refused here is refused by the server.
const stack = await useStack()

const secretValue = '987654.321'
const secretText = 'Our tuition next year'

async function houses() {
  const [ours, theirs] = [await stack.createOrganization(), await stack.createOrganization()]
  const [alice, bob, mallory] = await Promise.all([
    stack.createUser({ organization: ours }),
    stack.createUser({ organization: ours }),
    stack.createUser({ organization: theirs }),
  ])
  const budget = await stack.createBudget({ organization: ours })
  const other = await stack.createBudget({ organization: theirs })
  return { alice, bob, mallory, budget, other, topic: `realtime:cells:${budget.id}` }
}
type Houses = Awaited<ReturnType<typeof houses>>

const asMember = (user: Houses['alice']) => stack.signIn(user).schema('efir_budget')

async function write(user: Houses['alice'], budget: string, item: object) {
  const { error } = await asMember(user).rpc('write_cells', {
    p_budget_version_id: budget,
    p_items: [{ module: 'plan', ...item }],
  })
  expect(error).toBeNull()
}

/** Everything of planning cells and comments that `postgres_changes` can be asked for. */
const everyBinding = (budget: string) =>
  ['planning_cells', 'cell_comments'].flatMap((table) =>
    ['INSERT', 'UPDATE', 'DELETE', '*'].flatMap((event) => [
      { event, schema: 'efir_budget', table },
      ...(table === 'planning_cells'
        ? [{ event, schema: 'efir_budget', table, filter: `budget_version_id=eq.${budget}` }]
        : []),
    ]),
  )

const config = (isPrivate: boolean, more: object = {}) => ({
  private: isPrivate,
  broadcast: { self: true, ack: true },
  presence: { key: randomUUID(), enabled: true },
  ...more,
})

/** Joins, and says what the server answered. */
async function join(socket: RawSocket, topic: string, payload: object): Promise<unknown> {
  socket.push(topic, 'phx_join', payload)
  const [, , , , { status }] = await socket.until(isReply(topic))
  return status
}

const mentions = (frame: Frame, value: string) => JSON.stringify(frame).includes(value)
const told = (socket: RawSocket) => JSON.stringify(socket.frames)

/** The commits of a private channel come as binary frames, which these sockets do not keep; version 1 is all text. */
const textSocket = () => rawSocket(stack, { vsn: '1.0.0' })

describe('with raw frames, of another organisation’s budget', () => {
  it.for(['a member of another organisation', 'nobody who signed in'])(
    '%s joins no channel, hears nothing and sends nothing',
    { timeout: 60_000 },
    async (who) => {
      const { alice, bob, mallory, budget, other, topic } = await houses()
      const token = who.startsWith('a member') ? mallory.accessToken : stack.anonKey
      const member = await textSocket()
      expect(await join(member, topic, { access_token: bob.accessToken, config: config(true) })).toBe('ok')

      const spy = await textSocket()
      const rows = `realtime:${randomUUID()}`
      const changes = { postgres_changes: everyBinding(budget.id) }
      const refused = join(spy, topic, { access_token: token, config: config(true) })
      expect(await join(spy, rows, { access_token: token, config: config(false, changes) })).toBe('ok')
      await spy.until((frame) => frame[3] === 'system')
      expect(await refused).toBe('error')
      // The public room of the same name is another room.
      const open = await textSocket()
      expect(await join(open, topic, { access_token: token, config: config(false, changes) })).toBe('ok')
      await open.until((frame) => frame[3] === 'system')

      // Not joined, he speaks all the same; joined in public, he says what the database would.
      const forged = {
        event: 'commit',
        payload: { revision: 99, from: 0, to: 99, resync: true, commits: [] },
      }
      const present = { type: 'presence', event: 'track', payload: { cell: 'forged' } }
      for (const socket of [spy, open]) {
        socket.push(topic, 'broadcast', { type: 'broadcast', ...forged })
        socket.push(topic, 'presence', present)
        socket.push(topic, 'access_token', { access_token: token })
        await socket.beat()
      }

      member.push(topic, 'presence', { ...present, payload: { cell: secretText } })
      await write(alice, budget.id, { field: 'a', number: secretValue })
      await write(alice, budget.id, { field: 'b', text: secretText })
      const { data: cells } = await asMember(alice).from('planning_cells').select('id').eq('field_name', 'a')
      const [cell] = cells as unknown as { id: string }[]
      const { error } = await asMember(alice)
        .from('cell_comments')
        .insert({ cell_id: cell!.id, comment_text: secretText, created_by: alice.id } as never)
      expect(error).toBeNull()
      await write(alice, budget.id, { field: 'a', delete: true, base: 1 })
      await write(alice, budget.id, { field: 'last', number: '1' })
      await member.until((frame) => mentions(frame, '"last"'))
      await member.until((frame) => frame[3].startsWith('presence') && mentions(frame, secretText))

      // What the spy may see comes after what he may not, by every way: then the rest would have come, too.
      const fence = randomUUID()
      if (who.startsWith('a member')) {
        await write(mallory, other.id, { field: 'fence', text: fence })
        await spy.until((frame) => frame[3] === 'postgres_changes' && mentions(frame, fence))
        await open.until((frame) => frame[3] === 'postgres_changes' && mentions(frame, fence))
      }
      for (const [socket, where] of [
        [spy, rows],
        [open, topic],
      ] as const) {
        const name = where.slice('realtime:'.length)
        await stack.sql`SELECT realtime.send(${{ fence } as never}, 'fence', ${name}, false)`
        await socket.until((frame) => frame[3] === 'broadcast' && mentions(frame, fence))
        await socket.beat()
        for (const secret of [secretValue, secretText, alice.id, cell!.id, '"last"']) {
          expect(told(socket)).not.toContain(secret)
        }
      }
      expect(told(member)).toContain(secretValue)
      expect(told(member)).not.toContain('forged')
      expect(told(member)).not.toContain('"resync":true')
    },
  )

  it.for(['a member of another organisation', 'nobody who signed in'])(
    '%s learns nothing by calling what live sheets call',
    async (who) => {
      const { alice, mallory, budget } = await houses()
      await write(alice, budget.id, { field: 'a', text: secretText })
      const client = who.startsWith('a member') ? stack.signIn(mallory) : stack.anonClient()
      const p_budget_version_id = budget.id
      const reference = { module: 'plan', entity: null, field: 'a', period: null }
      const calls: [string, object][] = [
        ['changes_since', { p_revision: 0 }],
        ['list_cells', { p_filter: {} }],
        ['read_cells', { p_references: [reference] }],
        ['write_cells', { p_items: [{ module: 'plan', field: 'a', text: 'mine', base: 1 }] }],
        ['lock_cells', { p_references: [reference] }],
      ]
      const errors = await Promise.all(
        calls.map(async ([name, parameters]) => {
          const reply = await client.schema('efir_budget').rpc(name, { p_budget_version_id, ...parameters })
          expect(reply.data, name).toBeNull()
          return reply.error
        }),
      )
      for (const error of errors) expect(JSON.stringify(error)).not.toContain(secretText)
      // Word for word what is said of a budget that does not exist.
      const { error } = await client
        .schema('efir_budget')
        .rpc('changes_since', { p_budget_version_id: randomUUID(), p_revision: 0 })
      expect(errors[0]?.code).toBe(error?.code)
      const seen = await asMember(alice).rpc('changes_since', { p_budget_version_id, p_revision: 0 })
      expect(seen.data).toMatchObject({ revision: 1 })
    },
  )

  it('that is deleted for good, a listener for deletions learns no more than ids that mean nothing', async () => {
    const { alice, mallory, budget, other } = await houses()
    await write(alice, budget.id, { field: 'a', text: secretText })
    const spy = await textSocket()
    const topic = `realtime:${randomUUID()}`
    const payload = {
      access_token: mallory.accessToken,
      config: config(false, { postgres_changes: everyBinding(budget.id) }),
    }
    expect(await join(spy, topic, payload)).toBe('ok')
    await spy.until((frame) => frame[3] === 'system')
    await stack.sql`DELETE FROM efir_budget.budget_versions WHERE id = ${budget.id}`
    await write(mallory, other.id, { field: 'fence', number: '1' })
    await spy.until((frame) => frame[3] === 'postgres_changes' && mentions(frame, '"fence"'))
    const deletions = spy.frames
      .filter((frame) => frame[3] === 'postgres_changes' && mentions(frame, '"DELETE"'))
      .map(([, , , , { data }]) => data as { old_record: object; record?: object })
    for (const { old_record: old, record = {} } of deletions) {
      expect(Object.keys({ ...old, ...record })).toEqual(['id'])
    }
    for (const secret of [secretText, alice.id]) expect(told(spy)).not.toContain(secret)
  })
})

describe('a member who was removed', () => {
  it('is refused by every call at once, and by the channel when his token is renewed', async () => {
    const { alice, bob, budget, topic } = await houses()
    const socket = await textSocket()
    expect(await join(socket, topic, { access_token: bob.accessToken, config: config(true) })).toBe('ok')
    await stack.sql`DELETE FROM efir_budget.user_profiles WHERE user_id = ${bob.id}`
    const { error } = await asMember(bob).rpc('changes_since', {
      p_budget_version_id: budget.id,
      p_revision: 0,
    })
    expect(error).not.toBeNull()
    // Realtime asks the policies when a channel is joined and when its token is renewed, and not for every message.
    await write(alice, budget.id, { field: 'before', number: '1' })
    await socket.until((frame) => mentions(frame, '"before"'))
    socket.push(topic, 'access_token', {
      access_token: await stack.signToken({ sub: bob.id, jti: randomUUID() }),
    })
    await socket.until((frame) => frame[3] === 'phx_close')
    await write(alice, budget.id, { field: 'after', text: secretText })
    await socket.beat()
    expect(told(socket)).not.toContain(secretText)
  })

  it('hears no longer than his token holds, where he renews it never', async () => {
    const { alice, bob, budget, topic } = await houses()
    const token = await stack.signToken({ sub: bob.id }, { expiresIn: 2 })
    const socket = await textSocket()
    expect(await join(socket, topic, { access_token: token, config: config(true) })).toBe('ok')
    await stack.sql`DELETE FROM efir_budget.user_profiles WHERE user_id = ${bob.id}`
    await socket.until((frame) => frame[3] === 'phx_close')
    await write(alice, budget.id, { field: 'after', text: secretText })
    await socket.beat()
    expect(told(socket)).not.toContain(secretText)
  })
})
