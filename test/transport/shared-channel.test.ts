import { describe, expect, it } from 'vitest'
import { joinChannel } from '../../src/transport/shared-channel.ts'
import type { ChannelEvent } from '../../src/transport/stream.ts'
import type { AnySupabaseClient } from '../../src/transport/supabase.ts'

type Kind = Parameters<typeof joinChannel>[1]
type Listener = (payload: unknown) => void
const settled = () => new Promise<void>((resolve) => setImmediate(resolve))

/** A client whose channels do what the test says. */
function client(setAuth: () => Promise<void> = () => Promise.resolve()) {
  const channels: ReturnType<typeof open>[] = []
  const goodbyes: (() => void)[] = []
  const open = () => {
    const listeners = new Map<string, Listener>()
    let status: (status: string, error?: Error) => void = () => undefined
    const channel = {
      on: (type: string, _: unknown, listener: Listener) => {
        listeners.set(type, listener)
        return channel
      },
      subscribe: (listener: typeof status) => void (status = listener),
      presenceState: () => ({ tab: [{ user: 'bob' }] }),
      track: () => Promise.resolve('ok'),
      untrack: () => Promise.resolve('timed out'),
    }
    return {
      channel,
      say: (text: string, error?: Error) => status(text, error),
      system: (message: object) => listeners.get('system')?.(message),
    }
  }
  const supabase = {
    realtime: { setAuth },
    channel: () => {
      const made = open()
      channels.push(made)
      return made.channel
    },
    removeChannel: () => new Promise<void>((resolve) => goodbyes.push(resolve)),
  } as unknown as AnySupabaseClient
  return { supabase, channels, goodbyes }
}

const kind = (more: Partial<Kind> = {}): Kind => ({
  ...{ topic: 'cells:1', options: { config: {} }, isJoinedAtOnce: true, hasPresence: true },
  listen: () => undefined,
  ...more,
})

function listener() {
  const told: ChannelEvent[] = []
  return { told, tell: (event: ChannelEvent) => void told.push(event) }
}

describe('a channel that a client is in already', () => {
  it('tells who comes later that it is joined, and who is there, unless he has left by then', async () => {
    const { supabase, channels } = client()
    joinChannel(supabase, kind(), listener().tell)
    await settled()
    channels[0]!.say('SUBSCRIBED')
    const [second, gone, third] = [listener(), listener(), listener()]
    joinChannel(supabase, kind(), second.tell)
    joinChannel(supabase, kind(), gone.tell).leave()
    const leaving = joinChannel(supabase, kind(), (event) => {
      third.tell(event)
      leaving.leave()
    })
    await settled()
    expect(channels).toHaveLength(1)
    expect(second.told).toEqual([{ type: 'joined' }, { type: 'present', members: [{ user: 'bob' }] }])
    expect(gone.told).toEqual([])
    expect(third.told).toEqual([{ type: 'joined' }])
  })

  it('has nobody to show where it has no presence', async () => {
    const { supabase, channels } = client()
    const without = kind({ hasPresence: false })
    joinChannel(supabase, without, listener().tell)
    await settled()
    channels[0]!.say('SUBSCRIBED')
    const second = listener()
    expect(joinChannel(supabase, without, second.tell).track).toBeUndefined()
    await settled()
    expect(second.told).toEqual([{ type: 'joined' }])
  })

  it('says whether the server has taken what was said in it', async () => {
    const { supabase } = client()
    const stream = joinChannel(supabase, kind(), listener().tell)
    expect(await stream.track?.({ user: 'alice' })).toBe(false)
    await settled()
    expect(await stream.track?.({ user: 'alice' })).toBe(true)
    expect(await stream.track?.(null)).toBe(false)
  })
})

describe('a channel that is lost', () => {
  it('is, where no token is to be had', async () => {
    const error = new Error('no token')
    const { supabase } = client(() => Promise.reject(error))
    const { told, tell } = listener()
    joinChannel(supabase, kind(), tell)
    await settled()
    expect(told).toEqual([{ type: 'lost', why: 'error', error }])
  })

  it.each([
    [{ status: 'error', message: 'Too many messages per second' }, 'rate'],
    [{ status: 'error', message: 'Token has expired' }, 'error'],
    [{ status: 'ok', message: 'Subscribed to PostgreSQL' }, undefined],
  ])('is told why: %j', async (message, why) => {
    const { supabase, channels } = client()
    const { told, tell } = listener()
    joinChannel(supabase, kind(), tell)
    await settled()
    channels[0]!.system(message)
    expect(told.map((event) => event.type === 'lost' && event.why)).toEqual(why === undefined ? [] : [why])
  })

  it.each([
    ['CLOSED', undefined, 'closed', 'CLOSED'],
    ['CHANNEL_ERROR', new Error('refused'), 'error', new Error('refused')],
    ['TIMED_OUT', undefined, 'error', 'TIMED_OUT'],
  ] as const)(
    'by %s tells nothing more, and the next who joins has a channel of his own',
    async (said, given, why, error) => {
      const { supabase, channels, goodbyes } = client()
      const { told, tell } = listener()
      joinChannel(supabase, kind(), tell)
      await settled()
      channels[0]!.say(said, given)
      channels[0]!.say('SUBSCRIBED')
      expect(told).toEqual([{ type: 'lost', why, error }])
      joinChannel(supabase, kind(), tell)
      await settled()
      // Not before the goodbye to the old one is answered: the server would take it for that of the new one.
      expect(channels).toHaveLength(1)
      goodbyes.forEach((answer) => answer())
      await settled()
      expect(channels).toHaveLength(2)
    },
  )

  it('is said goodbye to once for each time that it was joined', async () => {
    const { supabase, channels, goodbyes } = client()
    for (let time = 0; time < 2; time++) {
      const stream = joinChannel(supabase, kind(), listener().tell)
      await settled()
      channels[time]!.say('SUBSCRIBED')
      stream.leave()
      stream.leave()
      expect(goodbyes).toHaveLength(time + 1)
      goodbyes[time]!()
      await settled()
    }
    // Who leaves before the channel is made leaves nothing behind.
    joinChannel(supabase, kind(), listener().tell).leave()
    await settled()
    expect([channels.length, goodbyes.length]).toEqual([2, 2])
  })
})
