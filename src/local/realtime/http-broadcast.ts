import type { Grounds } from './grounds.ts'
import { roomOf } from './rooms.ts'
import { TokenError, type Caller } from './token.ts'

interface Sent {
  readonly topic: string
  readonly event: string
  readonly isPrivate: boolean
  readonly body: Uint8Array
  readonly encoding: 'json' | 'binary'
}

export const BROADCAST_PATH = '/realtime/v1/api/broadcast'

const CORS = { 'access-control-allow-origin': '*' }
const answer = (status: number, body?: object): Response =>
  body === undefined
    ? new Response(null, { status, headers: CORS })
    : Response.json(body, { status, headers: CORS })

const isObject = (value: unknown): value is Record<string, unknown> =>
  typeof value === 'object' && value !== null && !Array.isArray(value)

/** A batch of messages, as `channel.send` posts them before it has joined. `undefined`: it is none. */
function readBatch(body: unknown): Sent[] | undefined {
  const messages = isObject(body) ? body.messages : undefined
  if (!Array.isArray(messages)) return undefined
  const sent = messages.map((message: unknown): Sent | undefined => {
    if (!isObject(message)) return undefined
    const { topic, event, payload } = message
    if (typeof topic !== 'string' || typeof event !== 'string' || !isObject(payload)) return undefined
    return {
      topic,
      event,
      isPrivate: message.private === true,
      body: Buffer.from(JSON.stringify(payload)),
      encoding: 'json',
    }
  })
  return sent.every((one) => one !== undefined) ? sent : undefined
}

/** One message, as `channel.httpSend` posts it. */
async function readOne(request: Request, url: URL): Promise<Sent[] | undefined> {
  const [, topic, event] =
    /^\/([^/]+)\/events\/([^/]+)$/.exec(url.pathname.slice(BROADCAST_PATH.length)) ?? []
  if (topic === undefined || event === undefined) return undefined
  const isBinary = request.headers.get('content-type')?.startsWith('application/octet-stream') === true
  const body = new Uint8Array(await request.arrayBuffer())
  if (!isBinary && !isObject(parse(body))) return undefined
  return [
    {
      topic: decodeURIComponent(topic),
      event: decodeURIComponent(event),
      isPrivate: url.searchParams.get('private') === 'true',
      body,
      encoding: isBinary ? 'binary' : 'json',
    },
  ]
}

function parse(body: Uint8Array): unknown {
  try {
    return JSON.parse(Buffer.from(body).toString('utf8'))
  } catch {
    return undefined
  }
}

async function callerOf(request: Request, { tokens }: Grounds): Promise<Caller> {
  const bearer = /^Bearer\s+(.+)$/i.exec(request.headers.get('authorization') ?? '')?.[1]
  const key = await tokens.callerOfKey(request.headers.get('apikey') ?? bearer ?? '')
  return bearer === undefined ? key : tokens.callerOfKey(bearer)
}

/** Broadcasts without a connection. What the caller may not send is taken and goes nowhere, as on the real server. */
export async function answerBroadcast(request: Request, grounds: Grounds): Promise<Response> {
  if (request.method !== 'POST') return answer(405)
  const url = new URL(request.url)
  try {
    const caller = await callerOf(request, grounds)
    const sent =
      url.pathname === BROADCAST_PATH
        ? readBatch(parse(new Uint8Array(await request.arrayBuffer())))
        : await readOne(request, url)
    if (sent === undefined) {
      return answer(422, { errors: { messages: ['expected topic, event and payload of each'] } })
    }
    if (sent.some(({ body }) => body.length > grounds.switches.payloadLimit)) {
      return answer(422, { errors: { payload: ['Payload size exceeds tenant limit'] } })
    }
    if (grounds.switches.excess() !== undefined) {
      return answer(429, { message: 'You have exceeded your rate limit' })
    }
    for (const { topic, event, isPrivate, body, encoding } of sent) {
      if (isPrivate && !(await maySend(caller, topic, grounds))) continue
      grounds.switches.count()
      grounds.rooms.broadcast(roomOf(topic, isPrivate), {
        form: 'frame',
        broadcast: { event, encoding, body },
      })
    }
    return answer(202)
  } catch (error) {
    if (error instanceof TokenError) return answer(401, { message: error.message })
    if (error instanceof URIError) return answer(422, { errors: { messages: [error.message] } })
    throw error
  }
}

async function maySend(caller: Caller, topic: string, { authorization }: Grounds): Promise<boolean> {
  try {
    return (await authorization.mayWrite(caller, topic, ['broadcast'])).broadcast === true
  } catch {
    return false
  }
}
