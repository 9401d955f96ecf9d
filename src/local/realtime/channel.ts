import { randomUUID } from 'node:crypto'
import type { ChangeSubscription } from './change-feed.ts'
import { BindingError } from './change-filter.ts'
import type { ClientMessage, ServerMessage, UserBroadcast } from './frames.ts'
import type { Grounds } from './grounds.ts'
import { readJoinRequest, type JoinRequest } from './join-request.ts'
import { Outbound } from './outbound.ts'
import type { PresenceDiff } from './presence-state.ts'
import { roomOf, type Occupant, type Outgoing } from './rooms.ts'
import type { Rights } from './authorization.ts'
import { TokenError, type Caller } from './token.ts'

/** The connection that a channel is on. */
export interface ChannelSocket {
  /** Of the key that the connection was opened with. */
  readonly caller: Caller
  send(message: ServerMessage): void
  sendBroadcast(topic: string, broadcast: UserBroadcast): void
  /** The channel has ended. */
  forget(channel: Channel): void
}

/** Why a join is refused, in the real server's words. */
class Refusal extends Error {
  override readonly name = 'Refusal'
}

const TOKEN_CHECK_MILLISECONDS = 5 * 60 * 1000
const RESUBSCRIBE_MILLISECONDS = 5_000
const PRESENCE_CALLS = 5
const PRESENCE_WINDOW_MILLISECONDS = 30_000

const noRights: Rights = { broadcast: undefined, presence: undefined }
const everything: Rights = { broadcast: true, presence: true }

/**
 * One channel that one client joined, from `phx_join` to `phx_close`. What the client says is worked off in order, one
 * message at a time, because the database is asked in between.
 */
export class Channel implements Occupant {
  readonly #grounds: Grounds
  readonly #socket: ChannelSocket
  readonly #fullTopic: string
  readonly #topic: string
  readonly #joinRef: string | null
  readonly #outbound: Outbound
  #turn: Promise<void> = Promise.resolve()
  #request: JoinRequest | undefined
  #caller: Caller
  #token: string | undefined
  #mayRead: Rights = noRights
  #mayWrite: Rights = noRights
  #presenceKey = ''
  #presenceCalls = { count: 0, until: 0 }
  #subscription: ChangeSubscription | undefined
  #subscriptions = 0
  readonly #timers = new Set<NodeJS.Timeout>()
  #tokenTimer: NodeJS.Timeout | undefined
  #hasEnded = false

