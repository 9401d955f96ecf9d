import type { IncomingMessage, Server } from 'node:http'
import type { Duplex } from 'node:stream'
import type { Pool } from 'pg'
import { WebSocketServer } from 'ws'
import { openPool } from '../pool.ts'
import { authorizationOf } from './authorization.ts'
import { ChangeFeed } from './change-feed.ts'
import type { RealtimeFaults } from './faults.ts'
import type { Grounds } from './grounds.ts'
import { answerBroadcast, BROADCAST_PATH } from './http-broadcast.ts'
import { KeptReplication } from './kept-replication.ts'
import { roomOf, Rooms } from './rooms.ts'
import { RealtimeSocket } from './socket.ts'
import { MESSAGES_PUBLICATION, prepareMessages, readMessage, replay } from './stored-messages.ts'
import { Switches, type RealtimeRateLimit } from './switches.ts'
import { tokenChecker, TokenError, type Caller } from './token.ts'

/**
 * Realtime of a local stack: it is served to any client by itself, and misbehaves here when it is told to. Nothing is
 * left to chance: the same seed and the same messages give the same faults. See docs/guide/local-stack.md.
 *
 * @example
 * ```ts
 * import { startLocalStack } from '@efir/cells/local'
 *
 * await using stack = await startLocalStack()
 * stack.realtime.faults({ drop: 0.1, reorder: 0.1, delay: { probability: 0.2, milliseconds: 500 }, seed: 7 })
 * stack.realtime.kill()
 * ```
 */
export interface LocalRealtime {
  /**
   * Loses, doubles, delays and reorders messages on their way to clients, until told otherwise. `{}` ends it.
   *
   * @throws {LocalStackError} `invalid_option`
   */
  faults(faults: RealtimeFaults): void
  /**
   * From now on a join is answered at once, and delivery begins this many milliseconds later: what falls between is lost.
   * 0 ends it.
   *
   * @throws {LocalStackError} `invalid_option`
   */
  prematureSubscribed(milliseconds: number): void
  /**
   * Counts each message that is sent, and each delivery to a subscriber. `undefined` ends it, and is the default.
   *
   * @throws {LocalStackError} `invalid_option`
   */
  rateLimit(limit: RealtimeRateLimit | undefined): void
  /**
   * The largest payload, in bytes: a larger one is lost. `undefined` is the default, 3,000,000.
   *
   * @throws {LocalStackError} `invalid_option`
   */
  oversize(bytes: number | undefined): void
  /**
   * How long a refused join waits for its answer, in milliseconds. `undefined` is the default, 5,000.
   *
   * @throws {LocalStackError} `invalid_option`
   */
  joinErrorDelay(milliseconds: number | undefined): void
  /** Every connection dies without a close frame. */
  kill(): void
  /** Closes every connection with a code, 1000 by default. */
  closeAll(code?: number, reason?: string): void
  /** Closes every connection with 1012. Clients come back by themselves; what is sent meanwhile is lost. */
  restart(): Promise<void>
  /** The tokens that channels use now have expired: the channels are told so and closed. */
  expireTokens(): void
  /** What the database sends is lost from here on, without a sign, until {@link LocalRealtime.resume}. */
  pause(): Promise<void>
  /** What the database sends from here on arrives again. */
  resume(): Promise<void>
}

export interface Relay {
  readonly control: LocalRealtime
  /** Answers the HTTP endpoint for broadcasts; `undefined` where the request is none of Realtime's. */
  readonly fetch: (request: Request) => Promise<Response> | undefined
  /** Serves WebSockets on the server's `upgrade`. */
  attach(server: Server): void
  close(): Promise<void>
}

export interface RelayOptions {
  /** As the cluster's superuser: the relay takes on the caller's role where it asks policies. */
  readonly databaseUrl: string
  readonly jwtSecret: string
  readonly anonKey: string
  readonly serviceKey: string
}

const WEBSOCKET_PATH = '/realtime/v1/websocket'
const MOST_FRAME_BYTES = 5_000_000
const SERVICE_RESTART = 1012

function refuse(socket: Duplex, status: string, message: string): void {
  const body = JSON.stringify({ error: message })
  socket.end(
    `HTTP/1.1 ${status}\r\ncontent-type: application/json\r\ncontent-length: ${Buffer.byteLength(body)}\r\n` +
      `connection: close\r\n\r\n${body}`,
  )
}

