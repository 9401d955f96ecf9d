import { onTestFinished } from 'vitest'
import { WebSocket } from 'ws'
import type { SupabaseCoordinates } from '../../../src/local/index.ts'
import { collector } from './channels.ts'

/** A frame of version 2: join reference, reference, topic, event, payload. */
export type Frame = [string | null, string | null, string, string, Record<string, unknown>]

/** A WebSocket without supabase-js around it: for what no client says. */
export interface RawSocket {
  /** A message as a text frame. */
  push(topic: string, event: string, payload?: unknown): void
  /** Anything. */
  raw(frame: string | Uint8Array): void
  /** The first frame that is so, of those that came and are yet to come. */
  until(isWanted: (frame: Frame) => boolean): Promise<Frame>
  /** Asks for a heartbeat and waits for its answer: whatever was said before has been read by then. */
  beat(): Promise<void>
  readonly frames: readonly Frame[]
  /** The code that the connection was closed with. */
  readonly closed: Promise<number>
}

export async function rawSocket(
  { url, anonKey }: SupabaseCoordinates,
  { key = anonKey, vsn = '2.0.0' }: { readonly key?: string; readonly vsn?: string } = {},
): Promise<RawSocket> {
  const address = `${url.replace('http', 'ws')}/realtime/v1/websocket?apikey=${key}&vsn=${vsn}`
  const socket = new WebSocket(address)
  onTestFinished(() => socket.terminate())
  const received = collector<Frame>()
  socket.on('message', (data: Buffer, isBinary) => {
    if (isBinary) return
    const frame = JSON.parse(data.toString()) as Frame | Record<string, unknown>
    if (Array.isArray(frame)) received.push(frame)
    else {
      const { join_ref, ref, topic, event, payload } = frame
      received.push([join_ref, ref, topic, event, payload] as Frame)
    }
  })
  const closed = new Promise<number>((resolve) => socket.on('close', resolve))
  await new Promise<void>((resolve, reject) => {
    socket.on('open', () => resolve())
    socket.on('error', reject)
  })
  let refs = 0
  const encode = (topic: string, event: string, payload: unknown, ref: string): string =>
    vsn.startsWith('2.')
      ? JSON.stringify(['1', ref, topic, event, payload])
      : JSON.stringify({ topic, event, payload, ref, join_ref: '1' })

  const until: RawSocket['until'] = async (isWanted) => {
    for (let count = 1; ; count++) {
      const frame = (await received.first(count))[count - 1]!
      if (isWanted(frame)) return frame
    }
  }
  return {
    push: (topic, event, payload = {}) => socket.send(encode(topic, event, payload, String(++refs))),
    raw: (frame) => socket.send(frame),
    until,
    async beat() {
      const ref = `beat-${++refs}`
      socket.send(encode('phoenix', 'heartbeat', {}, ref))
      await until((frame) => frame[1] === ref)
    },
    frames: received.all,
    closed,
  }
}

export const isReply = (topic: string) => (frame: Frame) => frame[2] === topic && frame[3] === 'phx_reply'