  constructor(grounds: Grounds, socket: ChannelSocket, joinedBy: ClientMessage, number: number) {
    this.#grounds = grounds
    this.#socket = socket
    this.#fullTopic = joinedBy.topic
    this.#topic = joinedBy.topic.slice('realtime:'.length)
    this.#joinRef = joinedBy.joinRef
    this.#caller = socket.caller
    this.#outbound = new Outbound(grounds.switches, this.#topic, number, () =>
      this.shutDown('Too many messages per second'),
    )
    this.#inTurn(() => this.#join(joinedBy))
  }

  get topic(): string {
    return this.#fullTopic
  }

  get token(): string | undefined {
    return this.#token
  }

  get #room(): string {
    return roomOf(this.#topic, this.#request?.isPrivate === true)
  }

  /** What the client says after its `phx_join`. */
  receive(message: ClientMessage): void {
    this.#inTurn(async () => {
      if (message.event === 'phx_leave') {
        this.#reply(message, 'ok')
        this.close()
      } else if (message.event === 'broadcast') await this.#receiveBroadcast(message)
      else if (message.event === 'presence') await this.#receivePresence(message)
      else if (message.event === 'access_token') await this.#renew(message.payload.access_token)
      else this.#grounds.switches.count()
    })
  }

  broadcast(outgoing: Outgoing): void {
    if (this.#mayRead.broadcast !== true) return
    const event = outgoing.form === 'frame' ? outgoing.broadcast.event : String(outgoing.payload.event)
    this.#outbound.deliver('broadcast', event, () => {
      if (outgoing.form === 'frame') this.#socket.sendBroadcast(this.#fullTopic, outgoing.broadcast)
      else this.#push('broadcast', outgoing.payload)
    })
  }

  presenceChanged(diff: PresenceDiff): void {
    if (this.#mayRead.presence !== true) return
    this.#outbound.deliver('presence', 'presence_diff', () => this.#push('presence_diff', diff))
  }

  /** Looks again whether the token still holds, and closes where it does not. */
  confirmToken(): void {
    this.#inTurn(async () => {
      if (this.#token === undefined) return
      try {
        await this.#grounds.tokens.callerOf(this.#token)
        this.#watchToken()
      } catch (error) {
        this.shutDown((error as Error).message)
      }
    })
  }

  /** Says why, and closes. */
  shutDown(why: string): void {
    if (this.#hasEnded) return
    this.#tell('system', 'error', why)
    this.close()
  }

  close(): void {
    if (this.#hasEnded) return
    this.#socket.send({
      joinRef: this.#joinRef,
      ref: this.#joinRef,
      topic: this.#fullTopic,
      event: 'phx_close',
      payload: {},
    })
    this.end()
  }

  /** Without a word: the connection is gone. */
  end(): void {
    if (this.#hasEnded) return
    this.#hasEnded = true
    this.#outbound.end()
    clearTimeout(this.#tokenTimer)
    for (const timer of this.#timers) clearTimeout(timer)
    this.#subscription?.close()
    this.#grounds.rooms.leave(this.#room, this)
    this.#socket.forget(this)
  }

  #inTurn(work: () => Promise<void>): void {
    this.#turn = this.#turn.then(async () => {
      if (!this.#hasEnded) await work()
    })
    // What the database could not answer concerns this channel alone; the client joins again.
    this.#turn = this.#turn.catch(() =>
      this.shutDown('Realtime was unable to connect to the project database'),
    )
  }

  #later(milliseconds: number, work: () => void): void {
    const timer = setTimeout(() => {
      this.#timers.delete(timer)
      work()
    }, milliseconds)
    this.#timers.add(timer)
  }

  async #join(message: ClientMessage): Promise<void> {
    const request = readJoinRequest(message.payload)
    this.#request = request
    let replayed: readonly UserBroadcast[]
    try {
      await this.#authenticate(request.accessToken)
      this.#mayRead = await this.#readRights(request.presenceEnabled)
      replayed = await this.#replayed(request)
      await this.#grounds.broadcasts.need()
    } catch (error) {
      const reason =
        error instanceof TokenError
          ? `${error.code}: ${error.message}`
          : error instanceof Refusal
            ? error.message
            : 'UnableToConnectToProject: Realtime was unable to connect to the project database'
      // Nothing else is looked at meanwhile: what is not joined has no ears.
      await new Promise<void>((resolve) => this.#later(this.#grounds.switches.joinErrorDelay, resolve))
      if (!this.#hasEndedMeanwhile()) this.#reply(message, 'error', { reason })
      this.end()
      return
    }
    if (this.#hasEndedMeanwhile()) return
    this.#presenceKey = request.presenceKey === '' ? randomUUID() : request.presenceKey
    this.#watchToken()
    const premature = this.#grounds.switches.prematureMilliseconds
    if (premature === 0) this.#grounds.rooms.enter(this.#room, this)
    this.#reply(message, 'ok', { postgres_changes: request.echo })
    if (premature === 0) this.#open(replayed)
    else {
      this.#later(premature, () => {
        this.#grounds.rooms.enter(this.#room, this)
        this.#open(replayed)
      })
    }
  }

  #open(replayed: readonly UserBroadcast[]): void {
    for (const broadcast of replayed) this.broadcast({ form: 'frame', broadcast })
    if (this.#request?.presenceEnabled === true && this.#mayRead.presence === true) {
      const present = this.#grounds.rooms.present(this.#room)
      this.#outbound.deliver('presence', 'presence_state', () => this.#push('presence_state', present))
    }
    this.#subscribe()
  }

  async #authenticate(token: string | undefined): Promise<void> {
    if (token === undefined || token.startsWith('sb_')) return
    this.#caller = await this.#grounds.tokens.callerOf(token)
    this.#token = token
  }

  async #readRights(presence: boolean): Promise<Rights> {
    if (this.#topic === '') throw new Refusal('TopicNameRequired: You must provide a topic name')
    if (this.#request?.isPrivate !== true) return everything
    const refusal = new Refusal(
      `Unauthorized: You do not have permissions to read from this Channel topic: ${this.#topic}`,
    )
    const rights = await this.#ask('mayRead', presence)
    if (rights?.broadcast !== true && rights?.presence !== true) throw refusal
    return rights
  }

  /** `undefined` where the policies fail, as those of a role that may not become anybody do. */
  async #ask(right: 'mayRead' | 'mayWrite', presence: boolean): Promise<Rights | undefined> {
    const extensions = presence ? (['broadcast', 'presence'] as const) : (['broadcast'] as const)
    try {
      return await this.#grounds.authorization[right](this.#caller, this.#topic, extensions)
    } catch (error) {
      const code: unknown = (error as { code?: unknown }).code
      if (typeof code === 'string' && /^[0-9A-Z]{5}$/.test(code) && !/^(57|53|08)/.test(code))
        return undefined
      throw error
    }
  }

  async #replayed({ replay, isPrivate }: JoinRequest): Promise<readonly UserBroadcast[]> {
    if (replay === undefined) return []
    const { since, limit = 25 } = replay
    if (!isPrivate) {
      throw new Refusal('UnableToReplayMessages: Replay is not allowed for public channels')
    }
    if (!Number.isSafeInteger(since) || !Number.isSafeInteger(limit)) {
      throw new Refusal('UnableToReplayMessages: Replay params are not valid')
    }
    if (this.#mayRead.broadcast !== true) {
      throw new Refusal(
        `Unauthorized: You do not have permissions to read from this Channel topic: ${this.#topic}`,
      )
    }
    const messages = await this.#grounds.replay(this.#topic, since as number, limit as number)
    return messages.map(({ event, payload, id }) => ({
      event,
      encoding: 'json',
      body: Buffer.from(JSON.stringify(payload)),
      meta: { replayed: true, id },
    }))
  }

  #watchToken(): void {
    clearTimeout(this.#tokenTimer)
    const left = this.#caller.expiresAt - Date.now()
    if (left === Infinity) return
    const wait = Math.min(Math.max(left, 0), TOKEN_CHECK_MILLISECONDS)
    this.#tokenTimer = setTimeout(() => this.confirmToken(), wait)
  }

  async #renew(token: unknown): Promise<void> {
    if (typeof token !== 'string' || token === this.#token || token.startsWith('sb_')) return
    const before = this.#mayRead
    try {
      await this.#authenticate(token)
      this.#mayRead = await this.#readRights(
        this.#request?.presenceEnabled === true || before.presence === true,
      )
    } catch (error) {
      if (!(error instanceof TokenError || error instanceof Refusal)) throw error
      this.shutDown(error.message.replace(/^Unauthorized: /, ''))
      return
    }
    this.#mayWrite = noRights
    if (
      (['broadcast', 'presence'] as const).some((one) => before[one] === true && this.#mayRead[one] !== true)
    ) {
      this.shutDown(`You no longer have permission to read from this Channel topic: ${this.#topic}`)
      return
    }
    this.#watchToken()
    this.#subscribe()
  }

  /** In the background, as the real server: `SUBSCRIBED` is said before. */
  #subscribe(): void {
    const { bindings = [] } = this.#request ?? {}
    if (bindings.length === 0) return
    const number = ++this.#subscriptions
    const deliver = (ids: readonly number[], data: { readonly type: string }): void =>
      this.#outbound.deliver('postgres_changes', data.type, () =>
        this.#push('postgres_changes', { ids, data }),
      )
    this.#grounds.changes.subscribe(bindings, this.#caller, deliver).then(
      (subscription) => {
        // The newest token's is the one that counts, whichever is answered first.
        if (this.#hasEnded || number !== this.#subscriptions) {
          subscription.close()
          return
        }
        this.#subscription?.close()
        this.#subscription = subscription
        this.#tell('postgres_changes', 'ok', 'Subscribed to PostgreSQL')
      },
      (error: unknown) => {
        if (this.#hasEnded) return
        this.#tell('postgres_changes', 'error', (error as Error).message)
        if (!(error instanceof BindingError)) this.#later(RESUBSCRIBE_MILLISECONDS, () => this.#subscribe())
      },
    )
  }

  async #receiveBroadcast(message: ClientMessage): Promise<void> {
    if (this.#request?.isPrivate === true) {
      if (this.#mayWrite.broadcast === undefined) {
        this.#mayWrite = { ...this.#mayWrite, ...(await this.#ask('mayWrite', true)) }
      }
      // No answer, as the real server gives none.
      if (this.#mayWrite.broadcast !== true) return
    }
    this.#grounds.switches.count()
    const { broadcast, payload } = message
    const size = broadcast?.body.length ?? Buffer.byteLength(JSON.stringify(payload))
    const isTooLarge = size > this.#grounds.switches.payloadLimit
    if (!isTooLarge) {
      this.#grounds.rooms.broadcast(
        this.#room,
        broadcast === undefined ? { form: 'text', payload } : { form: 'frame', broadcast },
        this.#request?.sendToSelf === true ? undefined : this,
      )
    }
    if (this.#request?.acknowledge !== true) return
    if (isTooLarge) this.#reply(message, 'error', 'payload_size_exceeded')
    else this.#reply(message, 'ok')
  }

  async #receivePresence(message: ClientMessage): Promise<void> {
    const { event, payload = {} } = message.payload
    if (typeof event !== 'string') {
      this.#reply(message, 'ok')
      return
    }
    if (!this.#countPresenceCall()) {
      this.shutDown('Client presence rate limit exceeded')
      return
    }
    const action = event.toLowerCase()
    if (action === 'untrack') {
      this.#grounds.rooms.untrack(this.#room, this)
      this.#reply(message, 'ok')
    } else if (action === 'track') await this.#track(message, payload)
    else this.#reply(message, 'error')
  }

  async #track(message: ClientMessage, payload: unknown): Promise<void> {
    if (!(await this.#mayTrack())) {
      this.#reply(message, 'error')
    } else if (typeof payload !== 'object' || payload === null || Array.isArray(payload)) {
      this.#reply(message, 'error', { reason: 'Presence track payload must be a map' })
    } else if (Buffer.byteLength(JSON.stringify(payload)) > this.#grounds.switches.payloadLimit) {
      this.shutDown('Track message size exceeded')
    } else {
      this.#grounds.rooms.track(this.#room, this, this.#presenceKey, payload as Record<string, unknown>)
      this.#reply(message, 'ok')
    }
  }

  async #mayTrack(): Promise<boolean> {
    if (this.#request?.isPrivate !== true) return true
    if (this.#mayRead.presence === undefined) {
      const { presence } = (await this.#ask('mayRead', true)) ?? noRights
      this.#mayRead = { ...this.#mayRead, presence: presence === true }
    }
    if (this.#mayWrite.presence === undefined) {
      this.#mayWrite = { ...this.#mayWrite, ...(await this.#ask('mayWrite', true)) }
    }
    return this.#mayWrite.presence === true
  }

  #countPresenceCall(): boolean {
    const now = Date.now()
    if (now > this.#presenceCalls.until) {
      this.#presenceCalls = { count: 0, until: now + PRESENCE_WINDOW_MILLISECONDS }
    }
    this.#presenceCalls.count++
    return this.#presenceCalls.count <= PRESENCE_CALLS
  }

  // Read through a method, because the compiler does not know that time passes at an await.
  #hasEndedMeanwhile(): boolean {
    return this.#hasEnded
  }

  #push(event: string, payload: unknown): void {
    this.#socket.send({ joinRef: this.#joinRef, ref: null, topic: this.#fullTopic, event, payload })
  }

  #reply({ ref }: ClientMessage, status: 'ok' | 'error', response: unknown = {}): void {
    this.#socket.send({
      joinRef: this.#joinRef,
      ref,
      topic: this.#fullTopic,
      event: 'phx_reply',
      payload: { status, response },
    })
  }

  #tell(extension: 'system' | 'postgres_changes', status: 'ok' | 'error', message: string): void {
    this.#push('system', { extension, status, message, channel: this.#topic })
  }
}
