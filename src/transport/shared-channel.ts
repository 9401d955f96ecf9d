import type { RealtimeChannel, RealtimeChannelOptions } from '@supabase/supabase-js'
import type { ChannelEvent, LiveStream } from './stream.ts'
import type { AnySupabaseClient } from './supabase.ts'

type Tell = (event: ChannelEvent) => void

/** What a channel is made of, besides joining and leaving it. */
export interface ChannelKind {
  readonly topic: string
  readonly options: RealtimeChannelOptions
  /** Listens to what the channel brings. */
  listen(channel: RealtimeChannel, tell: Tell): void
  /** Whether the server's word of the join is all there is to wait for. */
  readonly isJoinedAtOnce: boolean
  /** Whether those in the channel tell each other of themselves. */
  readonly hasPresence: boolean
}

interface Stay {
  readonly listeners: Set<Tell>
  isJoined: boolean
  leave: () => void
  /** Those in the channel, as they say. */
  members: () => readonly unknown[]
  track: (said: object | null) => Promise<boolean>
}

/** supabase-js has one channel of a name for each client, and forgets it only after the server said goodbye. */
const stays = new WeakMap<AnySupabaseClient, Map<string, Stay>>()
const goodbyes = new WeakMap<AnySupabaseClient, Map<string, Promise<unknown>>>()

/** Joins a channel, or listens in where this client is in it already. Never rejoins: that is for others to decide. */
export function joinChannel(supabase: AnySupabaseClient, kind: ChannelKind, tell: Tell): LiveStream {
  const held = entries(stays, supabase)
  let stay = held.get(kind.topic)
  if (stay === undefined) {
    stay = beginStay(supabase, kind, () => held.delete(kind.topic))
    held.set(kind.topic, stay)
  }
  const { listeners, leave, members, track } = stay
  const own: Tell = (event) => tell(event)
  listeners.add(own)
  if (stay.isJoined) {
    queueMicrotask(() => {
      if (listeners.has(own)) own({ type: 'joined' })
      if (listeners.has(own) && kind.hasPresence) own({ type: 'present', members: members() })
    })
  }
  return {
    leave() {
      if (listeners.delete(own) && listeners.size === 0) leave()
    },
    ...(kind.hasPresence && { track }),
  }
}

function beginStay(supabase: AnySupabaseClient, kind: ChannelKind, forget: () => void): Stay {
  const listeners = new Set<Tell>()
  let channel: RealtimeChannel | undefined
  let isOver = false
  const over = (): void => {
    isOver = true
    forget()
    if (channel !== undefined) sayGoodbye(supabase, kind.topic, channel)
  }
  const tell: Tell = (event) => {
    if (isOver) return
    if (event.type === 'joined') stay.isJoined = true
    if (event.type === 'lost') over()
    for (const listener of [...listeners]) listener(event)
  }
  const members = (): unknown[] => Object.values(channel?.presenceState() ?? {}).flat()
  const track = async (said: object | null): Promise<boolean> => {
    const answer = await (said === null ? channel?.untrack() : channel?.track(said))
    return answer === 'ok'
  }
  const stay: Stay = { listeners, isJoined: false, leave: over, members, track }

  const join = async (): Promise<void> => {
    await entries(goodbyes, supabase).get(kind.topic)
    // A join that goes out before the token is known goes out without one.
    await supabase.realtime.setAuth()
    if (isOver) return
    channel = supabase.channel(kind.topic, kind.options)
    kind.listen(channel, tell)
    // Whoever listens after the join would have to join again.
    if (kind.hasPresence) {
      channel.on('presence', { event: 'sync' }, () => tell({ type: 'present', members: members() }))
    }
    channel.on('system', {}, (message: unknown) => {
      const { status, message: text } = message as { status?: unknown; message?: unknown }
      if (status !== 'error') return
      const isRate = /too many|rate/i.test(String(text))
      tell({ type: 'lost', why: isRate ? 'rate' : 'error', error: new Error(String(text)) })
    })
    channel.subscribe((status, error) => {
      const said: string = status
      if (said === 'SUBSCRIBED') {
        if (kind.isJoinedAtOnce) tell({ type: 'joined' })
      } else tell({ type: 'lost', why: said === 'CLOSED' ? 'closed' : 'error', error: error ?? said })
    })
  }
  join().catch((error: unknown) => tell({ type: 'lost', why: 'error', error }))
  return stay
}

function sayGoodbye(supabase: AnySupabaseClient, topic: string, channel: RealtimeChannel): void {
  const said = entries(goodbyes, supabase)
  const done = (): void => {
    if (said.get(topic) === goodbye) said.delete(topic)
  }
  const goodbye: Promise<void> = supabase.removeChannel(channel).then(done, done)
  said.set(topic, goodbye)
}

function entries<Value>(
  all: WeakMap<AnySupabaseClient, Map<string, Value>>,
  supabase: AnySupabaseClient,
): Map<string, Value> {
  const own = all.get(supabase) ?? new Map<string, Value>()
  all.set(supabase, own)
  return own
}
