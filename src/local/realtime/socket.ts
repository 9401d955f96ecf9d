import type { WebSocket } from 'ws'
import { Channel, type ChannelSocket } from './channel.ts'
import {
  decodeFrame,
  encodeBroadcast,
  encodeMessage,
  FrameError,
  type ClientMessage,
  type ProtocolVersion,
  type ServerMessage,
  type UserBroadcast,
} from './frames.ts'
import type { Grounds } from './grounds.ts'
import type { Caller } from './token.ts'

const MOST_CHANNELS = 100
// Phoenix's own, for a frame that it can't read.
const INTERNAL_ERROR = 1011

/** One client's connection and the channels it has joined. */
export class RealtimeSocket implements ChannelSocket {
  readonly caller: Caller
  readonly #grounds: Grounds
  readonly #connection: WebSocket
  readonly #version: ProtocolVersion
  readonly #newNumber: () => number
  readonly #channels = new Map<string, Channel>()

  constructor(
    grounds: Grounds,
    connection: WebSocket,
    options: { readonly version: ProtocolVersion; readonly caller: Caller; readonly newNumber: () => number },
  ) {
    this.#grounds = grounds
    this.#connection = connection
    this.#version = options.version
    this.#newNumber = options.newNumber
    this.caller = options.caller
    connection.on('message', (data, isBinary) => {
      const bytes = Buffer.isBuffer(data)
        ? data
        : Buffer.concat(Array.isArray(data) ? data : [Buffer.from(data)])
      this.#receive(isBinary ? bytes : bytes.toString('utf8'))
    })
    // The close that follows says all there is to know.
    connection.on('error', () => undefined)
    connection.on('close', () => {
      for (const channel of this.#channels.values()) channel.end()
    })
  }

  get channels(): Iterable<Channel> {
    return [...this.#channels.values()]
  }

  send(message: ServerMessage): void {
    this.#write(encodeMessage(message, this.#version))
  }

  sendBroadcast(topic: string, broadcast: UserBroadcast): void {
    const frame = encodeBroadcast(topic, broadcast, this.#version)
    if (frame !== undefined) this.#write(frame)
  }

  forget(channel: Channel): void {
    if (this.#channels.get(channel.topic) === channel) this.#channels.delete(channel.topic)
  }

  close(code: number, reason: string): void {
    this.#connection.close(code, reason)
  }

  kill(): void {
    this.#connection.terminate()
  }

  #write(frame: string | Uint8Array): void {
    if (this.#connection.readyState === this.#connection.OPEN) this.#connection.send(frame)
  }

  #receive(frame: string | Uint8Array): void {
    try {
      this.#handle(decodeFrame(frame, this.#version))
    } catch (error) {
      if (!(error instanceof FrameError)) throw error
      this.#connection.close(INTERNAL_ERROR)
    }
  }

  #handle(message: ClientMessage): void {
    const { topic, event } = message
    if (topic === 'phoenix' && event === 'heartbeat') {
      this.#reply(message, 'ok', {})
      return
    }
    if (event === 'phx_join' && topic.startsWith('realtime:')) {
      this.#join(message)
      return
    }
    const channel = this.#channels.get(topic)
    if (channel !== undefined) channel.receive(message)
    else if (event === 'phx_leave') this.#reply(message, 'ok', {})
    else this.#reply(message, 'error', { reason: 'unmatched topic' })
  }

  #join(message: ClientMessage): void {
    // A second join of a topic takes the place of the first.
    this.#channels.get(message.topic)?.close()
    if (this.#channels.size >= MOST_CHANNELS) {
      this.#reply(message, 'error', { reason: 'ChannelRateLimitReached: Too many channels' })
      return
    }
    this.#channels.set(message.topic, new Channel(this.#grounds, this, message, this.#newNumber()))
  }

  #reply({ joinRef, ref, topic }: ClientMessage, status: 'ok' | 'error', response: unknown): void {
    this.send({ joinRef, ref, topic, event: 'phx_reply', payload: { status, response } })
  }
}