function makeGrounds(options: RelayOptions, pool: Pool): Grounds {
  const switches = new Switches()
  const rooms = new Rooms()
  return {
    switches,
    rooms,
    tokens: tokenChecker(options),
    authorization: authorizationOf(pool),
    changes: new ChangeFeed(pool, options.databaseUrl),
    broadcasts: new KeptReplication({
      databaseUrl: options.databaseUrl,
      publication: MESSAGES_PUBLICATION,
      onChange(change) {
        const message = readMessage(change)
        if (message === undefined || message.broadcast.body.length > switches.payloadLimit) return
        if (switches.excess() !== undefined) return
        switches.count()
        rooms.broadcast(roomOf(message.topic, message.isPrivate), {
          form: 'frame',
          broadcast: message.broadcast,
        })
      },
    }),
    replay: (topic, since, limit) => replay(pool, topic, since, limit),
  }
}

/** Opens Realtime on a database that has the schema `realtime`. */
export async function openRelay(options: RelayOptions): Promise<Relay> {
  const pool = openPool(options.databaseUrl, { application_name: 'cells-realtime', max: 5 })
  await prepareMessages(pool)
  const grounds = makeGrounds(options, pool)
  const server = new WebSocketServer({ noServer: true, maxPayload: MOST_FRAME_BYTES })
  const sockets = new Set<RealtimeSocket>()
  let joined = 0

  function accept(
    request: IncomingMessage,
    duplex: Duplex,
    head: Buffer,
    caller: Caller,
    query: URLSearchParams,
  ) {
    server.handleUpgrade(request, duplex, head, (connection) => {
      const socket = new RealtimeSocket(grounds, connection, {
        caller,
        version: query.get('vsn')?.startsWith('2.') === true ? 2 : 1,
        newNumber: () => ++joined,
      })
      sockets.add(socket)
      connection.on('close', () => {
        sockets.delete(socket)
        if (sockets.size === 0) grounds.broadcasts.release()
      })
    })
  }

  function upgrade(request: IncomingMessage, duplex: Duplex, head: Buffer): void {
    const url = new URL(request.url ?? '/', 'http://localhost')
    if (url.pathname !== WEBSOCKET_PATH) return
    duplex.on('error', () => duplex.destroy())
    const header = request.headers['x-api-key']
    const key = typeof header === 'string' ? header : (url.searchParams.get('apikey') ?? '')
    grounds.tokens.callerOfKey(key).then(
      (caller) => accept(request, duplex, head, caller, url.searchParams),
      (error: unknown) =>
        refuse(
          duplex,
          '401 Unauthorized',
          key === '' || !(error instanceof TokenError) ? 'API key is missing' : error.message,
        ),
    )
  }

  const control: LocalRealtime = {
    faults: (faults) => grounds.switches.setFaults(faults),
    prematureSubscribed: (milliseconds) => grounds.switches.setPremature(milliseconds),
    rateLimit: (limit) => grounds.switches.setRateLimit(limit),
    oversize: (bytes) => grounds.switches.setPayloadLimit(bytes),
    joinErrorDelay: (milliseconds) => grounds.switches.setJoinErrorDelay(milliseconds),
    kill() {
      for (const socket of sockets) socket.kill()
    },
    closeAll(code = 1000, reason = '') {
      for (const socket of sockets) socket.close(code, reason)
    },
    async restart() {
      await control.pause()
      control.closeAll(SERVICE_RESTART)
      await control.resume()
    },
    expireTokens() {
      const channels = [...sockets].flatMap((socket) => [...socket.channels])
      grounds.tokens.expire(channels.flatMap(({ token }) => token ?? []))
      for (const channel of channels) channel.confirmToken()
    },
    async pause() {
      await Promise.all([grounds.broadcasts.pause(), grounds.changes.pause()])
    },
    async resume() {
      await Promise.all([grounds.broadcasts.resume(), grounds.changes.resume()])
    },
  }

  return {
    control,
    fetch(request) {
      const { pathname } = new URL(request.url)
      const isOurs = pathname === BROADCAST_PATH || pathname.startsWith(`${BROADCAST_PATH}/`)
      return isOurs ? answerBroadcast(request, grounds) : undefined
    },
    attach: (http) => void http.on('upgrade', upgrade),
    async close() {
      control.kill()
      server.close()
      await Promise.all([grounds.broadcasts.close(), grounds.changes.close()])
      await pool.end()
    },
  }
}
