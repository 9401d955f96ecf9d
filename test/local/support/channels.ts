import type { RealtimeChannel, RealtimeChannelOptions, SupabaseClient } from '@supabase/supabase-js'
import { onTestFinished } from 'vitest'

type Config = RealtimeChannelOptions['config']

/** What a channel's listener was given so far, and a wait for more. */
export interface Collected<T> {
  readonly all: readonly T[]
  /** Resolves with the first so many, when there are. */
  first(count: number): Promise<readonly T[]>
}

export function collector<T>(): Collected<T> & { push(value: T): void } {
  const all: T[] = []
  const waiting: { count: number; resolve: (values: readonly T[]) => void }[] = []
  return {
    all,
    push(value) {
      all.push(value)
      for (const { count, resolve } of waiting) if (all.length >= count) resolve(all.slice(0, count))
    },
    first(count) {
      if (all.length >= count) return Promise.resolve(all.slice(0, count))
      return new Promise((resolve) => waiting.push({ count, resolve }))
    },
  }
}

/** The payloads of an event's broadcasts. */
export function collect(channel: RealtimeChannel, event: string): Collected<Record<string, unknown>> {
  const collected = collector<Record<string, unknown>>()
  channel.on('broadcast', { event }, ({ payload }) => collected.push(payload as Record<string, unknown>))
  return collected
}

/** A channel of a client that goes away with the test. It is not joined yet: listeners come first. */
export async function openChannel(
  supabase: SupabaseClient,
  topic: string,
  config: Config = {},
): Promise<RealtimeChannel> {
  await supabase.realtime.setAuth()
  onTestFinished(async () => {
    await supabase.removeAllChannels()
  })
  return supabase.channel(topic, { config })
}

/** What `subscribe` says, in order. */
export function statusesOf(
  channel: RealtimeChannel,
): Collected<{ status: string; message: string | undefined }> {
  const collected = collector<{ status: string; message: string | undefined }>()
  channel.subscribe((status, error) => collected.push({ status, message: error?.message }))
  return collected
}

/** Joins, and says what came of it. */
export async function subscribe(channel: RealtimeChannel) {
  const [first] = await statusesOf(channel).first(1)
  return first!
}

/** A joined channel: broadcasts can be listened for at any time. */
export async function joined(
  supabase: SupabaseClient,
  topic: string,
  config: Config = {},
): Promise<RealtimeChannel> {
  const channel = await openChannel(supabase, topic, config)
  const { status, message } = await subscribe(channel)
  if (status !== 'SUBSCRIBED') throw new Error(`${topic}: ${status} ${message ?? ''}`)
  return channel
}

export interface SystemMessage {
  readonly extension: string
  readonly status: string
  readonly message: string
}

/** What the server says about the channel. */
export function systemOf(channel: RealtimeChannel): Collected<SystemMessage> {
  const collected = collector<SystemMessage>()
  channel.on('system', {}, (message: SystemMessage) => collected.push(message))
  return collected
}

type Presence = Readonly<Record<string, unknown>>

/** Who came and who went. Before the channel is joined. */
export function presenceOf(channel: RealtimeChannel): {
  readonly joins: Collected<{ readonly key: string; readonly newPresences: readonly Presence[] }>
  readonly leaves: Collected<{ readonly key: string; readonly leftPresences: readonly Presence[] }>
} {
  const joins = collector<{ key: string; newPresences: readonly Presence[] }>()
  const leaves = collector<{ key: string; leftPresences: readonly Presence[] }>()
  channel.on('presence', { event: 'join' }, (event) => joins.push(event))
  channel.on('presence', { event: 'leave' }, (event) => leaves.push(event))
  return { joins, leaves }
}

export interface Change {
  readonly eventType: string
  readonly new: Readonly<Record<string, unknown>>
  readonly old: Readonly<Record<string, unknown>>
  readonly errors: readonly string[] | null
}

/** Changes of a table, from when they are told. */
export async function changesOf(
  supabase: SupabaseClient,
  filter: {
    readonly event: string
    readonly schema: string
    readonly table: string
    readonly filter?: string
  },
): Promise<Collected<Change>> {
  const channel = await openChannel(supabase, `changes:${crypto.randomUUID()}`)
  const system = systemOf(channel)
  const collected = collector<Change>()
  channel.on('postgres_changes', filter as { event: '*'; schema: string }, (change) =>
    collected.push(change as unknown as Change),
  )
  const { status, message } = await subscribe(channel)
  const [said] = status === 'SUBSCRIBED' ? await system.first(1) : []
  if (said?.status !== 'ok') throw new Error(`${status} ${message ?? ''} ${said?.message ?? ''}`)
  return collected
}
